"""Who of a member organisation takes part: membership is a matter of accounts, and folding one of evidence.

A verified organisation is one entity, so that its accounts' ties to each other prove nothing. Where it comes to belong
to a group, since some of its keys were stolen or some of its people run a pool on the side, its other accounts have
nothing to do with that. So each account of a folded entity is looked at as an account by itself would be: it takes part
where it sends the group's exchanges again and again, and as great a part of its own as ``LEAST_LIKENESS`` of what a
typical member of one account sends, or, where shared values joined the group, holds one that another
member entity has. The others are *bystanders*: no accounts of the group, and none of their exchanges in its slice. An
entity of bystanders alone is no member.

Guarantee: a group none of whose members has several accounts stays as it is; nobody is added anywhere.

Source: ours: docs/decisions/0040-houses.md.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stillwatch.campaigns.group import Group, limited_to
from stillwatch.campaigns.likeness import LEAST_LIKENESS
from stillwatch.campaigns.recurrence import is_recurrent
from stillwatch.links.entity import Entities
from stillwatch.links.identity import ADDRESS_TIE, Ties
from stillwatch.links.population import BoolArray, IntArray, Population
from stillwatch.links.rows import accounts_of_entities, rows_of_accounts

IDENTITY = "identity"


def without_bystanders(group: Group, population: Population, entities: Entities, ties: Mapping[str, Ties]) -> Group:
    """Return a group whose member organisations stand for those of their accounts that take part.

    Args:
        group: the group.
        population: the traffic.
        entities: its entities.
        ties: from ``links.identity``.

    Cost: O(exchanges of the members that have several accounts, and of the slice).
    """
    order, first = entities.accounts
    folded = group.entities[np.diff(first)[group.entities] > 1]
    if not len(folded):
        return group
    accounts = accounts_of_entities(entities, folded)
    of_row = population.exchanges.account
    n_of_slice = np.bincount(of_row[group.slice_rows], minlength=len(order))[accounts]
    n_sent = np.diff(population.exchanges.first)
    takes_part = is_recurrent(n_of_slice, n_sent[accounts])
    alone = accounts_of_entities(entities, np.setdiff1d(group.entities, folded))
    if len(alone):
        share = np.bincount(of_row[group.slice_rows], minlength=len(order)) / np.maximum(n_sent, 1)
        takes_part &= share[accounts] >= LEAST_LIKENESS * float(np.median(share[alone]))
    if group.channel == IDENTITY:
        is_by_content = takes_part if len(group.families) else np.zeros(len(accounts), bool)  # else its slice is all
        takes_part = is_by_content | _holds_a_shared_value(accounts, group.entities, population, ties)
    out = np.zeros(len(order), bool)
    out[accounts[~takes_part]] = True
    group = replace(
        group,
        bystanders=accounts[~takes_part],
        slice_rows=group.slice_rows[~out[of_row[group.slice_rows]]],
        p_exchange=group.p_exchange[~out[of_row[group.slice_rows]]],
        doubtful_rows=group.doubtful_rows[~out[of_row[group.doubtful_rows]]],
        p_doubtful=group.p_doubtful[~out[of_row[group.doubtful_rows]]],
    )
    left = np.setdiff1d(folded, entities.of_account[accounts[takes_part]])
    if not len(left):
        return group
    return limited_to(group, ~np.isin(group.entities, left), entities, population, group.families)


def accounts_of_group(entities: Entities, group: Group) -> IntArray:
    """Return the accounts of a group's members, bystanders left out, rising."""
    accounts = accounts_of_entities(entities, group.entities)
    return np.setdiff1d(accounts, group.bystanders, assume_unique=True) if len(group.bystanders) else accounts


def _holds_a_shared_value(
    accounts: IntArray, members: IntArray, population: Population, ties: Mapping[str, Ties]
) -> BoolArray:
    """Return which accounts hold a value that another member entity than their own holds as well."""
    found = np.zeros(len(accounts), bool)
    for column, tie in ties.items():
        value, _ = tie.held_by(members)
        is_shared = np.bincount(value, minlength=len(tie.names)) >= 2
        if column == ADDRESS_TIE:
            rows = rows_of_accounts(population, accounts)
            code = population.exchanges.keys[column].code[rows]
            holders = population.exchanges.account[rows][(code >= 0) & np.append(is_shared, False)[code]]
            found |= np.isin(accounts, holders)
        else:
            code = population.accounts.keys[column].code[accounts]
            found |= (code >= 0) & np.append(is_shared, False)[code]
    return found
