"""Two accounts: what links them, in bits, and what speaks against it."""

from dataclasses import dataclass
from typing import Any

from stillwatch.dossiers.case import Evidence, PairLink
from stillwatch.dossiers.render import verdict
from stillwatch.service.console.address import (
    account_address,
    campaign_address,
    family_address,
    pair_address,
    value_address,
)
from stillwatch.service.console.pairing import Scale, scale_of, weigh_pair
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.account import account_row

MOST_SHARED: int = 50  # listed, the rarest


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two accounts."""

    account_id: str
    address: str
    p_member: float
    entity_id: str


@dataclass(frozen=True, slots=True)
class CommonGroup:
    """A group that both are in."""

    campaign_id: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class SharedThing:
    """A value or a template family that both have, with how many entities of the whole traffic have it."""

    kind: str
    value: str
    address: str
    n_entities: int


@dataclass(frozen=True, slots=True)
class WeightRow:
    """What one comparison is weighed with: how often linked pairs (m) and strangers (u) agree.

    Args:
        m_further: of pairs that agree on another comparison of the kind; likewise ``u_further``.
        source: of m, in words.
    """

    title: str
    m: float
    u: float
    m_further: float
    u_further: float
    source: str


@dataclass(frozen=True, slots=True)
class PairView:
    """Two accounts compared.

    Args:
        is_one_entity: they openly belong together, which is no evidence of coordination and is not weighed.
        prior_bits: of a pair drawn at random; null where nothing was weighed, as are ``total_bits``.
        comparisons: in bits, the strongest first; positive ones speak for a link.
        weights: what each of them was weighed with.
        shared: what both have, the rarest first.
    """

    a: Side
    b: Side
    address: str
    swapped: str
    is_one_entity: bool
    groups: tuple[CommonGroup, ...]
    prior_bits: float | None
    total_bits: float | None
    comparisons: tuple[Evidence, ...]
    weights: tuple[WeightRow, ...]
    shared: tuple[SharedThing, ...]
    has_evidence: bool


def pair_view(store: CaseStore, account_a: str, account_b: str) -> PairView:
    """Return two accounts compared.

    Raises:
        NotFoundError: the case lacks one of them.
    """
    a, b = account_row(store, account_a), account_row(store, account_b)
    is_one = a["entity_id"] == b["entity_id"]
    scale = None if is_one else scale_of(store)
    weighed = None if scale is None else weigh_pair(store, a["entity_id"], b["entity_id"], scale)
    comparisons: tuple[Evidence, ...] = ()
    prior = total = None
    if scale is not None and weighed is not None:
        comparisons = tuple(_evidence(scale, one.name, one.bits, one.observation) for one in weighed)
        prior = round(scale.weights.prior_bits, 4)
        total = round(scale.weights.prior_bits + sum(one.bits for one in weighed), 4)
    return PairView(
        _side(a),
        _side(b),
        pair_address(account_a, account_b),
        pair_address(account_b, account_a),
        is_one,
        _groups(store, account_a, account_b),
        prior,
        total,
        comparisons,
        () if scale is None else _weights(scale, comparisons),
        _shared(store, account_a, account_b),
        store.has_evidence,
    )


def as_link(view: PairView) -> PairLink | None:
    """Return a weighed pair as the charts take it."""
    if view.prior_bits is None or view.total_bits is None:
        return None
    return PairLink(view.a.account_id, view.b.account_id, view.prior_bits, view.total_bits, view.comparisons)


def _evidence(scale: Scale, name: str, bits: float, observation: str) -> Evidence:
    return Evidence(
        name,
        scale.titles[name],
        scale.channels[name],
        round(bits, 4),
        observation,
        scale.because[name],
        scale.needs[name],
    )


def _weights(scale: Scale, comparisons: tuple[Evidence, ...]) -> tuple[WeightRow, ...]:
    rows = [(scale.titles[one.name], scale.weights.of[one.name]) for one in comparisons if one.name in scale.weights.of]
    return tuple(WeightRow(title, w.m, w.u, w.m_further, w.u_further, w.source) for title, w in rows)


def _side(row: dict[str, Any]) -> Side:
    return Side(row["account_id"], account_address(row["account_id"]), row["p_member"], row["entity_id"])


def _groups(store: CaseStore, account_a: str, account_b: str) -> tuple[CommonGroup, ...]:
    rows = store.rows(
        "SELECT a.campaign_id FROM memberships a JOIN memberships b USING (campaign_id) "
        "WHERE a.account_id = $1 AND b.account_id = $2 ORDER BY a.p_member DESC, a.campaign_id",
        [account_a, account_b],
    )
    both = [
        (store.campaign_of(row["campaign_id"], account_a), store.campaign_of(row["campaign_id"], account_b))
        for row in rows
    ]
    found = [store.campaign(name) for name in dict.fromkeys(a for a, b in both if a is not None and a == b)]
    return tuple(CommonGroup(one.id, campaign_address(one.id), verdict.leading_title(one)) for one in found)


def _shared(store: CaseStore, account_a: str, account_b: str) -> tuple[SharedThing, ...]:
    if not store.has_evidence or account_a == account_b:
        return ()
    values = store.rows(
        "SELECT a.kind, a.value, a.n_entities FROM values a JOIN values b USING (kind, value) "
        "WHERE a.account_id = $1 AND b.account_id = $2 ORDER BY a.n_entities, a.kind, a.value LIMIT $3",
        [account_a, account_b, MOST_SHARED],
    )
    families = store.rows(
        "SELECT a.family_id, a.n_entities FROM families a JOIN families b USING (family_id) "
        "WHERE a.account_id = $1 AND b.account_id = $2 ORDER BY a.n_entities, a.family_id LIMIT $3",
        [account_a, account_b, MOST_SHARED],
    )
    things = [
        SharedThing(row["kind"], row["value"], value_address(row["kind"], row["value"]), row["n_entities"])
        for row in values
    ]
    things += [
        SharedThing("family", row["family_id"], family_address(row["family_id"]), row["n_entities"]) for row in families
    ]
    return tuple(sorted(things, key=lambda thing: (thing.n_entities, thing.kind, thing.value))[:MOST_SHARED])
