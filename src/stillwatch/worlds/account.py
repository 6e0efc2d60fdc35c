"""The words a world is made of: who an account is, what it sent, and what an actor hands to the generator.

An actor (a crowd of honest people, one firm, one classroom, one campaign) turns a seed into a ``Contribution``;
it never sees the other actors, so adding one changes no other. Times are seconds since the window's start; sign-ups
before the window are negative.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np

from stillwatch.errors import SettingsError
from stillwatch.worlds.texts import Texts

DAY_S: Final = 86_400.0
HOUR_S: Final = 3_600.0
ORGANIC: Final = "organic"
DISTILLATION: Final = "distillation"


@dataclass(frozen=True, slots=True)
class Window:
    """The observed days: ``start_at`` is aware UTC midnight, releases are seconds since then."""

    start_at: datetime
    days: int
    release_s: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """The length of the window in seconds."""
        return self.days * DAY_S

    @property
    def hours(self) -> int:
        """The length of the window in hours."""
        return self.days * 24


class Client(NamedTuple):
    """What a provider sees of the calling program."""

    platform: str  # api, console, bedrock, vertex, azure, aggregator:NAME
    user_agent: str
    tls_fingerprint: str  # JA4


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One account: the identity columns as the provider has them, then the truth, then how it reaches the service."""

    account_id: str
    created_s: float  # seconds since the window's start; negative before it
    banned_s: float | None = None
    organisation_id: str | None = None
    organisation_name: str | None = None
    is_verified: bool | None = None
    pathway: str = "standard"
    plan: str = "payg"
    plan_price_usd: float = 0.0
    email_domain: str | None = None
    email_fingerprint: str | None = None
    payment_fingerprint: str | None = None
    payment_kind: str | None = None
    phone_fingerprint: str | None = None
    device_fingerprint: str | None = None
    referrer_id: str | None = None
    declared_country: str | None = None
    label: str = ORGANIC  # the truth: organic, distillation, or a look-alike's name
    group_id: str | None = None
    role: str = "user"
    clients: tuple[Client, ...] = ()
    addresses: tuple[str, ...] = ()
    utc_offset_h: float = 0.0
    language: str = "en"


class Turn(NamedTuple):
    """One request and its answer, before ids, tokens and statuses are given.

    ``account`` indexes the contribution's accounts; ``conversation`` is local to the contribution.
    """

    account: int
    at_s: float
    prompt: str
    response: str | None
    client: Client
    address: str
    model: str
    label: str = ORGANIC
    group_id: str | None = None
    system: str | None = None
    tools: tuple[str, ...] | None = ()
    conversation: int | None = None
    turn: int = 0
    temperature: float | None = None
    n_choices: int | None = 1
    max_tokens: int | None = None
    is_reasoning: bool = False  # the model thinks: reasoning tokens, and a thinking signature where tools are used
    end_user_id: str | None = None
    key: int = 0  # which of the account's API keys
    p_refused: float = 0.004  # most services refuse well under a percent of ordinary requests
    status: int | None = None  # None: drawn at the honest rates, retried by the same account
    sent_signatures: tuple[str, ...] | None = None  # thinking signatures sent back; None: as the client would


@dataclass(frozen=True, slots=True)
class Authorisation:
    """One row of the registry: an account or an organisation, one of them."""

    scope: str
    reference: str
    account_id: str | None = None
    organisation_id: str | None = None
    valid_from_s: float = -180 * DAY_S
    valid_to_s: float | None = None


@dataclass(slots=True)
class Contribution:
    """What one actor adds to a world; every turn's account is among its own accounts."""

    accounts: list[AccountSpec] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    authorisations: list[Authorisation] = field(default_factory=list)

    def add(self, account: AccountSpec) -> int:
        """Return the index of an account that joins."""
        self.accounts.append(account)
        return len(self.accounts) - 1

    def extend(self, other: "Contribution") -> None:
        """Append another contribution, its account and conversation numbers shifted."""
        shift = len(self.accounts)
        talks = 1 + max((t.conversation for t in self.turns if t.conversation is not None), default=-1)
        self.accounts.extend(other.accounts)
        self.authorisations.extend(other.authorisations)
        self.turns.extend(
            t._replace(
                account=t.account + shift,
                conversation=None if t.conversation is None else t.conversation + talks,
            )
            for t in other.turns
        )


class Identities(Protocol):
    """Who draws identities; ``identity.Population`` does."""

    def person(self, rng: np.random.Generator, **known: Any) -> AccountSpec:
        """Return a private account with clients and addresses; ``known`` overrides any field."""
        ...

    def staff(self, rng: np.random.Generator, n: int, *, is_verified: bool = True, **known: Any) -> list[AccountSpec]:
        """Return ``n`` accounts of one new organisation: one payer, one mail domain, a few office addresses."""
        ...

    def address(self, rng: np.random.Generator, kind: str, country: str = "US") -> str:
        """Return an address of a kind: residential, mobile, hosting, serverless or corporate."""
        ...

    def client(self, rng: np.random.Generator, platform: str) -> Client:
        """Return a calling program as common as it is among honest people on that platform."""
        ...

    def created_s(self, rng: np.random.Generator) -> float:
        """Return an ordinary sign-up time: months before the window, a few within it."""
        ...

    def fingerprint(self, rng: np.random.Generator) -> str:
        """Return a new opaque fingerprint."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all actors of a world share, made from the world's seed alone."""

    texts: Texts
    window: Window
    identities: Identities
    models: tuple[str, ...]  # the models on offer, oldest first; release k brings models[-len(release_s) + k]
    seed: int


class Actor(Protocol):
    """A source of accounts and traffic; its fields are the keys of its ``[[actors]]`` table."""

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the actor's accounts and traffic; the same generator state gives the same contribution."""
        ...


@runtime_checkable
class BlockActor(Protocol):
    """An actor too large for memory: it hands over whole accounts, block by block."""

    def tasks(self, ground: Ground, seeds: np.random.SeedSequence) -> Iterator[Callable[[], Contribution]]:
        """Yield what makes each contribution, in any order or process; each account's traffic lies within one."""
        ...


_REGISTRY: Final[dict[str, Callable[..., Actor | BlockActor]]] = {}


def actor(kind: str) -> Callable[[type], type]:
    """Return a class decorator that makes a class known to presets as ``kind``."""

    def register(cls: type) -> type:
        _REGISTRY[kind] = cls
        return cls

    return register


def kinds() -> Sequence[str]:
    """Return the registered kinds, sorted."""
    return sorted(_REGISTRY)


def make_actor(kind: str, parameters: Mapping[str, Any]) -> Actor | BlockActor:
    """Return an actor of a kind.

    Raises:
        SettingsError: no such kind, or a parameter that it does not know.
    """
    if kind not in _REGISTRY:
        raise SettingsError("actors", "unknown kind", got=repr(kind), expected=", ".join(kinds()))
    try:
        return _REGISTRY[kind](**parameters)
    except TypeError as error:
        raise SettingsError(
            f"actors.{kind}", f"unfit parameters ({error})", got=", ".join(sorted(parameters))
        ) from error
