"""Tests of the marks of form."""
# ruff: noqa: RUF001 - typographic marks of other scripts are what is tested

import pytest
from exchange_batches import exchange_batch

from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.shape import Shape
from stillwatch.sketches.sketch import Sketcher

SKETCHER = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())

PROMPTS = [
    ("plain text", Shape(0)),
    ("```python\nx\n```", Shape.CODE_FENCE),
    ('reply as {"name": "x"}', Shape.JSON_OBJECT),
    ("a set {1} and 'b'", Shape(0)),
    ("<task>sort</task>", Shape.TAGS),
    ("vector<int> x", Shape(0)),
    ("1. one\n2. two", Shape.NUMBERED_LIST),
    ("intro\n 10) ten\n 11) eleven", Shape.NUMBERED_LIST),
    ("it was in 1990. then", Shape(0)),
    ("- one\n- two", Shape.BULLET_LIST),
    ("well-known - a dash - here", Shape(0)),
    ("\u2022 one\n\u2022 two", Shape.BULLET_LIST),
    ("see https://example.com/x now", Shape.URL),
    ("what is it?  \n", Shape.ENDS_WITH_QUESTION),
    ("这是什么？", Shape.ENDS_WITH_QUESTION),
    ("ما هذا؟", Shape.ENDS_WITH_QUESTION),
    ("why? because", Shape(0)),
    ("q\nA. one\nB. two\nC. three\nD. four", Shape.OPTIONS),
    ("q (a) one (b) two (c) three", Shape.OPTIONS),
    ("Plan B. is best", Shape(0)),
    ("| a | b |\n|---|---|\n| 1 | 2 |", Shape.TABLE),
    ("x || y", Shape(0)),
    ("Answer:", Shape.ENDS_WITH_COLON),
    ("答案：", Shape.ENDS_WITH_COLON),
    ("write it in <THINKING> first", Shape.THINKING_TAGS),
    ("x </think>", Shape.THINKING_TAGS | Shape.TAGS),
    ("use <scratchpad>", Shape.THINKING_TAGS),
    ("a < thinking", Shape(0)),
    ("<thi\u200bnking>", Shape.THINKING_TAGS),
    ("word " * 4001, Shape.VERY_LONG),
    ("word " * 4000, Shape(0)),
]


@pytest.mark.parametrize(("prompt", "wanted"), PROMPTS)
def test_bits_of_prompts(prompt, wanted):
    """A prompt has exactly the bits of the marks it has."""
    assert Shape(SKETCHER.sketch(exchange_batch({"prompt": prompt})).column("shape")[0].as_py()) == wanted


def test_marks_do_not_reach_into_the_next_row():
    """All prompts in one batch, end to end in memory, have the bits that they have alone."""
    batch = exchange_batch(*({"prompt": prompt} for prompt, _ in PROMPTS), {"prompt": "1. one\n"}, {"prompt": "2. two"})
    shapes = SKETCHER.sketch(batch).column("shape").to_pylist()
    assert shapes == [int(wanted) for _, wanted in PROMPTS] + [0, 0]


@pytest.mark.parametrize(
    ("response", "wanted"),
    [
        (None, Shape(0)),
        ("", Shape(0)),
        ("B", Shape.RESPONSE_IS_LABEL),
        ("word " * 12, Shape(0)),
        (' {"score": 4}\n', Shape.RESPONSE_IS_JSON | Shape.RESPONSE_IS_LABEL),
        ("[1, 2]", Shape.RESPONSE_IS_JSON | Shape.RESPONSE_IS_LABEL),
        ("{ open", Shape.RESPONSE_IS_LABEL),
        ("<think>" + "word " * 20, Shape.RESPONSE_THINKING_TAGS),
    ],
)
def test_bits_of_responses(response, wanted):
    """A response has exactly the bits of its own marks."""
    assert Shape(SKETCHER.sketch(exchange_batch({"response": response})).column("shape")[0].as_py()) == wanted


def test_tags_in_a_system_prompt_have_their_own_bit():
    """Thinking tags asked for in the system prompt are told apart from those in the prompt."""
    row = SKETCHER.sketch(exchange_batch({"system_prompt": "Use <reasoning> tags", "prompt": "x"}))
    assert Shape(row.column("shape")[0].as_py()) == Shape.SYSTEM_THINKING_TAGS
