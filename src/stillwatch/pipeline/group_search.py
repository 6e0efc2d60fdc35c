"""The search for groups, step by step: what the steps have in common is made once.

Candidates become groups as their membership is weighed; what no template explains is sought in work lists; then those
whom nothing but words or an occasion joins are set apart. Nothing is tested here.

Source: ours: docs/decisions/0005-families-first.md, docs/decisions/0010-hand-overs.md.
"""

from collections.abc import Sequence

import numpy as np

from stillwatch.campaigns.bystander import without_bystanders
from stillwatch.campaigns.candidate import Candidate, propose
from stillwatch.campaigns.claim import settled
from stillwatch.campaigns.control import activity_strata
from stillwatch.campaigns.dealing import Dealing
from stillwatch.campaigns.declared import apart_from_registered, without_declared
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.growth import grown
from stillwatch.campaigns.membership import weigh_membership
from stillwatch.campaigns.nesting import groups_within, without_strangers
from stillwatch.campaigns.parting import parted
from stillwatch.campaigns.seed import seed_of
from stillwatch.campaigns.separation import separated
from stillwatch.campaigns.work_list import WorkLists, sent_before
from stillwatch.engines.side_by_side import SideBySide
from stillwatch.links.handover import hand_overs, linked_entities, successions
from stillwatch.links.identity import tie_graph
from stillwatch.links.replica import replicas
from stillwatch.pipeline.group_assessment import Progress
from stillwatch.pipeline.linked_traffic import LinkedTraffic
from stillwatch.pipeline.reported_once import distinct
from stillwatch.pipeline.settings import Settings


class GroupSearch:
    """The steps from linked traffic to groups that can be tested.

    Args:
        traffic: the traffic and what links its accounts.
        settings: the least size of a group.
        progress: told of each step.
        workers: look at groups side by side.
    """

    def __init__(self, traffic: LinkedTraffic, settings: Settings, progress: Progress, workers: SideBySide) -> None:
        progress("candidates", 0, 1)
        population, entities, registry = traffic.population, traffic.entities, traffic.registry
        self._traffic, self._settings = traffic, settings
        self._progress, self._workers = progress, workers
        self._succession = successions(population, entities)
        self._hand_overs = hand_overs(self._succession)
        self._handed = linked_entities(self._hand_overs, population, entities)
        self._tied = tie_graph(traffic.ties, entities.n)[:2]
        self._is_replica = replicas(population, entities)
        unnamed = np.bincount(entities.of_account, weights=~registry.named, minlength=entities.n)
        self._is_registered = ~unnamed.astype(bool)

    def candidates(self) -> tuple[Candidate, ...]:
        """Return what content, identity and hand-overs propose."""
        of = self._traffic
        return propose(of.population, of.entities, of.families, of.ties, self._handed)

    def by_candidate(self, candidates: Sequence[Candidate]) -> list[Group]:
        """Return the groups that candidates become, each large enough and none the same as another."""
        population, entities = self._traffic.population, self._traffic.entities
        families, ties = self._traffic.families, self._traffic.ties
        sender = entities.of_account[population.exchanges.account].astype(np.int64)
        is_known = self._is_replica | sent_before(population, sender)
        strata = activity_strata(entities.n_exchanges)

        def groups_of(i: int) -> tuple[Group, ...]:
            group = weigh_membership(candidates[i], population, entities, families, is_known)
            if group is None:
                return ()
            whole = grown(group, population, entities, families, ties, strata, self._is_replica)
            return parted(whole, population, entities, families, self._hand_overs)

        n = len(candidates)
        weighed = self._workers.each(groups_of, n, lambda i: self._progress("members", i, n))
        groups = self._answerable([one for parts in weighed for one in parts])
        return self.large_enough(settled(distinct(self.large_enough(groups)), population, entities))

    def by_work_list(self, groups: Sequence[Group]) -> list[Group]:
        """Return the groups of accounts that pass on items which no template of ``groups`` explains, of any size."""
        population, entities = self._traffic.population, self._traffic.entities
        is_explained = np.zeros(len(population.exchanges), bool)
        for group in groups:
            if group.channel == "content":
                is_explained[group.slice_rows] = True
        self._progress("work lists", 0, 1)
        lists = WorkLists(population, entities, self._succession, self._hand_overs, self._is_replica, is_explained)
        return self._answerable(lists.groups())

    def apart(self, groups: Sequence[Group]) -> list[Group]:
        """Return groups without those whom nothing but words joins to them, and these as groups at the end."""
        self._progress("members set apart", 0, 1)
        of = self._traffic
        within = groups_within(list(groups), of.entities.n)

        def apart_of(i: int) -> tuple[Group, ...]:
            inner = [groups[j] for j in within[i]]
            kept, *strangers = without_strangers(groups[i], inner, of.population, of.entities, of.ties, self._handed)
            seed = seed_of(kept.entities)
            return (*separated(kept, of.population, of.entities, of.ties, self._handed, seed), *strangers)

        found = self._workers.each(apart_of, len(groups))
        parts = [one[0] for one in found] + [part for one in found for part in one[1:]]
        return self.large_enough(self.without_bystanders(parts))

    def without_bystanders(self, groups: Sequence[Group]) -> list[Group]:
        """Return groups without the accounts that stand in their entities and took no part."""
        of = self._traffic
        return [without_bystanders(group, of.population, of.entities, of.ties) for group in groups]

    def large_enough(self, groups: Sequence[Group]) -> list[Group]:
        """Return the groups that have members enough to be reported, and any exchange to speak of."""
        least = self._settings.least_members
        return [group for group in groups if len(group.entities) >= least and len(group.slice_rows)]

    def dealing(self) -> Dealing:
        """Return what tests how items were passed on."""
        return Dealing(self._traffic.population, self._traffic.entities, self._succession, self._hand_overs)

    def _answerable(self, groups: Sequence[Group]) -> list[Group]:
        """Return groups without members who answer for themselves: see ``declared``."""
        population, entities = self._traffic.population, self._traffic.entities
        links = [self._tied, self._handed]
        own = [without_declared(group, entities, population, links) for group in groups]
        return [part for one in own for part in apart_from_registered(one, self._is_registered, entities, population)]
