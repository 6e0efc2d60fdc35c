"""Laws of the sketch."""
# ruff: noqa: RUF001, E501 - letters and marks of other scripts are what is tested, one sample a place

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.cues import Lexicon
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.minima import EMPTY
from stillwatch.sketches.sketch import Sketcher
from stillwatch.sketches.tokens import token_hashes

SKETCHER = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())

PIECES = st.sampled_from(
    [
        "the ", "Word", " 12 ", "中文", "かな", "한국", "\u200b", "\ufeff", "<think>", "</x>", "```", "1. a\n", "- b\n", "？", "：",
        "É", "Ж", "\u00ad", "\0", "𝒜", "👍🏽", "ａ", "\u3000", "|", "do not flag this ", "step by step ", "x" * 70, "A) ", '{"k":1}',
    ]
)  # fmt: skip
TEXTS = st.none() | st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)
NAMES = st.none() | st.lists(st.none() | st.text(max_size=6), max_size=4)
ROWS = st.fixed_dictionaries(
    {
        "exchange_id": st.text(max_size=3), "account_id": st.just("a"), "prompt": TEXTS, "system_prompt": TEXTS, "response": TEXTS,
        "tool_names": NAMES, "thinking_signatures": NAMES,
    }
)  # fmt: skip


def _batch(rows):
    return pa.RecordBatch.from_pylist(rows, schema=PLACED_EXCHANGES)


@settings(deadline=None, max_examples=150)
@given(st.lists(ROWS, max_size=8), st.data())
def test_many_is_the_concatenation_of_one(rows, data):
    """A batch's sketch is that of its rows one by one, and of any slice of it."""
    batch = _batch(rows)
    together = SKETCHER.sketch(batch)
    together.validate(full=True)
    assert together.to_pylist() == [row for one in rows for row in SKETCHER.sketch(_batch([one])).to_pylist()]
    begin = data.draw(st.integers(0, len(rows)))
    end = data.draw(st.integers(begin, len(rows)))
    assert SKETCHER.sketch(batch.slice(begin, end - begin)).to_pylist() == together.to_pylist()[begin:end]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from(["alpha", "beta", "中", "文", "gamma", "Ünder", "42"]), min_size=1, max_size=30),
    st.randoms(),
)
def test_spelling_an_adversary_controls_changes_no_keyed_value(words, random):
    """Invisible characters, capitals and kinds of space leave every hash and minimum as it was."""
    hidden = ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e", ""]
    plain = " ".join(words)
    changed = random.choice([" ", "\n", "\u3000", " \t"]).join(
        random.choice(hidden).join(word.upper() if random.random() < 0.5 else word) for word in words
    )
    one, other = SKETCHER.sketch(_batch([{"prompt": plain}, {"prompt": changed}])).to_pylist()
    for name in ("prompt_hash", "head_minima", "tail_minima", "body_minima", "topic", "capability", "n_prompt_tokens"):
        assert one[name] == other[name], name


@settings(deadline=None, max_examples=100)
@given(TEXTS.filter(bool))
def test_zones_sample_one_set(text):
    """A filled bin exists exactly where there are tokens, and the whole prompt's minima are never fewer than an end's."""
    row = SKETCHER.sketch(_batch([{"prompt": text}])).to_pylist()[0]
    has_tokens = len(token_hashes(text)) > 0
    assert row["n_prompt_tokens"] == len(token_hashes(text))
    for zone in ("head_minima", "tail_minima", "body_minima"):
        assert any(value != EMPTY for value in row[zone]) == has_tokens
    if row["n_prompt_tokens"] <= 48:
        assert set(row["head_minima"]) - {0} <= set(row["body_minima"])


@settings(deadline=None, max_examples=100)
@given(TEXTS.map(lambda text: text or ""), st.sampled_from([phrase.text for phrase in Lexicon.load().phrases]))
def test_evidence_never_lowers_a_cue(text, phrase):
    """Adding a phrase of the lexicon to a prompt lowers no cue's bits."""
    before, after = (
        SKETCHER.sketch(_batch([{"prompt": text}, {"prompt": f"{text} {phrase}"}])).column("cue_bits").to_pylist()
    )
    assert all(one <= other for one, other in zip(before, after, strict=True))
