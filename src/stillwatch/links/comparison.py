"""Comparisons of two entities, in bits: what speaks for a link between them, piece by piece.

m is how often linked pairs agree, u how often strangers do (Fellegi and Sunter 1969); where agreement is on a value,
its rarity among all entities takes u's place. Both are estimated on the population at hand (``estimation``); what it
says too little about stays near what people stated, below.

Comparisons of one kind depend on each other: a household shares a card and a device, accounts made on one day begin
on one day. So within a kind *the strongest agreement counts whole*, and a further one counts by how much more often
linked pairs that agree on one agree on it too than strangers who agree on one do. What is not shared is weighed given
that no earlier one of its kind is, so that five missing ties are not five facts. Shared families may be parts of one
template: the rarest counts whole and each further one half of the one before.

Guarantee: one more agreement never lowers the sum, but for a value that more than a share m of all entities hold.

Source: Fellegi and Sunter 1969; agreement given the rest of its kind as in the conditional (auto-logistic) models of
Besag 1974; ours: docs/decisions/0019-estimated-comparisons.md.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.links.population import FloatArray

AgreementArray = npt.NDArray[np.int8]
"""(k, c): 1 where a pair agrees on a comparison, 0 where it does not, -1 where one side lacks it."""

HOUR_US: Final = 3_600_000_000
DAY_HOURS: Final = 24
WORDS: Final = {"ip": "address", "referrer_id": "referrer"}
ALIKE_HOURS: Final = 0.8  # cosine of hour-of-day profiles; strangers' mean in one time zone lies near 0.5
M_FURTHER: Final = 0.5  # linked pairs that share one thing of a kind: half share the next; stated, then estimated
U_FURTHER: Final = 0.2  # strangers who share one (a household, an office): one in five; stated, then estimated
STATED: Final = "stated"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often linked pairs agree (m), as stated, and what to tell the analyst."""

    m: float
    title: str
    because: str
    channel: str
    needs: tuple[str, ...]


COMPARISONS: Final[Mapping[str, Comparison]] = {
    "same_family": Comparison(0.80, "Same template family", "prompts fill one template", "content", ("prompt",)),
    "payment_fingerprint": Comparison(
        0.30, "Same payer", "bills go to one payer", "identity", ("payment_fingerprint",)
    ),
    "device_fingerprint": Comparison(
        0.30, "Same device", "one device signed both up", "identity", ("device_fingerprint",)
    ),
    "phone_fingerprint": Comparison(0.20, "Same phone", "one phone verified both", "identity", ("phone_fingerprint",)),
    "email_fingerprint": Comparison(
        0.20, "Same mailbox", "one mailbox received both", "identity", ("email_fingerprint",)
    ),
    "referrer_id": Comparison(0.30, "Same referrer", "one referrer brought both", "identity", ("referrer_id",)),
    "ip": Comparison(0.40, "Same address", "both were seen at one address", "infrastructure", ("ip",)),
    "sign_up": Comparison(0.40, "Signed up within a day", "the accounts were made together", "rhythm", ("created_at",)),
    "first_request": Comparison(0.40, "Began within a day", "both began to send together", "rhythm", ("requested_at",)),
    "hours": Comparison(0.60, "Same hours of the day", "calls keep one daily rhythm", "rhythm", ("requested_at",)),
}
NAMES: Final = tuple(COMPARISONS)
ADDRESSES: Final = {"infrastructure": "identity"}  # who shares a card often shares a line: one kind, as for the tests
KIND_OF: Final = tuple(ADDRESSES.get(one.channel, one.channel) for one in COMPARISONS.values())
"""The kind of each of ``NAMES``: its channel, addresses counted with identity."""
KINDS: Final[Mapping[str, tuple[int, ...]]] = {
    kind: tuple(i for i, other in enumerate(KIND_OF) if other == kind) for kind in dict.fromkeys(KIND_OF)
}
"""The places of each kind's comparisons in ``NAMES``; within a kind they depend on each other."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What one comparison is weighed with.

    Args:
        m: how often linked pairs agree.
        u: how often strangers do; of a value, any value: a shared one counts by its own rarity.
        m_alone: how often linked pairs agree that agree on no earlier comparison of the kind; likewise ``u_alone``.
        m_further: how often linked pairs agree that agree on another one of the kind; likewise ``u_further``.
        n_linked: pairs taken for linked that m was estimated on, by their probabilities; 0: m is as stated.
    """

    m: float
    u: float
    m_alone: float
    u_alone: float
    m_further: float = M_FURTHER
    u_further: float = U_FURTHER
    n_linked: float = 0.0

    @property
    def source(self) -> str:
        """Return where m comes from, in words."""
        return f"estimated on {self.n_linked:,.0f} linked pairs" if self.n_linked >= 1 else STATED


@dataclass(frozen=True, slots=True)
class WeighedComparison:
    """One comparison of one pair: its name, its bits and what was seen."""

    name: str
    bits: float
    observation: str


@dataclass(frozen=True, slots=True)
class EntityEvidence:
    """What is known of one entity, as far as comparing it needs.

    Args:
        families: how many entities use each family that this one uses, by the family's name.
        values: for each identity column that this entity has a value in, how many entities hold each of its values.
        times: sign-up and first request in microseconds since 1970 UTC, those that are known.
        hours: (24,) unit profile of the hour of the day.
    """

    families: Mapping[Hashable, int]
    values: Mapping[str, Mapping[Hashable, int]]
    times: Mapping[str, int]
    hours: FloatArray


@dataclass(frozen=True, slots=True)
class Weights:
    """What comparisons of one population are weighed with.

    Args:
        n_entities: entities of the population.
        of: the weight of each comparison that can be made.
    """

    n_entities: int
    of: Mapping[str, Weight]

    @property
    def prior_bits(self) -> float:
        """Return the prior of a pair: one partner expected among all entities."""
        return -float(np.log2(max(self.n_entities - 1, 2)))


def stated_weights(n_entities: int, u: Mapping[str, float], names: Iterable[str] = NAMES) -> Weights:
    """Return the weights before anything is estimated; a comparison that ``u`` lacks hardly ever agrees by chance."""
    found = {name: (COMPARISONS[name].m, u.get(name, 0.0)) for name in names}
    return Weights(n_entities, {name: Weight(m, rate, m, rate) for name, (m, rate) in found.items()})


def weigh_pairs(agrees: AgreementArray, rarity: FloatArray, repeats: FloatArray, weights: Weights) -> FloatArray:
    """Return, (k, c), what each comparison of each pair is worth in bits; 0 where it could not be made.

    Args:
        agrees: (k, c) outcomes, in the order of ``NAMES``.
        rarity: (k, c) ``-log2`` of how often strangers agree in this way; read where the pair agrees.
        repeats: (k, c) how many times m counts: more than once where several families are shared.
        weights: m and u.
    """
    bits = np.zeros(agrees.shape)
    for places in KINDS.values():
        known = [i for i in places if NAMES[i] in weights.of]
        if not known:
            continue
        of = [weights.of[NAMES[i]] for i in known]
        is_shared = agrees[:, known] == 1
        whole = np.log2([one.m for one in of]) * repeats[:, known] + rarity[:, known]
        lift = np.log2([one.m_further / one.u_further for one in of])
        further = np.maximum(np.minimum(lift, whole), 0.0)
        against = np.minimum(np.log2([(1 - one.m_alone) / (1 - one.u_alone) for one in of]), 0.0)
        part = np.where(is_shared, further, np.where(agrees[:, known] == 0, against, 0.0))
        strongest = np.argmax(np.where(is_shared, whole, -np.inf), axis=1)
        row = np.flatnonzero(is_shared.any(axis=1))
        part[row, strongest[row]] = whole[row, strongest[row]]
        bits[:, known] = part
    return bits


def compare(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> tuple[WeighedComparison, ...]:
    """Return every comparison of two entities that could be made, strongest first."""
    seen = {**_families(a, b, weights), **_values(a, b, weights), **_times_and_hours(a, b, weights)}
    agrees = np.full((1, len(NAMES)), -1, np.int8)
    rarity, repeats = np.zeros(agrees.shape), np.ones(agrees.shape)
    for name, one in seen.items():
        place = NAMES.index(name)
        agrees[0, place], rarity[0, place], repeats[0, place] = one.agrees, one.rarity, one.repeats
    bits = weigh_pairs(agrees, rarity, repeats, weights)[0]
    found = [WeighedComparison(name, float(bits[NAMES.index(name)]), one.words) for name, one in seen.items()]
    return tuple(sorted(found, key=lambda item: (-abs(item.bits), item.name)))


@dataclass(frozen=True, slots=True)
class _Seen:
    agrees: bool
    rarity: float
    words: str
    repeats: float = 1.0


def _families(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> dict[str, _Seen]:
    size = np.array([n for family, n in a.families.items() if family in b.families], np.int64)
    if not len(size):
        return {"same_family": _Seen(False, 0.0, "no template family in common")}
    rarity = np.sort(np.log2(weights.n_entities / size))[::-1][:8]
    halved = 0.5 ** np.arange(len(rarity))
    families = "family" if len(size) == 1 else "families"
    words = f"{len(size)} template {families} in common; the rarest has {int(size.min())} entities"
    return {"same_family": _Seen(True, float(rarity @ halved), words, float(halved.sum()))}


def _values(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> dict[str, _Seen]:
    found = {}
    for column in a.values:
        if column not in b.values or column not in weights.of or column not in COMPARISONS:
            continue
        words = WORDS.get(column, column.replace("_", " "))
        holders = [n for value, n in a.values[column].items() if value in b.values[column]]
        if holders:
            rarity = float(np.log2(weights.n_entities / min(holders)))
            found[column] = _Seen(True, rarity, f"{words} in common, held by {min(holders)} entities")
        else:
            found[column] = _Seen(False, 0.0, f"no {words} in common")
    return found


def _times_and_hours(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> dict[str, _Seen]:
    found = {}
    for name in ("sign_up", "first_request"):
        if name in a.times and name in b.times and name in weights.of:
            hours = abs(a.times[name] - b.times[name]) / HOUR_US
            rarity = -float(np.log2(weights.of[name].u))
            found[name] = _Seen(hours <= DAY_HOURS, rarity, f"{hours:,.0f} hours apart")
    if "hours" not in weights.of:
        return found
    likeness = float(a.hours @ b.hours)
    rarity = -float(np.log2(weights.of["hours"].u))
    found["hours"] = _Seen(likeness >= ALIKE_HOURS, rarity, f"hour-of-day profiles agree to {likeness:.2f}")
    return found
