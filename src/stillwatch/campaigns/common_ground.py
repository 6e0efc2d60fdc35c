"""Values of a column that a group has in common with everybody: a field that says "default", a proxy before a gateway.

Half of all accounts name one organisation, and half of a group does: that says nothing of the group, neither that its
members are one firm nor that they are not. Whether a group holds a value beyond chance is read against as many
accounts drawn at random from all.

Source: the hypergeometric tail (Fisher 1935); which values are common is what links take for too common to tie anybody.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from scipy.stats import hypergeom

from stillwatch.links.identity import ADDRESS_TIE, LEAST_BITS, Ties
from stillwatch.links.population import IntArray, Population

LEVEL: Final = 0.001  # of groups drawn at random seem to hold a common value as their own; a firm holds its own at once
OBSERVED: Final = {  # observations of the commonest value of a column
    "one_organisation": "organisation_id",
    "one_referrer": "referrer_id",
    "one_address_share": ADDRESS_TIE,
}


def is_common(n_holders: int, n_inside: int, n_members: int, n_accounts: int) -> bool:
    """Return whether a value is common ground that a group holds no more often than accounts drawn at random.

    Args:
        n_holders: accounts, or entities, that have the value.
        n_inside: members that have it.
        n_members: members of the group.
        n_accounts: accounts, or entities, in all.
    """
    if not n_inside or np.log2(n_accounts / n_holders) >= LEAST_BITS:
        return False
    return bool(hypergeom.sf(n_inside - 1, n_accounts, n_holders, n_members) > LEVEL)


def common_observations(
    population: Population, ties: Mapping[str, Ties], accounts: IntArray, members: IntArray, n_entities: int
) -> tuple[str, ...]:
    """Return the names of the observations that would read a common value as the group's own.

    Args:
        population: the traffic.
        ties: from ``links.identity``.
        accounts: (a,) accounts of the group.
        members: (g,) entities of the group, rising.
        n_entities: entities in all.

    Cost: O(accounts of the group and values that they hold).
    """
    found = []
    for name, column in OBSERVED.items():
        if column in ties:
            value = ties[column].held_by(members)[0]
            of_value, n_members, n_all = ties[column].n_entities(), len(members), n_entities
        elif column not in population.accounts.keys:
            continue  # no address in the whole log
        else:
            code = population.accounts.keys[column].code[accounts]
            value = code[code >= 0]
            of_value, n_members, n_all = population.n_of_account_value[column], len(accounts), len(population.accounts)
        if not len(value):
            continue
        inside = np.bincount(value)
        commonest = int(inside.argmax())
        if is_common(int(of_value[commonest]), int(inside[commonest]), n_members, n_all):
            found.append(name)
    return tuple(found)
