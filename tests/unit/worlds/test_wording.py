"""What strangers say: unique, in their own language, and the same for the same dice."""

from random import Random

import numpy as np
import pytest

from stillwatch.worlds.texts import load_texts
from stillwatch.worlds.wording import Wording, dice, load_wording, split_sentences


@pytest.fixture(scope="module")
def words() -> Wording:
    """The wording of the tuning side."""
    return load_wording(load_texts("tune"))


def test_strangers_seldom_say_the_same(words: Wording) -> None:
    """Of two thousand prompts nine in ten are unique, so that chance links no strangers."""
    draw = Random(3)
    assert len({words.prompt(draw, "en") for _ in range(2000)}) > 1800


def test_some_prompts_are_word_for_word_the_same(words: Wording) -> None:
    """A few public prompts do come verbatim, as people paste them."""
    draw = Random(3)
    pool = set(words.texts.chat("en"))
    assert any(words.prompt(draw, "en") in pool for _ in range(500))


@pytest.mark.parametrize("language", ["zh", "ar", "ru", "ko"])
def test_prompts_keep_their_language(words: Wording, language: str) -> None:
    """A prompt in a language with its own script is mostly in that script."""
    draw = Random(5)
    text = "".join(words.prompt(draw, language) for _ in range(50))
    own = sum(ord(c) > 0x2FF for c in text if c.isalpha())
    assert own > 0.5 * sum(c.isalpha() for c in text)


def test_unknown_languages_fall_back_to_english(words: Wording) -> None:
    """A country whose language has no pool still talks."""
    assert words.language("id") == "en"
    assert words.prompt(Random(1), "xx")


def test_answers_are_heavy_tailed(words: Wording) -> None:
    """The longest answers are many times the median, as real answers are."""
    draw = Random(9)
    lengths = sorted(len(words.response(draw, "en")) for _ in range(1000))
    assert lengths[-10] > 5 * lengths[500]


def test_reference_answers_are_used(words: Wording) -> None:
    """Where an item has a reference answer, the response ends with it."""
    assert words.response(Random(2), "en", "#### 42").endswith("#### 42")


def test_dialogues_have_the_length_asked_for(words: Wording) -> None:
    """A dialogue of seven turns has seven, none empty."""
    turns = words.dialogue(Random(4), "de", 7)
    assert len(turns) == 7
    assert all(turns)


def test_the_same_dice_say_the_same(words: Wording) -> None:
    """Composition follows from the generator's state alone."""
    first, second = (dice(np.random.default_rng(8)) for _ in range(2))
    assert [words.prompt(first) for _ in range(20)] == [words.prompt(second) for _ in range(20)]


def test_variation_keeps_the_rest(words: Wording) -> None:
    """At rate nought only the numbers of a text change."""
    assert words.vary("Ann buys 12 apples", Random(1), 0.0).startswith("Ann buys ")
    assert words.vary("no figures here", Random(1), 0.0) == "no figures here"


@pytest.mark.parametrize("text", ["", "\n\n", "x" * 5000, "。。。"])
def test_splitting_never_gives_nothing(text: str) -> None:
    """Hostile texts split into at least one piece of bounded length."""
    found = split_sentences(text)
    assert found
    assert all(len(part) <= 400 for part in found)
