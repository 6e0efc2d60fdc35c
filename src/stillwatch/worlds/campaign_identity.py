"""Who a campaign's accounts claim to be: from a shop that sells accounts, careless to careful.

A careless pool shares what costs money (cards, devices, addresses, referral codes, one client); a careful one draws
each account as an honest person would be drawn. What is shared is listed, so that a world can leak one thing alone.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from stillwatch.errors import SettingsError
from stillwatch.worlds.account import DAY_S, AccountSpec, Client, Ground

LEAKS: Final = ("payment", "device", "address", "referrer", "client", "email", "burst")
FIELDS: Final = {
    "payment": "payment_kind",
    "device": "device_fingerprint",
    "referrer": "referrer_id",
    "client": "clients",
    "email": "email_domain",
}
DISCIPLINES: Final[dict[str, tuple[str, ...]]] = {
    "sloppy": LEAKS,
    "medium": ("payment", "address"),
    "clean": (),
}
PER_SHARED: Final = {  # accounts behind one shared thing
    "sloppy": {"payment": 12, "device": 10, "address": 15, "referrer": 60, "client": 200, "email": 50},
    "medium": {"payment": 3, "device": 3, "address": 4, "referrer": 20, "client": 40, "email": 20},
    "clean": {"payment": 2, "device": 2, "address": 2, "referrer": 10, "client": 20, "email": 10},
}
BURST_S: Final = 2 * DAY_S  # a careless shop opens its accounts within two days


@dataclass(frozen=True, slots=True)
class Shop:
    """Where a pool's accounts come from.

    Args:
        discipline: sloppy, medium or clean; sets how many accounts stand behind one shared thing.
        leaks: what is shared at all; None takes the discipline's own list.
        platform: the way in, or None for the honest mix.
        leak_share: the share of accounts that share anything; the others come from a better seller.
    """

    discipline: str
    leaks: tuple[str, ...] | None = None
    platform: str | None = "api"
    leak_share: float = 1.0

    def __post_init__(self) -> None:
        if self.discipline not in DISCIPLINES:
            raise SettingsError(
                "campaign.identity", "no such discipline", got=self.discipline, expected=", ".join(DISCIPLINES)
            )
        for leak in self.leaks or ():
            if leak not in LEAKS:
                raise SettingsError("campaign.leaks", "no such leak", got=leak, expected=", ".join(LEAKS))

    def accounts(self, ground: Ground, rng: np.random.Generator, n: int, *, opens_s: float) -> list[AccountSpec]:
        """Return ``n`` accounts, all made before ``opens_s``."""
        leaks = DISCIPLINES[self.discipline] if self.leaks is None else self.leaks
        shared = {leak: self._shared(ground, rng, leak, n) for leak in leaks if leak != "burst"}
        first_s = opens_s - BURST_S - float(rng.uniform(0, 4 * DAY_S))
        found = []
        for _ in range(n):
            known: dict[str, Any] = {}
            if self.platform is not None:
                known["platform"] = self.platform
            is_leaky = rng.random() < self.leak_share
            burst_s = first_s if is_leaky and "burst" in leaks else None
            known["created_s"] = self._created_s(ground, rng, opens_s, burst_s)
            spec = ground.identities.person(rng, **known)
            for leak, values in shared.items() if is_leaky else ():
                if leak == "address":
                    spec = replace(spec, addresses=self._lines(rng, values))
                elif getattr(spec, FIELDS[leak]) is not None or leak == "referrer":  # a shop fills in what is asked for
                    spec = replace(spec, **values[int(rng.integers(len(values)))])
            found.append(spec)
        return found

    def _created_s(self, ground: Ground, rng: np.random.Generator, opens_s: float, burst_s: float | None) -> float:
        if burst_s is not None:
            return burst_s + float(rng.uniform(0, BURST_S))
        created_s = ground.identities.created_s(rng)
        while created_s >= opens_s:  # aged accounts are bought; the others are opened in time
            created_s = ground.identities.created_s(rng)
        return created_s

    def _lines(self, rng: np.random.Generator, values: list[dict[str, Any]]) -> tuple[str, ...]:
        """Return a few of the pool's shared addresses: proxies rotate."""
        picked = rng.integers(len(values), size=1 + int(rng.integers(3)))
        return tuple(dict.fromkeys(values[int(i)]["address"] for i in picked))

    def _shared(self, ground: Ground, rng: np.random.Generator, leak: str, n: int) -> list[dict[str, Any]]:
        count = max(1, round(n / PER_SHARED[self.discipline][leak]))
        draw = ground.identities
        made: list[dict[str, Any]] = []
        for _ in range(count):
            if leak == "payment":
                kind = "virtual_card" if rng.random() < 0.5 else "card"
                made.append({"payment_fingerprint": draw.fingerprint(rng), "payment_kind": kind})
            elif leak == "device":
                made.append({"device_fingerprint": draw.fingerprint(rng)})
            elif leak == "referrer":
                made.append({"referrer_id": draw.fingerprint(rng)})
            elif leak == "email":
                domains = ground.texts.disposable_domains
                made.append({"email_domain": domains[int(rng.integers(len(domains)))]})
            elif leak == "address":
                kind = ("residential", "hosting", "hosting")[int(rng.integers(3))]
                made.append({"address": draw.address(rng, kind)})
            else:
                client: Client = draw.client(rng, self.platform or "api")
                made.append({"clients": (client,)})
        return made
