"""Tests of shingle minima and whole-text hashes."""

import numpy as np
import pytest

from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.minima import MinimaKeys, TextHasher, prompt_minima, shingled, text_minima
from stillwatch.sketches.schema import N_BODY_MINIMA
from stillwatch.sketches.tokens import Tokens, token_hashes

KEY = SketchKey(bytes(range(32)))
KEYS = MinimaKeys(KEY)


def _tokens(*texts):
    hashes = [np.asarray(text, np.uint64) if not isinstance(text, str) else token_hashes(text) for text in texts]
    return Tokens(np.concatenate(hashes), np.cumsum([0, *map(len, hashes)]))


def _random_words(generator, n):
    return generator.integers(0, 2**64, n, np.uint64)


@pytest.mark.parametrize("overlap", [0.1, 0.3, 0.5, 0.8])
def test_recovers_planted_resemblance(overlap):
    """Equal filled bins over many pairs estimate the Jaccard resemblance that Python sets say was planted."""
    generator = np.random.default_rng(int(overlap * 100))
    ones, others, truth = [], [], []
    for _ in range(400):
        shared, left, right = (_random_words(generator, n) for n in (int(300 * overlap), 200, 200))
        one, other = np.concatenate([left, shared]), np.concatenate([right, shared])
        sets = [{tuple(text[at : at + 4]) for at in range(len(text) - 3)} for text in (one, other)]
        truth.append(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
        ones.append(one)
        others.append(other)
    one, other = (text_minima(_tokens(*texts), KEYS, N_BODY_MINIMA) for texts in (ones, others))
    assert np.mean(one == other) == pytest.approx(np.mean(truth), abs=0.025)  # four standard errors of 6,400 bins


def test_empty_bins_are_zero_and_filled_ones_are_not():
    """A text without tokens has nothing but zeros; a text of one to four tokens has one shingle in one bin."""
    minima = text_minima(_tokens("", "one", "one two", "one two three", "one two three four"), KEYS, N_BODY_MINIMA)
    assert (minima != 0).sum(axis=1).tolist() == [0, 1, 1, 1, 1]
    assert len(set(minima[minima != 0].tolist())) == 4


def test_a_phrase_is_the_same_value_in_every_zone():
    """A short text's minima agree in head, tail and body, and in a system prompt's 8 bins."""
    tokens = _tokens("you are a careful assistant that answers every question in the language of the question")
    minima = prompt_minima(tokens, KEYS)
    assert minima.head.tolist() == minima.tail.tolist() == text_minima(tokens, KEYS, 8).tolist()
    assert set(minima.head.ravel().tolist()) <= set(minima.body.ravel().tolist())


def test_head_and_tail_see_only_their_own_end():
    """Changing the middle of a long text leaves head and tail alone; changing an end changes that zone."""
    generator = np.random.default_rng(5)
    head, middle, other, tail = (_random_words(generator, n) for n in (48, 300, 300, 48))
    texts = [np.concatenate(parts) for parts in ((head, middle, tail), (head, other, tail), (other, middle, other))]
    minima = prompt_minima(_tokens(*texts), KEYS)
    assert minima.head[0].tolist() == minima.head[1].tolist() != minima.head[2].tolist()
    assert minima.tail[0].tolist() == minima.tail[1].tolist() != minima.tail[2].tolist()
    assert not np.intersect1d(minima.head[0][minima.head[0] > 0], minima.head[2]).size


def test_minima_are_those_of_a_plain_loop():
    """Each bin keeps the first shingle in the keyed order, as a loop over each text says."""
    tokens = _tokens(*(_random_words(np.random.default_rng(n), n) for n in (0, 3, 4, 17, 200)))
    shingles = shingled(tokens, KEYS)
    found = text_minima(tokens, KEYS, N_BODY_MINIMA)
    for row in range(tokens.n_rows):
        first: dict[int, tuple[int, int]] = {}
        for at in range(shingles.offsets[row], shingles.offsets[row + 1]):
            order = int(shingles.order[at])
            place = (order % 2**60, int(shingles.hashes[at]))
            first[order >> 60] = min(first.get(order >> 60, place), place)
        stored = {at: int(KEYS.stored(np.array([value], np.uint64))[0]) for at, (_, value) in first.items()}
        assert found[row].tolist() == [stored.get(at, 0) for at in range(N_BODY_MINIMA)]


def test_shingles_do_not_cross_texts():
    """The tokens of one text never make a shingle with those of the next."""
    together = text_minima(_tokens("one two three", "four five six"), KEYS, 8)
    alone = [text_minima(_tokens(text), KEYS, 8)[0].tolist() for text in ("one two three", "four five six")]
    assert together.tolist() == alone


def test_another_key_gives_unrelated_values():
    """No stored value and no text hash agrees under two keys."""
    tokens = _tokens(*(_random_words(np.random.default_rng(n), 100) for n in range(50)))
    other = SketchKey(bytes(31) + b"\x01")
    one, two = text_minima(tokens, KEYS, 16), text_minima(tokens, MinimaKeys(other), 16)
    assert not np.intersect1d(one[one > 0], two[two > 0]).size
    assert not np.intersect1d(TextHasher(KEY).hashed(tokens), TextHasher(other).hashed(tokens)).size


def test_text_hash_knows_order_length_and_nothing_else():
    """Whole-text hashes agree for one token sequence anywhere in a batch, and differ for any other sequence."""
    texts = ["a b c", "a c b", "a b", "a b c c", "", "a", "b", "A, B... C!", "a b c"]
    hashes = TextHasher(KEY).hashed(_tokens(*texts)).tolist()
    assert hashes[0] == hashes[7] == hashes[8]
    assert hashes[4] == 0
    assert len(set(hashes)) == 7


def test_text_hash_of_long_texts():
    """Texts beyond the first table of powers hash as they do alone."""
    generator = np.random.default_rng(9)
    long, short = _random_words(generator, 150_000), _random_words(generator, 5)
    together = TextHasher(KEY).hashed(_tokens(long, short, long))
    assert together[0] == together[2]
    assert together[1] == TextHasher(KEY).hashed(_tokens(short))[0]
