"""Observations of identity: who the members say they are, and what they have in common.

All are shares in [0, 1].
"""

from typing import Final

import numpy as np

from stillwatch.assessments.sample import DAY_US, Sample
from stillwatch.links.population import MISSING_TIME
from stillwatch.links.rows import distinct_pairs

UNDECLARED_TIES: Final = ("payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint")
COMMON: Final = 16  # one in so many: what more accounts have ties nobody, as for links
OLD_DAYS: Final = 30  # an account this old at its first slice exchange was not made for it


def identity_reuse(sample: Sample) -> float | None:
    """Return the share of accounts that share a card, device, phone or e-mail with a member of another entity.

    What accounts of one house share is the house's, as within one entity.

    What more than one account in ``COMMON`` has, most of them strangers to the group, is no card and no device, but a
    placeholder or a kind ("unknown", the fingerprint of nothing): it is not counted.
    """
    known = [name for name in UNDECLARED_TIES if sample.has(name)]
    if not known:
        return None
    shares = np.zeros(len(sample.accounts), bool)
    entity = sample.entities.declared_as[sample.entities.of_account[sample.accounts]]
    for name in known:
        code = sample.population.accounts.keys[name].code[sample.accounts]
        total = sample.population.n_of_account_value[name]
        inside = np.bincount(code[code >= 0], minlength=len(total))
        is_common = (total * COMMON > len(sample.population.accounts)) & (2 * inside < total)
        held = (code >= 0) & ~np.append(is_common, False)[code]
        value, _, _ = distinct_pairs(code[held], entity[held])
        holders = np.bincount(value, minlength=int(code.max(initial=0)) + 1)
        shares[held] |= holders[code[held]] >= 2
    return float(np.mean(shares))


def largest_share(sample: Sample, key: str) -> float | None:
    """Return the share of accounts with the group's commonest value of an account column."""
    if not sample.has(key):
        return None
    code = sample.population.accounts.keys[key].code[sample.accounts]
    known = code[code >= 0]
    return float(np.bincount(known).max() / len(code)) if len(known) else 0.0


def value_share(sample: Sample, key: str, values: tuple[str, ...]) -> float | None:
    """Return the share of accounts whose value of an account column is one of ``values``."""
    if not sample.has(key):
        return None
    codes = sample.population.accounts.keys[key]
    wanted = np.array([value in values for value in codes.values] + [False])
    return float(np.mean(wanted[codes.code[sample.accounts]]))


def free_share(sample: Sample) -> float | None:
    """Return the share of accounts that pay nothing."""
    if not sample.has("plan_price_usd"):
        return value_share(sample, "plan", ("free", "trial", "free_trial"))
    price = sample.population.accounts.plan_price_usd[sample.accounts]
    return float(np.mean(price[~np.isnan(price)] == 0)) if np.any(~np.isnan(price)) else None


def verified_share(sample: Sample) -> float | None:
    """Return the share of accounts whose organisation was verified."""
    return (
        float(np.mean(sample.population.accounts.is_verified[sample.accounts])) if sample.has("is_verified") else None
    )


def young_share(sample: Sample) -> float | None:
    """Return the share of accounts less than ``OLD_DAYS`` old at their first exchange in question."""
    if not sample.has("created_at"):
        return None
    accounts, first = np.unique(sample.account_of_row, return_index=True)
    created = sample.population.accounts.created_us[accounts]
    known = created != MISSING_TIME
    age = sample.requested_us[first] - created
    return float(np.mean(age[known] < OLD_DAYS * DAY_US)) if np.any(known) else None


def banned_share(sample: Sample) -> float | None:
    """Return the share of accounts that were banned."""
    return (
        float(np.mean(sample.population.accounts.banned_us[sample.accounts] != MISSING_TIME))
        if sample.has("banned_at")
        else None
    )


def registered_share(sample: Sample) -> float | None:
    """Return the share of accounts named in the registry of authorisations."""
    return float(np.mean(sample.registered[sample.accounts])) if len(sample.accounts) else None
