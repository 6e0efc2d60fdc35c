"""Identities as honest people and firms have them, and as a careful campaign imitates them.

Sharing has honest reasons: a family's card, an office's line, a carrier's gateway, a laboratory's computers. Gaps have
too: many accounts never gave a phone or a device.
"""

from bisect import bisect
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from stillwatch.worlds.account import DAY_S, AccountSpec, Client, Window
from stillwatch.worlds.address import AddressBook
from stillwatch.worlds.client import ClientBook
from stillwatch.worlds.texts import PUBLIC_MAIL, Texts


class Country(NamedTuple):
    """Where people live: share of accounts, offset from UTC, language."""

    code: str
    share: float
    utc_offset_h: float
    language: str


COUNTRIES: Final = (  # rough shares of a global service's users; never used by detection
    Country("US", 0.30, -6, "en"),
    Country("IN", 0.11, 5.5, "en"),
    Country("GB", 0.06, 0, "en"),
    Country("DE", 0.05, 1, "de"),
    Country("FR", 0.04, 1, "fr"),
    Country("JP", 0.06, 9, "ja"),
    Country("KR", 0.04, 9, "ko"),
    Country("BR", 0.05, -3, "pt"),
    Country("ES", 0.03, 1, "es"),
    Country("MX", 0.03, -6, "es"),
    Country("SG", 0.04, 8, "zh"),
    Country("HK", 0.03, 8, "zh"),
    Country("TW", 0.04, 8, "zh"),
    Country("CA", 0.04, -5, "en"),
    Country("AU", 0.03, 10, "en"),
    Country("ID", 0.03, 7, "id"),
    Country("IT", 0.02, 1, "it"),
)
PLANS: Final = (("free", 0.0, 0.22), ("payg", 0.0, 0.38), ("pro", 20.0, 0.27), ("max", 100.0, 0.13))
PAYMENTS: Final = (("card", 0.70), ("virtual_card", 0.14), ("wallet", 0.12), ("prepaid", 0.04))  # honest ones too
PATHWAYS: Final = (("standard", 0.86), ("education", 0.06), ("startup", 0.05), ("research", 0.03))
PLATFORMS: Final = (("api", 0.55), ("console", 0.33), ("bedrock", 0.06), ("vertex", 0.04), ("azure", 0.02))
P_NO_PHONE: Final = 0.35
P_NO_DEVICE: Final = 0.30
P_REFERRED: Final = 0.25
P_DISPOSABLE: Final = 0.02  # people who guard their mailbox
P_HOUSEHOLD: Final = 0.06  # shares card, device and line with one or two others
P_MOBILE: Final = 0.30
LATEST_SIGN_UP: Final = 0.6  # of the window: who comes later has no time to show a habit
N_REFERRERS: Final = 150
SYLLABLES: Final = (
    "ba",
    "ve",
    "lo",
    "ri",
    "ka",
    "mun",
    "tor",
    "sel",
    "ni",
    "dra",
    "po",
    "qui",
    "lem",
    "ar",
    "ost",
    "fen",
    "gra",
    "ul",
    "ine",
    "mar",
)


def pick(rng: np.random.Generator, shares: tuple[tuple[str, float], ...]) -> str:
    """Return a name drawn by its share; shares need not add up to one."""
    bounds = np.cumsum([share for _, share in shares]).tolist()
    return shares[min(bisect(bounds, rng.random() * bounds[-1]), len(shares) - 1)][0]


class _Shared(NamedTuple):
    payment_fingerprint: str
    device_fingerprint: str
    address: str
    country: Country


class Population:
    """Draws accounts for one world; everything it keeps was drawn from the world's seed alone."""

    def __init__(self, texts: Texts, window: Window, rng: np.random.Generator) -> None:
        self.window = window
        self.book = AddressBook(rng, tuple(country.code for country in COUNTRIES))
        self.clients = ClientBook(texts, rng)
        self._disposable = texts.disposable_domains
        self._bounds = np.cumsum([country.share for country in COUNTRIES]).tolist()
        self._referrers = [self.fingerprint(rng) for _ in range(N_REFERRERS)]
        self._households = [self._household(rng) for _ in range(400)]  # met again by chance, as families are
        self._laboratories = [self.fingerprint(rng) for _ in range(30)]  # shared computers: cafes, libraries

    def fingerprint(self, rng: np.random.Generator) -> str:
        """Return a new opaque fingerprint."""
        return rng.bytes(10).hex()

    def account_id(self, rng: np.random.Generator) -> str:
        """Return a new account id that gives nothing away."""
        return "acct_" + rng.bytes(9).hex()

    def country(self, rng: np.random.Generator) -> Country:
        """Return a country by its share of accounts."""
        return COUNTRIES[min(bisect(self._bounds, rng.random() * self._bounds[-1]), len(COUNTRIES) - 1)]

    def _household(self, rng: np.random.Generator) -> _Shared:
        country = self.country(rng)
        line = self.book.draw(rng, "residential", country.code)
        return _Shared(self.fingerprint(rng), self.fingerprint(rng), line, country)

    def address(self, rng: np.random.Generator, kind: str, country: str = "US") -> str:
        """Return an address of a kind: residential, mobile, hosting, serverless or corporate."""
        return self.book.draw(rng, kind, country)

    def client(self, rng: np.random.Generator, platform: str) -> Client:
        """Return a calling program as common as it is among honest people on that platform."""
        return self.clients.draw(rng, platform)

    def referrer(self, rng: np.random.Generator) -> str | None:
        """Return a referral code, popular ones more often, or none."""
        if rng.random() >= P_REFERRED:
            return None
        return self._referrers[int(N_REFERRERS * rng.random() ** 3)]  # cubed: a few campaigns bring most sign-ups

    def created_s(self, rng: np.random.Generator) -> float:
        """Return an ordinary sign-up time: growing over ten months, a few within the window."""
        span = 300 * DAY_S + LATEST_SIGN_UP * self.window.seconds
        return float(-300 * DAY_S + span * np.sqrt(rng.random()))  # growth: later days see more sign-ups

    def mail_domain(self, rng: np.random.Generator) -> str:
        """Return a consumer mail domain, rarely a disposable one."""
        if rng.random() < P_DISPOSABLE:
            return self._disposable[int(rng.integers(len(self._disposable)))]
        return pick(rng, PUBLIC_MAIL)

    def homes(self, rng: np.random.Generator, country: str, platform: str) -> tuple[str, ...]:
        """Return the addresses of one private account: servers, a line at home that changes, a carrier's gateway."""
        if platform in ("bedrock", "vertex", "azure") or (platform == "api" and rng.random() < 0.35):
            kind = "serverless" if rng.random() < 0.25 else "hosting"
            return tuple(self.address(rng, kind) for _ in range(1 + int(rng.random() < 0.3)))
        found = [self.address(rng, "residential", country) for _ in range(1 + int(rng.geometric(0.6)) // 2)]
        if rng.random() < P_MOBILE:
            found.append(self.address(rng, "mobile", country))
        return tuple(found)

    def person(self, rng: np.random.Generator, **known: Any) -> AccountSpec:
        """Return a private account with clients and addresses; ``known`` overrides any field."""
        country = self.country(rng)
        platform = known.pop("platform", None) or pick(rng, PLATFORMS)
        plan = pick(rng, tuple((name, share) for name, _, share in PLANS))
        kind = None if plan == "free" and rng.random() < 0.8 else pick(rng, PAYMENTS)
        spec = AccountSpec(
            account_id=self.account_id(rng),
            created_s=self.created_s(rng),
            pathway=pick(rng, PATHWAYS),
            plan=plan,
            plan_price_usd=next(price for name, price, _ in PLANS if name == plan),
            email_domain=self.mail_domain(rng),
            email_fingerprint=self.fingerprint(rng),
            payment_fingerprint=None if kind is None else self.fingerprint(rng),
            payment_kind=kind,
            phone_fingerprint=None if rng.random() < P_NO_PHONE else self.fingerprint(rng),
            device_fingerprint=None if rng.random() < P_NO_DEVICE else self.fingerprint(rng),
            referrer_id=self.referrer(rng),
            declared_country=country.code,
            clients=tuple(self.client(rng, platform) for _ in range(1 + int(rng.random() < 0.25))),
            addresses=self.homes(rng, country.code, platform),
            utc_offset_h=country.utc_offset_h,
            language=country.language,
        )
        return replace(self._with_honest_sharing(rng, spec), **known)

    def _with_honest_sharing(self, rng: np.random.Generator, spec: AccountSpec) -> AccountSpec:
        if spec.device_fingerprint is not None and rng.random() < 0.03:
            spec = replace(spec, device_fingerprint=self._laboratories[int(rng.integers(len(self._laboratories)))])
        if rng.random() >= P_HOUSEHOLD:
            return spec
        home = self._households[int(rng.integers(len(self._households)))]
        return replace(
            spec,
            payment_fingerprint=None if spec.payment_kind is None else home.payment_fingerprint,
            device_fingerprint=None if spec.device_fingerprint is None else home.device_fingerprint,
            addresses=(home.address, *spec.addresses[1:]),
            declared_country=home.country.code,
            utc_offset_h=home.country.utc_offset_h,
            language=home.country.language,
        )

    def firm_name(self, rng: np.random.Generator) -> str:
        """Return an invented firm's name."""
        stem = "".join(SYLLABLES[int(i)] for i in rng.integers(len(SYLLABLES), size=3)).capitalize()
        return f"{stem} {('Ltd', 'GmbH', 'Inc', 'Labs', 'Systems', 'SA')[int(rng.integers(6))]}"

    def staff(self, rng: np.random.Generator, n: int, *, is_verified: bool = True, **known: Any) -> list[AccountSpec]:
        """Return ``n`` accounts of one new organisation: one payer, one mail domain, a few office addresses."""
        country = self.country(rng)
        name = known.pop("organisation_name", None) or self.firm_name(rng)
        platform = known.pop("platform", None)
        is_large = n > 3 or rng.random() < 0.3
        firm: dict[str, Any] = {
            "organisation_id": "org_" + rng.bytes(8).hex(),
            "organisation_name": name,
            "is_verified": is_verified,
            "pathway": "enterprise" if is_large else pick(rng, (("standard", 0.7), ("startup", 0.3))),
            "plan": "enterprise" if is_large else "team",
            "plan_price_usd": 60.0 if is_large else 30.0,
            "email_domain": name.split()[0].lower() + ".example",
            "payment_fingerprint": self.fingerprint(rng),
            "payment_kind": "invoice" if is_large else "card",
            "declared_country": country.code,
            "utc_offset_h": country.utc_offset_h,
            "language": country.language,
            "phone_fingerprint": None,
        }
        offices = [self.address(rng, "corporate", country.code) for _ in range(1 + n // 40)]
        servers = [self.address(rng, "hosting") for _ in range(1 + n // 20)]
        latest_s = LATEST_SIGN_UP * self.window.seconds
        first_s = self.created_s(rng)
        found = []
        for _ in range(n):
            where = platform or pick(rng, PLATFORMS)
            pool = offices if where == "console" else servers
            firm["addresses"] = (pool[int(rng.integers(len(pool)))],)
            firm["clients"] = (self.client(rng, where),)
            follows_s = first_s + float(rng.exponential(20 * DAY_S))  # colleagues follow over weeks
            firm["created_s"] = follows_s if follows_s < latest_s else float(rng.uniform(first_s, latest_s))
            firm["referrer_id"] = None
            found.append(self.person(rng, **{**firm, **known}))
        return found
