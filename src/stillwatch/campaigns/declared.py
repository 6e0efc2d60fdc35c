"""Members who answer for themselves: organisations that are declared, and customers whom the registry names.

What such a member does is told under its own name, and neither hides a group nor makes one.

Source: ours: docs/decisions/0034-registered-apart.md.
"""

from dataclasses import replace

import numpy as np

from stillwatch.campaigns.candidate import Links
from stillwatch.campaigns.group import Group, limited_to
from stillwatch.links.entity import Entities
from stillwatch.links.population import BoolArray, Population


def without_declared(group: Group, entities: Entities, population: Population, links: list[Links]) -> Group:
    """Return a group without the declared entities that nothing but their requests ties to it.

    A verified organisation that uses the same public template, or asks about the same things, answers for itself
    under its own name; it belongs to a pool only where identity or a hand-over ties it to another member.
    """
    if not np.any(entities.is_declared[group.entities]):
        return group
    tied = np.zeros(entities.n, bool)
    is_inside = np.zeros(entities.n, bool)
    is_inside[group.entities] = True
    for left, right in links:
        inside = is_inside[left] & is_inside[right]
        tied[left[inside]] = tied[right[inside]] = True
    kept = ~entities.is_declared[group.entities] | tied[group.entities]
    if np.all(kept):
        return group
    return limited_to(group, kept, entities, population, group.families)


def apart_from_registered(
    group: Group, is_registered: BoolArray, entities: Entities, population: Population
) -> list[Group]:
    """Return the registered members of a group and the others, each as a group of its own.

    What a licensed customer does is no evidence against those who share its addresses or its prompts: tests,
    observations and explanations of either part are made on its own members. A group with members of one kind alone
    stays whole.

    Args:
        group: the group.
        is_registered: (n_entities,) whether the registry names every account of an entity.
        entities: the entities.
        population: the traffic.
    """
    registered = is_registered[group.entities]
    if registered.all():
        return [group]
    group = replace(group, outsiders=group.outsiders[~is_registered[group.outsiders]])
    if not registered.any():
        return [group]
    return [limited_to(group, part, entities, population, group.families) for part in (registered, ~registered)]
