"""Template packs: many wordings a family, and two sides that share no phrase."""

import re
from collections.abc import Sequence
from math import prod
from random import Random

import pytest

from stillwatch.errors import UsageError
from stillwatch.worlds.templates import ALTERNATIVES, SLOT, choose, fill, load_pack

SHORT = ("opening", "closing", "follow_up", "paste_task")  # everyday talk, not prompts
N_DRAWS = 150  # each family's alternatives are seen in every place many times over


def phrases(split: str) -> set[tuple[str, ...]]:
    """Return every phrase of four words that a pack was seen to produce; slots break phrases."""
    pack, draw = load_pack(split), Random(7)
    found = set()
    for kind in pack.kinds:
        for family in pack.families(kind):
            for _ in range(N_DRAWS):
                for part in SLOT.split(choose(family, draw))[::2]:
                    words = re.findall(r"\w+", part.lower())
                    found |= {tuple(words[i : i + 4]) for i in range(len(words) - 3)}
    return found


def n_wordings(template: str) -> int:
    """Return how many wordings a template has."""
    return prod(match[1].count("|") + 1 for match in ALTERNATIVES.finditer(template))


def slots_of(templates: Sequence[str]) -> frozenset[str]:
    """Return the slots that templates need."""
    return frozenset(name for template in templates for name in SLOT.findall(template))


def test_packs_share_no_phrase_of_four_words() -> None:
    """What was tuned on one pack's wording is never helped by it on the other."""
    assert not phrases("tune") & phrases("report")


def test_packs_have_the_same_kinds() -> None:
    """Every actor can be worded on either side."""
    assert load_pack("tune").kinds == load_pack("report").kinds


def test_packs_need_the_same_slots() -> None:
    """No slot that one side fills stays open on the other, but for those that every caller fills."""
    always = {"task", "answer", "other", "n"}
    for kind in load_pack("tune").kinds:
        tune, report = (slots_of(load_pack(side).families(kind)) for side in ("tune", "report"))
        assert tune ^ report <= always | {"rubric", "company", "language"}, kind


@pytest.mark.parametrize("side", ["tune", "report"])
def test_prompts_have_a_dozen_wordings_or_more(side: str) -> None:
    """Each prompt family is a paraphrase family, not one string."""
    pack = load_pack(side)
    for kind in pack.kinds:
        if kind not in SHORT:
            few = [f for f in pack.families(kind) if f != "{prefix}\n\n{task}" and n_wordings(f) < 12]
            assert not few, kind


def test_paraphrases_differ() -> None:
    """Asked for twelve paraphrases, a family gives twelve different ones, slots still open."""
    found = load_pack("tune").paraphrases("expert_persona", Random(1), 12)
    assert len(set(found)) == 12
    assert all("{task}" in wording for wording in found)


def test_fill_leaves_a_fillings_own_braces() -> None:
    """Code with braces goes into a slot unchanged, even where it names another slot."""
    assert fill("{task} / {answer}", task="f{answer}", answer="x{y}") == "f{answer} / x{y}"


def test_unknown_kinds_and_sides_are_refused() -> None:
    """A misspelt kind or side is named, not silently empty."""
    with pytest.raises(UsageError, match="reasoning_trace"):
        load_pack("tune").families("reasoning")
    with pytest.raises(UsageError, match="tune or report"):
        load_pack("test")
