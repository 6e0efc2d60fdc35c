"""Tests of groups with one wrapper and several lists: parted by who used which items, and only then."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_traffic import Planted, planted
from scipy.sparse import csr_array

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.parting import parted, two_lists
from stillwatch.campaigns.slice import with_slice
from stillwatch.links.handover import hand_overs, successions

N_SIDE, N_ITEMS = 40, 15
WRAPPER = [1, 2, 3, 4]


def table(sides: list[tuple[int, int, int]], n_items: int, seed: int) -> csr_array:
    """Return who used which item family: for each side so many members, who draw items from its range."""
    rng = np.random.default_rng(seed)
    rows = [(low, high) for n, low, high in sides for _ in range(n)]
    held = np.zeros((len(rows), n_items))
    for k, (low, high) in enumerate(rows):
        held[k, rng.integers(low, high, int(rng.poisson(4)))] = 1
    return csr_array(held)


def test_two_lists_that_never_mix_are_told_apart() -> None:
    """Members of two lists of unlike size fall on their sides without an error, whatever each happened to draw."""
    for seed in range(2):
        held = table([(60, 0, 40), (25, 40, 60)], 60, seed)
        is_first = two_lists(held)
        assert is_first is not None
        knows = np.diff(held.indptr) > 0
        sides = {tuple(is_first[knows].tolist()), tuple((~is_first[knows]).tolist())}
        assert tuple((np.arange(85) < 60)[knows].tolist()) in sides


@pytest.mark.parametrize(("n", "n_items"), [(80, 10), (80, 60), (20, 60), (12, 6)])
def test_one_list_is_never_parted(n: int, n_items: int) -> None:
    """Whether items are many or few, members of one list stay together; thin tables fall apart by chance, and alike."""
    assert all(two_lists(table([(n, 0, n_items)], n_items, seed)) is None for seed in range(6))


def test_lists_that_mix_a_little_are_one() -> None:
    """Where a tenth of the uses are of the other list, they are not apart, however surely the table is no chance."""
    first, second = table([(60, 0, 40), (60, 40, 80)], 80, 1), table([(60, 40, 80), (60, 0, 40)], 80, 2)
    some = np.random.default_rng(3).random(second.shape) < 0.25
    assert two_lists(csr_array(np.maximum(first.toarray(), second.toarray() * some))) is None


def world(*, shares_queue: bool) -> Planted:
    """Return two pools with one wrapper and item families of their own, among strangers.

    Each pool hands thirty failed requests over within itself, or to the other where they share one queue. The last
    account of each pool sends nothing but bare wrappers, about its pool's subject.
    """
    rng = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    for side in range(2):
        topic = [120 if d == side else 0 for d in range(64)]
        for k in range(N_SIDE):
            for _ in range(8):
                item = 100 + 10 * int(rng.integers(side * N_ITEMS, (side + 1) * N_ITEMS))
                said = [] if k == N_SIDE - 1 else [item, item + 1]
                hours = float(rng.uniform(0, 300))
                rows.append(
                    {"account": f"{'pq'[side]}{k:02d}", "phrases": WRAPPER + said, "hours": hours, "topic": topic}
                )
        for k in range(30):
            to = 1 - side if shares_queue else side
            said = {"phrases": WRAPPER, "prompt_hash": 5000 + 100 * side + k, "topic": topic}
            hours = 3.0 * k + side
            rows.append({**said, "account": f"{'pq'[side]}{k:02d}", "hours": hours, "status": 429})
            rows.append({**said, "account": f"{'pq'[to]}{(k + 3) % 30:02d}", "hours": hours + 0.02, "status": 200})
    for k in range(300):
        rows += [{"account": f"o{k:03d}", "phrases": [10_000 + k], "hours": float(rng.uniform(0, 300))}] * 2
    return planted([{"status": 200, **row} for row in rows])


def parts_of(made: Planted, spill: Path) -> list[tuple[set[str], Group]]:
    """Return the parts of the group of both pools: names of members, and the part."""
    families = made.families(spill)
    sides = range(N_SIDE)
    members = np.array(sorted(made.entity(f"{pool}{k:02d}") for pool in "pq" for k in sides))
    nothing = np.zeros(0, np.int64)
    group = Group("content", np.arange(families.n), members, np.ones(len(members)), nothing, np.zeros(0))
    group = with_slice(group, made.population, made.entities, families)
    found = hand_overs(successions(made.population, made.entities))
    assert len(found.failed) == 60
    names = {made.entity(name): name for name in made.population.accounts.names}
    parts = parted(group, made.population, made.entities, families, found)
    assert sum(len(part.slice_rows) for part in parts) == len(group.slice_rows)
    return [({names[e] for e in part.entities.tolist()}, part) for part in parts]


def test_two_pools_with_one_wrapper_are_two_groups(tmp_path: Path) -> None:
    """Each part has its own pool's members, bare wrappers too, the wrapper, and the item families of its own list."""
    parts = sorted(parts_of(world(shares_queue=False), tmp_path), key=lambda one: min(one[0]))
    assert [names for names, _ in parts] == [{f"{pool}{k:02d}" for k in range(N_SIDE)} for pool in "pq"]
    first, second = (set(part.families.tolist()) for _, part in parts)
    assert len(first & second) == 1
    assert min(len(first), len(second)) >= N_ITEMS - 2  # an item that fewer than five met is no family


def test_pools_that_hand_over_to_one_another_are_one_group(tmp_path: Path) -> None:
    """Where failed items of either go to the other, one queue deals to both, and they stay one group."""
    assert len(parts_of(world(shares_queue=True), tmp_path)) == 1


def test_other_channels_are_not_parted(tmp_path: Path) -> None:
    """Who is linked by identity is one group, whatever its members send."""
    made = world(shares_queue=False)
    families = made.families(tmp_path)
    members = np.array(sorted(made.entity(f"{pool}{k:02d}") for pool in "pq" for k in range(N_SIDE)))
    nothing = np.zeros(0, np.int64)
    group = Group("identity", np.arange(families.n), members, np.ones(len(members)), nothing, np.zeros(0))
    found = hand_overs(successions(made.population, made.entities))
    assert parted(group, made.population, made.entities, families, found) == (group,)
