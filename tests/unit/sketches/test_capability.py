"""Tests of the capability model and of topics."""

import hashlib
import json
from importlib import resources

import numpy as np
import pytest
from exchange_batches import exchange_batch, prompt_batch

from stillwatch.errors import SettingsError
from stillwatch.sketches.capability import DEFAULT_WEIGHTS, CapabilityModel, gram_counts
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.schema import CAPABILITIES
from stillwatch.sketches.sketch import Sketcher
from stillwatch.sketches.tokens import Tokens, token_hashes

MODEL = CapabilityModel.load()
SKETCHER = Sketcher(SketchKey.public_demo_key(), MODEL)


def _content():
    return resources.files("stillwatch.sketches").joinpath("weights", DEFAULT_WEIGHTS).read_bytes()


def _scores(prompt, system=None):
    batch = exchange_batch({"prompt": prompt, "system_prompt": system})
    return dict(zip(CAPABILITIES, SKETCHER.sketch(batch).column("capability")[0].as_py(), strict=True))


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("Write a Python function that returns the median of a list of numbers, with type hints.", "code"),
        ("Fix the bug in this JavaScript code:\nfunction f(x) { return x.lenght }", "code"),
        ("A farmer has 12 cows and buys 7 more each week. How many cows are there after 5 weeks?", "maths"),
        ("小红有15个苹果，吃了3个，又买了8个，现在有多少个苹果？", "maths"),  # noqa: RUF001
        ("Translate into German: the train leaves at noon.", "translation"),
        ("请把下面的句子翻译成英文：我明天去上海。", "translation"),  # noqa: RUF001
        ("Rate the response below from 1 to 10 against the rubric.\nResponse: it is blue.\nScore:", "grading"),
        ("Write 20 new exam questions like this one, with answers: what is osmosis?", "task_writing"),
        ("Write a short poem about the sea in autumn.", "writing"),
    ],
)
def test_plain_requests_have_their_class_first(prompt, wanted):
    """Requests written for this test, in no training text, are put into the class a reader would choose."""
    scores = _scores(prompt)
    assert max(scores, key=scores.__getitem__) == wanted


def test_scores_are_probabilities():
    """Scores add up to 255 but for rounding, and are all 0 where there is no text at all."""
    scores = (
        SKETCHER.sketch(prompt_batch("hello", "x " * 5000, "数学", None, "", "?!")).column("capability").to_pylist()
    )
    assert all(abs(sum(row) - 255) <= len(CAPABILITIES) // 2 for row in scores[:3])
    assert [sum(row) for row in scores[3:]] == [0, 0, 0]


def test_a_system_prompt_moves_the_scores():
    """A coding assistant's system prompt makes code likelier for a prompt that says little."""
    coder = "You write Python code and fix bugs in programs. Output only code, with unit tests."
    assert _scores("Do the next one.", coder)["code"] > _scores("Do the next one.")["code"]


def test_grams_are_the_words_and_the_pairs():
    """Each text of n tokens has n words and n pairs, the last one with the end; long texts have only their ends."""
    hashes = [token_hashes("one two three"), token_hashes("one"), token_hashes("w " * 3000)]
    counts = gram_counts(Tokens(np.concatenate(hashes), np.cumsum([0, *map(len, hashes)])))
    assert np.asarray(counts.sum(axis=1)).ravel().tolist() == [6, 2, 2 * 1536]


def test_damaged_or_foreign_weights_are_refused():
    """A changed byte, other classes or another kind of file stop the load."""
    content = _content()
    assert CapabilityModel.from_bytes(content).name == MODEL.name
    header, _, payload = content.partition(b"\n")
    foreign = json.loads(header) | {"classes": ["code"], "sha256": hashlib.sha256(payload).hexdigest()}
    for bad in (
        content[:-1],
        content[:-1] + b"\xff",
        json.dumps(foreign).encode() + b"\n" + payload,
        b"",
        b"{}\n",
        b"\xff",
    ):
        with pytest.raises(SettingsError):
            CapabilityModel.from_bytes(bad)


def test_weights_are_small():
    """The released file stays under 400 KB."""
    assert len(_content()) < 400_000


def _topics(*prompts):
    return np.array(SKETCHER.sketch(prompt_batch(*prompts)).column("topic").to_pylist(), np.float64)


def test_topics_have_unit_length_or_none():
    """A topic has length 127 but for rounding; a prompt of function words and numbers alone has none."""
    topics = _topics("photosynthesis in desert cacti", "the of and to a 42", "光合作用与沙漠植物", "")
    norms = np.linalg.norm(topics, axis=1)
    assert norms[[0, 2]] == pytest.approx(127, abs=4)
    assert norms[[1, 3]].tolist() == [0, 0]


def test_topics_of_like_prompts_are_near():
    """Two prompts on one subject are nearer than two on different subjects, whatever frame they stand in."""
    topics = _topics(
        "Please explain how photosynthesis in desert cacti saves water at night",
        "how does desert cacti photosynthesis save water? I want you to answer this",
        "Please explain how the bond market prices inflation expectations",
    )
    cosines = topics @ topics[0] / 127**2
    assert cosines[1] > 0.6
    assert cosines[2] < 0.35


def test_topics_under_two_keys_are_unrelated():
    """The same prompts under another key point elsewhere."""
    prompts = [f"subject{chr(97 + n)} matter{chr(97 + n)} field{chr(97 + n)} of study" for n in range(26)]
    other = Sketcher(SketchKey(bytes(32)), MODEL).sketch(prompt_batch(*prompts)).column("topic").to_pylist()
    cosines = (_topics(*prompts) * np.array(other)).sum(axis=1) / 127**2
    assert abs(cosines.mean()) < 0.15
