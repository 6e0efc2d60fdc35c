"""How groups are tested side by side: what is said of one does not depend on which others there are."""

from pathlib import Path

import numpy as np
from planted_lists import handed
from planted_traffic import Planted, at, planted

from stillwatch.campaigns.dealing import Dealing
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.seed import seed_of
from stillwatch.links.identity import ties_of
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.group_assessment import assess_groups
from stillwatch.pipeline.linked_traffic import LinkedTraffic
from stillwatch.pipeline.registry import read_registry
from stillwatch.pipeline.settings import Settings


def traffic() -> Planted:
    """Return sixty accounts, signed up over weeks, with a few exchanges each."""
    rng = np.random.default_rng(4)
    rows = [
        {"account": f"a{i:02d}", "hours": float(rng.uniform(0, 400)), "turn": 0} for i in range(60) for _ in range(6)
    ]
    facts = [{"account_id": f"a{i:02d}", "created_at": at(-float(rng.uniform(0, 900)))} for i in range(60)]
    return planted(rows, facts)


def group_of(made: Planted, members: range) -> Group:
    """Return the group of some entities, with all that they sent."""
    entities = np.array(members, np.int64)
    rows = np.flatnonzero(np.isin(made.entities.of_account[made.population.exchanges.account], entities))
    return Group("content", np.zeros(0, np.int64), entities, np.ones(len(entities)), rows, np.ones(len(rows)))


def assessed(made: Planted, groups: list[Group], spill: Path) -> list[Finding]:
    """Return the groups tested and assessed."""
    population, entities = made.population, made.entities
    dealing = Dealing(population, entities, *handed(made))
    registry = read_registry(population, None)
    traffic = LinkedTraffic(population, entities, made.families(spill), ties_of(population, entities), registry)
    return assess_groups(groups, dealing, traffic, Settings(), lambda *_: None)


def test_that_a_group_is_tested_alike_whichever_stand_beside_it(tmp_path: Path) -> None:
    """Alone, first or last, the same members get the same controls, and so the same p-values to the last digit."""
    made = traffic()
    mine, others = group_of(made, range(8)), [group_of(made, range(8 + 7 * i, 15 + 7 * i)) for i in range(3)]
    (alone,) = assessed(made, [mine], tmp_path)
    first, last = assessed(made, [mine, *others], tmp_path)[0], assessed(made, [*others, mine], tmp_path)[-1]
    assert alone.tests == first.tests == last.tests
    assert len(alone.tests) >= 3
    assert alone.observations == first.observations == last.observations


def test_that_other_members_get_other_draws() -> None:
    """One member more is another group; how an array holds its numbers makes no difference."""
    members = np.arange(5, 25)
    assert seed_of(members) == seed_of(members.astype(np.int32))
    assert len({seed_of(members[:n]) for n in range(1, 20)}) == 19
