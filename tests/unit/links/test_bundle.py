"""Tests of bundling phrases by their entity sets."""

import itertools

import numpy as np
import pytest
from planted_traffic import adjusted_rand, bundle_phrases, phrases_of, signatures

from stillwatch.links import bundle
from stillwatch.links.bundle import LEAST_EQUAL, N_HASHES, NEIGHBOURS
from stillwatch.links.components import connected_components


def jaccard(a: set[int], b: set[int]) -> float:
    """Return the exact Jaccard similarity of two sets."""
    return len(a & b) / len(a | b)


def test_signatures_agree_as_often_as_jaccard_says() -> None:
    """The share of equal signature positions estimates the exact Jaccard similarity of entity sets without bias."""
    rng = np.random.default_rng(1)
    sets = {}
    for i in range(120):
        whole = rng.choice(5000, 40, replace=False)
        cut = int(rng.integers(5, 40))
        sets[2 * i], sets[2 * i + 1] = {*whole[:cut].tolist(), 9000 + i}, set(whole.tolist())
    signature = signatures(phrases_of(sets))
    estimated = np.array([np.mean(signature[2 * i] == signature[2 * i + 1]) for i in range(120)])
    exact = np.array([jaccard(sets[2 * i], sets[2 * i + 1]) for i in range(120)])
    assert abs(float(np.mean(estimated - exact))) < 3 * 0.5 / np.sqrt(120 * N_HASHES)
    assert np.sqrt(np.mean((estimated - exact) ** 2)) < 1.5 * np.sqrt(np.mean(exact * (1 - exact)) / N_HASHES)


def test_planted_templates_come_back_whole_and_apart() -> None:
    """Bundles equal the components of exact Jaccard where planted sets are clearly alike or clearly not."""
    rng = np.random.default_rng(2)
    sets, truth = {}, []
    for template in range(40):
        users = rng.choice(3000, int(rng.integers(5, 60)), replace=False).tolist()
        for _ in range(int(rng.integers(2, 12))):
            lost = set(rng.choice(users, len(users) // 20, replace=False).tolist())
            sets[len(truth)] = set(users) - lost
            truth.append(template)
    alike = [jaccard(sets[a], sets[b]) >= 0.8 for a, b in itertools.combinations(range(len(truth)), 2)]
    same = [truth[a] == truth[b] for a, b in itertools.combinations(range(len(truth)), 2)]
    assert alike == same  # the exact oracle agrees with what was planted
    assert adjusted_rand(bundle_phrases(phrases_of(sets)).tolist(), truth) > 0.99


def test_sets_that_are_half_alike_stay_apart() -> None:
    """A phrase of common speech that half of a template's users say as well does not chain it to another template."""
    rng = np.random.default_rng(4)
    joined = 0
    for _ in range(200):
        users = rng.choice(10_000, 60, replace=False).tolist()
        joined += len(set(bundle_phrases(phrases_of({1: users[:40], 2: users[20:]})).tolist())) == 1
    assert joined <= 4  # Jaccard of a third: 16 of 24 equal positions have a chance of 1 in 1,000


def test_equal_sets_always_join() -> None:
    """Phrases that exactly the same entities use are one bundle, however many bundles there are."""
    sets = {value: {value // 10 * 3 + offset for offset in range(5)} for value in range(500)}
    found = bundle_phrases(phrases_of(sets))
    assert found.tolist() == [value // 10 for value in range(500)]


def test_work_is_bounded_for_a_very_popular_phrase() -> None:
    """However many phrases one set of entities shares, each is compared with a few: never with all the others."""
    n = 3000
    popular = {value: range(50) for value in range(n)}
    signature = signatures(phrases_of(popular))
    for i in range(N_HASHES):
        left, right = bundle._joined_pairs(signature, signature.astype(np.uint8), i, np.arange(n, dtype=np.int32))
        assert len(left) == len(right) <= n * NEIGHBOURS
    assert set(bundle_phrases(phrases_of(popular)).tolist()) == {0}


def test_no_phrases_make_no_bundles() -> None:
    """An empty population is no error, nor is a single phrase."""
    assert len(bundle_phrases(phrases_of({}))) == 0
    assert bundle_phrases(phrases_of({5: [1, 2, 3]})).tolist() == [0]


def test_the_threshold_is_above_a_half() -> None:
    """At an agreement of a half, templates chain to common speech: the threshold must not sink to it."""
    assert LEAST_EQUAL / N_HASHES > 0.6


def test_bundles_are_the_components_of_all_pairs_that_are_compared() -> None:
    """What was joined before is not compared again, and the last bytes say no where the whole would say yes: never."""
    rng = np.random.default_rng(8)
    base = [rng.choice(4000, 30, replace=False) for _ in range(60)]
    sets = {i: [*rng.choice(base[i % 60], 26, replace=False), int(rng.integers(4000))] for i in range(600)}
    signature = signatures(phrases_of(sets))
    left, right = [], []
    for i in range(N_HASHES):
        order = np.lexsort((signature[:, (i + 1) % N_HASHES], signature[:, i]))
        for step in range(1, NEIGHBOURS + 1):
            a, b = order[:-step], order[step:]
            is_close = signature[a, i] == signature[b, i]
            is_joined = is_close & (np.count_nonzero(signature[a] == signature[b], axis=1) >= LEAST_EQUAL)
            left.append(a[is_joined])
            right.append(b[is_joined])
    wanted = connected_components(len(sets), np.concatenate(left), np.concatenate(right))
    found = bundle.bundled(signature)
    assert found.tolist() == wanted.tolist()
    assert 1 < len(set(found.tolist())) < 600


def test_long_keys_are_ordered_as_short_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where three numbers do not fit one key, the order is the same."""
    rng = np.random.default_rng(9)
    signature = rng.integers(0, 6, (200, N_HASHES), dtype=np.uint32)
    packed = [bundle._bucket_order(signature, i).tolist() for i in range(N_HASHES)]
    monkeypatch.setattr(bundle, "KEY_BITS", 0)
    assert [bundle._bucket_order(signature, i).tolist() for i in range(N_HASHES)] == packed
