"""Members that stood by: accounts on an accused group's own addresses and cards, without a request of its slice.

A pool has more accounts than it uses at a time. Those in reserve show no request of the work, so that neither content
nor a hand-over can tell them; but they live on the same infrastructure. Others did work, in words that no phrase of
the group's tells, and offered its set of tools, which is a value like an address then. Each value that members share
is weighed as a comparison: m is the share of the members that have it, u the share of all others that do, the account
in question among them. Prior odds are the group's size against all others. What one value says comes to the odds of
members against others among its holders, which for rare values is never enough by itself: it takes two, as for any
link. The strongest counts whole and each further one half of the one before, since two addresses may be one network.

It is done for groups that are accused already, and after all tests and hypotheses: who is added speaks for nothing.

Guarantee: none is added who shares fewer than two values with members, who sends mostly from elsewhere, or whose
infrastructure is not mostly the group's. Where those to be added are more than a third of the group, nobody is: then
the addresses are a relay's or an office's, which serves others as well. That values are independent for a stranger is
assumed up to the halving; the owner of a line that a pool hires shares one value, and is not added.

Source: Fellegi and Sunter 1969 with u from this population; ours: docs/decisions/0027-standing-by.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.membership import MOST_BITS
from stillwatch.links.entity import Entities
from stillwatch.links.identity import ADDRESS_TIE, LEAST_BITS, Ties
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import distinct

TOOLS: Final = "tools"
LEAST_VALUES: Final = 2  # no single value tells a member from the owner of a line
LEAST_HOLDERS: Final = 2  # members that share a value: what one alone has is not the group's
LEAST_AT_HOME: Final = 0.5  # of an account's requests come from addresses that members share; of members', nearly all
LEAST_P: Final = 0.95  # posterior odds of 19 to 1
MOST_ADDED: Final = 1 / 3  # of the group; where more would be, the infrastructure serves others as well
ROUNDS: Final = 5  # who is added makes the values more the group's; two rounds mostly find all
HALVING: Final = 0.5  # of each further value, for what two values have in common


def with_standby(
    group: Group, population: Population, entities: Entities, ties: Mapping[str, Ties], taken: BoolArray
) -> Group:
    """Return an accused group with the entities that stood by on its infrastructure; as it was where there are none.

    Args:
        group: as it was tested.
        population: the traffic.
        entities: its entities.
        ties: from ``links.identity``, and ``tool_ties`` beside them.
        taken: (n_entities,) who is a member of any accused group, and is not added to this one.
    """
    inside = np.zeros(entities.n, bool)
    inside[group.entities] = True
    is_open = ~taken & ~entities.is_declared
    p_member = np.zeros(entities.n)
    for _ in range(ROUNDS):
        p = _p_member(ties, inside, population, entities)
        found = (p >= LEAST_P) & is_open & ~inside
        if not np.any(found):
            break
        p_member[found] = p[found]
        inside |= found
    added = np.flatnonzero(p_member).astype(np.int64)
    if not len(added) or len(added) > MOST_ADDED * len(group.entities):
        return group
    members = np.concatenate([group.entities, added])
    p_entity = np.concatenate([group.p_entity, p_member[added]])
    order = np.argsort(members)
    return replace(group, entities=members[order], p_entity=p_entity[order], standby=added)


def tool_ties(population: Population, entities: Entities) -> Mapping[str, Ties]:
    """Return who offered which set of tools, as ties; none where no tools are known."""
    hashes = population.exchanges.hashes["tools_hash"]
    rows = np.flatnonzero(hashes)
    if not len(rows):
        return {}
    names, code = np.unique(hashes[rows], return_inverse=True)
    entity = entities.of_account[population.exchanges.account[rows]].astype(np.int64)
    pair = distinct(code.astype(np.int64) * entities.n + entity)
    value, holder = (part.astype(np.int32) for part in divmod(pair, entities.n))
    return {TOOLS: Ties(TOOLS, value, holder, tuple(str(name) for name in names.tolist()))}


def _p_member(ties: Mapping[str, Ties], inside: BoolArray, population: Population, entities: Entities) -> FloatArray:
    """Return, for each entity outside, how probably it lives on the infrastructure of those inside."""
    shared = {column: _shared_values(tie, inside) for column, tie in ties.items()}
    bits, n_values, is_tied = _bits(ties, shared, inside)
    is_candidate = (n_values >= LEAST_VALUES) & is_tied
    if ADDRESS_TIE in ties:
        is_candidate &= _at_home(population, entities, shared[ADDRESS_TIE]) >= LEAST_AT_HOME
    return np.where(is_candidate, 1.0 / (1.0 + np.exp2(-np.clip(bits, -MOST_BITS, MOST_BITS))), 0.0)


def _shared_values(tie: Ties, inside: BoolArray) -> BoolArray:
    """Return which values are rare and shared by members."""
    n_inside = np.bincount(tie.value[inside[tie.entity]], minlength=len(tie.names))
    rare = np.log2(len(inside) / np.maximum(tie.n_entities(), 1)) >= LEAST_BITS
    return np.asarray((n_inside >= LEAST_HOLDERS) & rare, np.bool_)


def _bits(
    ties: Mapping[str, Ties], shared: Mapping[str, BoolArray], inside: BoolArray
) -> tuple[FloatArray, IntArray, BoolArray]:
    """Return, for each entity outside, the bits of its membership, prior included, how many values speak for it.

    And whether one of these is more than a set of tools, which anybody may copy.
    """
    n, g = len(inside), int(np.count_nonzero(inside))
    entity: list[IntArray] = [np.zeros(0, np.int64)]
    weight: list[FloatArray] = [np.zeros(0)]
    is_tied = np.zeros(n, bool)
    for column, tie in ties.items():
        n_inside = np.bincount(tie.value[inside[tie.entity]], minlength=len(tie.names))
        n_outside = tie.n_entities() - n_inside
        chosen = shared[column][tie.value] & ~inside[tie.entity]  # so that at least one holder is outside
        value = tie.value[chosen]
        entity.append(tie.entity[chosen].astype(np.int64))
        weight.append(np.log2(n_inside[value] / g) - np.log2(n_outside[value] / max(n - g, 1)))
        if column != TOOLS:
            is_tied[entity[-1][weight[-1] > 0]] = True
    who, bits = np.concatenate(entity), np.concatenate(weight)
    order = np.lexsort((-bits, who))
    who, bits = who[order], bits[order]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    for_it = bits > 0
    total = np.bincount(who, weights=np.where(for_it, bits * HALVING**place, 0.0), minlength=n)
    prior = np.log2(g / max(n - g, 1))
    return np.asarray(total + prior, np.float64), np.bincount(who[for_it], minlength=n).astype(np.int64), is_tied


def _at_home(population: Population, entities: Entities, shared: BoolArray) -> FloatArray:
    """Return, for each entity, the share of its requests with a known address that come from the group; 1 for none."""
    code = population.exchanges.keys[ADDRESS_TIE].code
    entity = entities.of_account[population.exchanges.account]
    known = code >= 0
    n_known = np.bincount(entity[known], minlength=entities.n)
    n_shared = np.bincount(entity[known][shared[code[known]]], minlength=entities.n)
    return np.where(n_known > 0, n_shared / np.maximum(n_known, 1), 1.0)
