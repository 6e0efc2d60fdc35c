"""Tests of joining families that the same entities use."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from stillwatch.campaigns import family_overlap


def test_of_an_entity_that_says_everything_only_its_rarest_families_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Overlaps of families cost at most the square of the bound an entity; the others' are what they were."""
    monkeypatch.setattr(family_overlap, "MOST_JOINED", 8)
    rng = np.random.default_rng(4)
    used = rng.random((60, 40)) < 0.1
    used[7] = True
    size = used.sum(axis=0).astype(np.float64)
    kept = family_overlap.rarest(csr_array(used.astype(np.int32)), size).toarray() > 0
    assert np.array_equal(np.delete(kept, 7, axis=0), np.delete(used, 7, axis=0))
    assert kept[7].sum() == 8
    assert size[kept[7]].max() <= np.sort(size)[7]
    left, right, both, n = family_overlap.overlaps(csr_array(kept.astype(np.int32)))
    exact = kept.astype(int).T @ kept.astype(int)
    assert n == np.count_nonzero(exact)
    wanted = np.argwhere(np.triu(exact >= 3, 1))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [tuple(pair) for pair in wanted.tolist()]
    assert both.tolist() == exact[left, right].tolist()
    assert len(left)
