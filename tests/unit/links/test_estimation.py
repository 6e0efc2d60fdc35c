"""Tests of m and u: planted rates are recovered, chance leaves what was stated, and nothing counts twice."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from stillwatch.links.blocking import MOST_PAIRS, blocked_pairs, holdings_of
from stillwatch.links.comparison import COMPARISONS, STATED, Weights
from stillwatch.links.estimation import estimated_weights
from stillwatch.links.identity import RING, Ties

HOUR_US = 3_600_000_000
N = 1_500
N_GROUPS, SIZE = 60, 6  # linked entities; the rest are strangers


def of_values(column: str, value: np.ndarray) -> Ties:
    """Return ties of one value an entity; -1 holds none."""
    known = np.flatnonzero(value >= 0)
    _, code = np.unique(value[known], return_inverse=True)
    order = np.lexsort((known, code))
    names = tuple(f"v{i}" for i in range(int(code.max(initial=-1)) + 1))
    return Ties(column, code[order].astype(np.int32), known[order].astype(np.int32), names)


def groups() -> np.ndarray:
    """Return the group of each entity, -1 for strangers."""
    return np.concatenate([np.repeat(np.arange(N_GROUPS), SIZE), np.full(N - N_GROUPS * SIZE, -1)])


def shared(rng: np.random.Generator, share: float, n_strangers: int) -> np.ndarray:
    """Return a value for each entity: its group's, with some probability, or that of a random few."""
    own = rng.integers(N // n_strangers, size=N) + 10_000
    return np.where((groups() >= 0) & (rng.random(N) < share), groups(), own)


def families(rng: np.random.Generator, share: float = 0.95) -> csr_array:
    """Return who uses which family: one of each group's, and chance ones of five entities."""
    mine = shared(rng, share, 5)
    _, code = np.unique(mine, return_inverse=True)
    return csr_array((np.full(N, 3), (np.arange(N), code)), shape=(N, int(code.max()) + 1))


def estimated(ties: list[Ties], use: csr_array, times: dict | None = None, hours: np.ndarray | None = None) -> Weights:
    """Return what is estimated on a population."""
    flat = np.zeros((N, 24)) if hours is None else hours
    return estimated_weights({tie.column: tie for tie in ties}, use, times or {}, flat)


def test_planted_m_and_u_are_recovered() -> None:
    """Linked pairs share an address in a third, a sign-up day in half of the cases; strangers as was counted."""
    rng = np.random.default_rng(1)
    ip = shared(rng, np.sqrt(0.35), 2)
    day = np.where((groups() >= 0) & (rng.random(N) < np.sqrt(0.5)), groups() * 50, rng.integers(0, 3_000, N))
    sign_up = day * 24 * HOUR_US + rng.integers(0, HOUR_US, N)
    found = estimated([of_values("ip", ip)], families(rng), {"sign_up": sign_up}).of
    assert found["ip"].m == pytest.approx(0.35, abs=0.06)
    assert found["sign_up"].m == pytest.approx(0.5, abs=0.08)
    assert found["same_family"].m == pytest.approx(0.9, abs=0.08)
    near = np.abs(sign_up[:, None] - sign_up[None, :]) <= 24 * HOUR_US
    assert found["sign_up"].u == pytest.approx((near.sum() - N) / (N * (N - 1)), rel=0.01)
    same = ip[:, None] == ip[None, :]
    assert found["ip"].u == pytest.approx((same.sum() - N) / (N * (N - 1)), rel=0.01)
    assert found["ip"].n_linked > 100
    assert found["ip"].source.startswith("estimated on")


def test_chance_leaves_what_was_stated() -> None:
    """Without linked pairs nothing runs away: every m stays close to the stated one."""
    rng = np.random.default_rng(2)
    ties = [of_values(name, rng.integers(N // 3, size=N)) for name in ("payment_fingerprint", "ip")]
    use = csr_array((np.full(N, 3), (np.arange(N), rng.integers(N // 5, size=N))), shape=(N, N // 5))
    found = estimated(ties, use, {"sign_up": rng.integers(0, 3_000 * 24, N) * HOUR_US}).of
    for name in ("payment_fingerprint", "ip", "sign_up"):
        assert found[name].m == pytest.approx(COMPARISONS[name].m, abs=0.2), name
        assert found[name].m >= found[name].u


def test_few_pairs_hardly_move_what_was_stated() -> None:
    """Two linked accounts are no population: the stated rates count as twenty pairs."""
    ties = [of_values("payment_fingerprint", np.array([0, 0, 1, 2])), of_values("ip", np.array([0, 0, 1, 2]))]
    found = estimated_weights({tie.column: tie for tie in ties}, csr_array((4, 1)), {}, np.zeros((4, 24))).of
    assert found["payment_fingerprint"].m == pytest.approx(0.3, abs=0.05)
    assert found["payment_fingerprint"].source in {STATED, "estimated on 1 linked pairs"}


def test_an_empty_population_has_weights() -> None:
    """Nobody, or one entity, is weighed by what was stated, without an error."""
    for n in (1, 2):
        found = estimated_weights({}, csr_array((n, 1)), {}, np.zeros((n, 24)))
        assert 0 < found.of["hours"].u < 1


def test_a_copy_of_a_column_among_strangers_adds_nothing() -> None:
    """Where a household shares card and device alike, the second says nothing that the first has not said."""
    rng = np.random.default_rng(3)
    use = csr_array((np.full(N, 3), (np.arange(N), rng.integers(N // 5, size=N))), shape=(N, N // 5))
    household = rng.integers(N // 3, size=N)
    copied = estimated([of_values("payment_fingerprint", household), of_values("device_fingerprint", household)], use)
    apart = [of_values(name, rng.integers(N // 3, size=N)) for name in ("payment_fingerprint", "device_fingerprint")]
    independent = estimated(apart, use)
    assert copied.of["device_fingerprint"].u_further > 0.9
    lift = np.log2(copied.of["device_fingerprint"].m_further / copied.of["device_fingerprint"].u_further)
    assert lift == pytest.approx(0.0, abs=0.1)
    assert independent.of["device_fingerprint"].u_further < 0.05


def test_no_kind_is_judged_by_the_pairs_that_it_brought() -> None:
    """Strangers who share an address and nothing else leave its m as other pairs say, though those pairs all agree."""
    rng = np.random.default_rng(4)
    found = estimated([of_values("ip", shared(rng, 0.0, 2))], families(rng)).of
    assert found["ip"].m < 0.42  # as stated at most


def test_what_values_are_called_changes_nothing() -> None:
    """Codes of values and families are names: another numbering gives the same pairs and the same weights.

    Every entity has two addresses, each with another one, so that which of them is the rarer is a draw.
    """
    rng = np.random.default_rng(5)
    use, entity = families(rng), np.tile(np.arange(N), 2).astype(np.int32)
    value = np.concatenate([rng.permutation(N) // 2, N // 2 + rng.permutation(N) // 2])
    other = rng.permutation(use.shape[1])
    renamed = csr_array((use.data, other[use.indices], use.indptr), shape=use.shape)
    ties = []
    for code in (value, rng.permutation(N)[value]):
        order = np.lexsort((entity, code))
        ties.append(Ties("ip", code[order].astype(np.int32), entity[order], tuple(f"v{i}" for i in range(N))))
    pairs = [blocked_pairs(holdings_of({"ip": tie}, of), N) for tie, of in zip(ties, (use, renamed), strict=True)]
    for kind in ("identity", "content"):
        assert np.array_equal(pairs[0][kind], pairs[1][kind])
    assert estimated([ties[0]], use) == estimated([ties[1]], renamed)


def test_blocking_grows_with_entities_and_keeps_each_pair_once() -> None:
    """Pairs of a kind are distinct, share a value, and are at most ``RING`` an entity and comparison."""
    rng = np.random.default_rng(6)
    tie = of_values("ip", rng.integers(40, size=N))
    found = blocked_pairs(holdings_of({"ip": tie}, csr_array((N, 1))), N)
    left, right = found["identity"]
    assert len(left) <= min(RING * N, MOST_PAIRS)
    assert len(np.unique(left * N + right)) == len(left)
    assert np.all(left < right)
    value_of = np.full(N, -1)
    value_of[tie.entity] = tie.value
    assert np.all(value_of[left] == value_of[right])


def test_what_one_in_sixteen_holds_brings_nobody_together() -> None:
    """A carrier's address is no reason to compare."""
    tie = of_values("ip", np.arange(N) % 10)
    assert blocked_pairs(holdings_of({"ip": tie}, csr_array((N, 1))), N) == {}
