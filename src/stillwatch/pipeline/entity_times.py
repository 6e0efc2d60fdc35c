"""When each entity did what: signed up, began, stopped, was banned, and first used a model that was new."""

from typing import Final

import numpy as np

from stillwatch.campaigns.censoring import lives_of
from stillwatch.links.entity import Entities
from stillwatch.links.population import MISSING_TIME, IntArray, Population

LEAST_NEW_US: Final = 172_800_000_000  # two days into a log: what is seen later for the first time is new


def entity_times(population: Population, entities: Entities) -> dict[str, IntArray]:
    """Return, for each entity, its earliest sign-up and ban and its first and last request, those that are known."""
    accounts, exchanges = population.accounts, population.exchanges
    never = np.iinfo(np.int64).max
    found: dict[str, IntArray] = {}
    for name, at_us in (("sign_up", accounts.created_us), ("ban", accounts.banned_us)):
        if np.any(at_us != MISSING_TIME):
            earliest = np.full(entities.n, never)
            known = at_us != MISSING_TIME
            np.minimum.at(earliest, entities.of_account[known], at_us[known])
            found[name] = np.where(earliest == never, MISSING_TIME, earliest)
    first = np.full(entities.n, never)
    last = np.full(entities.n, MISSING_TIME)
    np.minimum.at(first, entities.of_account, exchanges.requested_us[exchanges.first[:-1]])
    np.maximum.at(last, entities.of_account, exchanges.requested_us[exchanges.first[1:] - 1])
    return {**found, "first_request": first, "last_request": last}


def seen_times(population: Population, entities: Entities) -> dict[str, IntArray]:
    """Return the times of ``entity_times`` that tell of an entity's own doing, and no others.

    A first request counts where the entity was seen to begin, a last one where it was seen to stop. What accounts of
    one house have in common, its administrator's day of making them among it, tells of the house.
    """
    lives = lives_of(population, entities)
    times = {**entity_times(population, entities), "first_request": lives.begun_us, "last_request": lives.stopped_us}
    return {name: np.where(entities.has_house, MISSING_TIME, at_us) for name, at_us in times.items()}


def first_uses(population: Population, entities: Entities) -> tuple[IntArray, ...]:
    """Return, for each model that appeared ``LEAST_NEW_US`` or more after the log began, every entity's first use."""
    exchanges = population.exchanges
    model, at_us = exchanges.keys["model"], exchanges.requested_us
    if not model.is_known or not len(exchanges):
        return ()
    entity = entities.of_account[exchanges.account]
    never = np.iinfo(np.int64).max
    found = []
    for code in range(len(model.values)):
        rows = np.flatnonzero(model.code == code)
        if int(at_us[rows].min()) - int(at_us.min()) < LEAST_NEW_US:
            continue
        first = np.full(entities.n, never)
        np.minimum.at(first, entity[rows], at_us[rows])
        found.append(np.where((first == never) | entities.has_house, MISSING_TIME, first))
    return tuple(found)
