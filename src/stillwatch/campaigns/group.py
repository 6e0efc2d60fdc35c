"""A group: what stands for a campaign from its proposal to its test, and the parts of it."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from stillwatch.links.entity import Entities
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population

LEAST_MEMBER: Final = 0.5  # of a probability, for an entity to be a member or an exchange to be of the slice


def _nobody() -> IntArray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as tested: a candidate after its membership was weighed.

    Args:
        channel: what proposed it.
        families: its families.
        entities: (g,) entities with membership of at least one half, rising.
        p_entity: (g,) their membership.
        slice_rows: (s,) exchanges of the slice, of member entities, rising.
        p_exchange: (s,) probability that each belongs to the slice.
        seen_elsewhere: for a group that hand-overs proposed, how many hand-overs of items like its own, and how many
            mirror images, there are among entities that had no part in proposing it.
        outsiders: (o,) entities that clearly used its families and were not proposed, whether or not they are members.
        added: (a,) those of them that ties made members; what proposed the group says nothing of them.
        doubtful_rows: (d,) other exchanges of members, rising, that may belong to the slice and rather do not.
        p_doubtful: (d,) the probability that each does, below one half.
        standby: (b,) members of an accused group that did nothing for it in the log, and live on its infrastructure.
        tools: keyed hash of the one set of tools with which its exchanges come; 0 where they come with any or none.
        whole: the group before members were set apart from it, see ``separation``: what is tested; null for itself.
        apart: (n,) entities that were set apart.
        told_by: by what these were told from the members.
        bystanders: (b,) accounts of member organisations, rising, that take no part; see ``bystander``.
    """

    channel: str
    families: IntArray
    entities: IntArray
    p_entity: FloatArray
    slice_rows: IntArray
    p_exchange: FloatArray
    seen_elsewhere: tuple[int, int] = (0, 0)
    outsiders: IntArray = field(default_factory=_nobody)
    added: IntArray = field(default_factory=_nobody)
    standby: IntArray = field(default_factory=_nobody)
    tools: int = 0
    doubtful_rows: IntArray = field(default_factory=_nobody)
    p_doubtful: FloatArray = field(default_factory=lambda: np.zeros(0))
    whole: "Group | None" = None
    apart: IntArray = field(default_factory=_nobody)
    told_by: tuple[str, ...] = ()
    bystanders: IntArray = field(default_factory=_nobody)

    @property
    def proposed(self) -> IntArray:
        """Return the members whom ties did not add, rising."""
        return np.setdiff1d(self.entities, self.added, assume_unique=True)


def limited_to(group: Group, kept: BoolArray, entities: Entities, population: Population, families: IntArray) -> Group:
    """Return a group of those of its entities that are ``kept``, (g,), with their exchanges and some ``families``."""
    is_member = np.zeros(entities.n, bool)
    is_member[group.entities[kept]] = True
    of_account = population.exchanges.account
    rows = is_member[entities.of_account[of_account[group.slice_rows]]]
    doubtful = is_member[entities.of_account[of_account[group.doubtful_rows]]]
    return replace(
        group,
        families=families,
        entities=group.entities[kept],
        added=group.added[is_member[group.added]],
        p_entity=group.p_entity[kept],
        doubtful_rows=group.doubtful_rows[doubtful],
        p_doubtful=group.p_doubtful[doubtful],
        slice_rows=group.slice_rows[rows],
        p_exchange=group.p_exchange[rows],
    )
