"""The tests of rhythm that need no matched controls: turns, shared silences, failover after bans, succession.

Source: ours: docs/decisions/0017-turns-conversations-and-silent-pools.md 0020-silence-and-failover.md
and 0042-succession.md.
"""

import numpy as np

from stillwatch.campaigns.coordination import TestResult
from stillwatch.campaigns.failover import failover
from stillwatch.campaigns.silence import hourly, shared_silence, speech_of_others
from stillwatch.campaigns.succession import succession
from stillwatch.campaigns.turn_taking import turn_taking
from stillwatch.links.entity import Entities
from stillwatch.links.population import MISSING_TIME, IntArray, Population


class Rhythm:
    """Tests groups of one population on what their members chose to begin with."""

    def __init__(self, population: Population, entities: Entities) -> None:
        self._exchanges = population.exchanges
        self._of_row = entities.of_account[population.exchanges.account]
        self._has_house = entities.has_house
        model = self._exchanges.keys["model"]
        at_us = self._exchanges.requested_us
        self._hourly = hourly(at_us, model.code, len(model.values))
        self._span_us = (int(at_us.min()), int(at_us.max())) if len(at_us) else (0, 0)
        never = np.iinfo(np.int64).max
        earliest = np.full(entities.n, never)
        banned_us = population.accounts.banned_us
        known = banned_us != MISSING_TIME
        np.minimum.at(earliest, entities.of_account[known], banned_us[known])
        self._banned_us = np.where(earliest == never, MISSING_TIME, earliest)

    def assess(self, members: IntArray, rows: IntArray, seed: int) -> tuple[TestResult, ...]:
        """Return the outcomes of the tests that one group allows.

        Args:
            members: the group's entities, rising.
            rows: the exchanges of its slice.
            seed: of permutations and draws.
        """
        exchanges = self._exchanges
        rows = rows[~self._has_house[self._of_row[rows]]]  # who takes turns within one house is its own balancer's
        opens = rows[~(exchanges.numbers["turn"][rows] > 0)]
        if not len(opens):
            return ()
        of_row, at_us = self._of_row, exchanges.requested_us
        entity, began_us = of_row[opens].astype(np.int64), at_us[opens]
        others = speech_of_others(self._hourly, began_us, exchanges.keys["model"].code[opens])
        found = (
            turn_taking(entity, began_us, seed),
            shared_silence(entity, began_us, others, self._hourly.start, seed),
            failover(of_row[rows].astype(np.int64), at_us[rows], members, self._banned_us, self._span_us, seed),
            succession(of_row[rows].astype(np.int64), at_us[rows], self._span_us, seed),
        )
        return tuple(result for result in found if result is not None)
