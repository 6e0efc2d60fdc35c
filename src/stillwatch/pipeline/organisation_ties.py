"""Which organisations the members of a group name, or are tied to by rare values that accounts of theirs hold.

It looks at who says what of itself and who shares cards, devices, phones, referrers or addresses with whom; never at a
country. It serves attribution alone, and changes no finding.
"""

from typing import Final

import numpy as np

from stillwatch.links.population import CodeArray, IntArray
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.drawing import listed_accounts, listed_rows
from stillwatch.pipeline.finding import Finding

RARE: Final = 1000  # entities of the traffic to one holder: what a value must tell apart to tie a pool to somebody
MOST_HOLDERS: Final = 8  # in small traffic, where the rule above leaves hardly anything: a card, and not a carrier


class OrganisationTies:
    """Ties between accounts and organisations in one analysis.

    Args:
        analysis: the traffic, its entities and their ties.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        codes = analysis.population.accounts.keys["organisation_id"]
        self._names, self._code = codes.values, codes.code
        of_account = analysis.entities.of_account
        self._accounts = np.argsort(of_account, kind="stable")
        self._first = np.searchsorted(of_account[self._accounts], np.arange(analysis.entities.n + 1))
        self._n_accounts = np.bincount(codes.code[codes.code >= 0], minlength=len(codes.values))

    def rows(self, campaign_id: str, finding: Finding) -> list[tuple[str, str, int, int, int, int, int]]:
        """Return the rows of ``organisations.parquet`` for one finding, by organisation."""
        if not len(self._names):
            return []
        accounts = listed_accounts(self._analysis, finding)
        known, exchanges = self._analysis.population.accounts, self._analysis.population.exchanges
        sent = np.bincount(exchanges.account[listed_rows(self._analysis, finding)], minlength=len(known))
        tied = self._tied(accounts)
        found = []
        for code in sorted({*np.unique(self._code[accounts]).tolist(), *tied} - {-1}):
            naming = accounts[self._code[accounts] == code]
            tie = np.array(sorted(tied.get(code, set())), np.int64)
            n_verified = int(np.count_nonzero(known.is_verified[naming]))
            n_exchanges = int(sent[np.union1d(naming, tie)].sum())
            counts = (len(naming), n_verified, len(tie), n_exchanges, int(self._n_accounts[code]))
            found.append((campaign_id, self._names[code], *counts))
        return found

    def _tied(self, accounts: IntArray) -> dict[int, set[int]]:
        """Return, by organisation, the members without one that share a rare value with its accounts outside."""
        entities = self._analysis.entities
        is_member = np.zeros(entities.n, bool)
        is_member[entities.of_account[accounts]] = True
        unnamed = set(accounts[self._code[accounts] < 0].tolist())
        most = max(entities.n / RARE, MOST_HOLDERS)
        found: dict[int, set[int]] = {}
        for tie in self._analysis.ties.values():
            held, inside = np.unique(tie.held_by(np.flatnonzero(is_member))[0], return_counts=True)
            n_holders = tie.n_entities()[held]
            for value in held[(inside < n_holders) & (n_holders <= most)].tolist():
                start, end = np.searchsorted(tie.value, np.array([value, value + 1], tie.value.dtype))
                holders = tie.entity[start:end]
                members = unnamed.intersection(self._accounts_of(holders[is_member[holders]]))
                outside = self._accounts_of(holders[~is_member[holders]])
                for code in set(self._code[outside].tolist()) - {-1} if members else ():
                    found.setdefault(code, set()).update(members)
        return found

    def _accounts_of(self, entities: CodeArray) -> list[int]:
        """Return the accounts of a few entities."""
        return [a for e in entities.tolist() for a in self._accounts[self._first[e] : self._first[e + 1]].tolist()]
