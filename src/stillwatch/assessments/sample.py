"""What an observation is made on: some accounts and some of their exchanges, of a group or of its matched controls."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from stillwatch.assessments.cohesion import topic_sums
from stillwatch.assessments.parts import Parts
from stillwatch.links.entity import Entities
from stillwatch.links.population import BoolArray, CodeArray, FloatArray, IntArray, Population
from stillwatch.links.rows import rows_of_accounts

NOTHING: Final[IntArray] = np.zeros(0, np.int64)
DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True)
class Sample:
    """Accounts and exchanges under observation.

    Args:
        population: the whole traffic.
        entities: its entities.
        accounts: (a,) account indices, rising.
        rows: (s,) exchanges in question, rising: the slice of a group, all exchanges of a control.
        all_rows: (t,) every exchange of the accounts.
        registered: (n_accounts,) accounts named in the registry of authorisations.
        family_of_match: (k,) for a group, the family of each match of its own families; empty for a control.
        account_of_match: (k,) the account whose exchange it was.
    """

    population: Population
    entities: Entities
    accounts: IntArray
    rows: IntArray
    all_rows: IntArray
    registered: BoolArray
    family_of_match: IntArray
    account_of_match: IntArray

    @cached_property
    def account_of_row(self) -> CodeArray:
        """Return the account of each exchange in question."""
        return self.population.exchanges.account[self.rows]

    @cached_property
    def requested_us(self) -> IntArray:
        """Return the time of each exchange in question."""
        return self.population.exchanges.requested_us[self.rows]

    @cached_property
    def openings(self) -> IntArray:
        """Return the exchanges in question that open a conversation: what their author chose to ask."""
        turn = self.population.exchanges.numbers["turn"][self.rows]
        return self.rows[~(turn > 0)]

    @cached_property
    def topics(self) -> Parts | None:
        """Return the sums of the topics of the openings, by account; null without prompts, see ``topic_sums``."""
        if not self.has("prompt"):
            return None
        exchanges = self.population.exchanges
        return topic_sums(exchanges.topic[self.openings], exchanges.account[self.openings])

    @cached_property
    def rest(self) -> "Sample":
        """Return the same accounts with the exchanges that are not in question: what else they sent."""
        rest = np.setdiff1d(self.all_rows, self.rows, assume_unique=True)
        return Sample(
            self.population, self.entities, self.accounts, rest, self.all_rows, self.registered, NOTHING, NOTHING
        )

    def number(self, name: str) -> FloatArray:
        """Return a numeric column over the exchanges in question."""
        return self.population.exchanges.numbers[name][self.rows].astype(np.float64)

    def has(self, *columns: str) -> bool:
        """Return whether the traffic holds every one of ``columns``."""
        return set(columns) <= self.population.columns


def plain_sample(population: Population, entities: Entities, accounts: IntArray, registered: BoolArray) -> Sample:
    """Return a sample of all that some accounts sent, without families of its own: a control."""
    rows = rows_of_accounts(population, accounts)
    return Sample(population, entities, accounts, rows, rows, registered, NOTHING, NOTHING)
