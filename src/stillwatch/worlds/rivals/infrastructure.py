"""Union of all accounts that share a payment, an organisation, a network or a TLS fingerprint.

Source: the published cluster rule of Glasswally (hydra.rs, MIT), re-implemented: union by any shared value, score by
size, payments, networks and one TLS fingerprint. Its rules on card prefixes of a hash and on one country are left out:
the first carry nothing in an opaque fingerprint, the second is no evidence here. Its other workers are not
re-implemented.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.links.components import connected_components
from stillwatch.worlds.rivals.rival import ALONE, Floats, Ints, Scored, Traffic

LEAST = 3  # accounts of a cluster that is scored, as published
GRID = {
    "all four, as published": ("payment", "organisation", "network", "tls"),
    "without TLS": ("payment", "organisation", "network"),
    "payment and organisation": ("payment", "organisation"),
}


@dataclass(frozen=True)
class SharedInfrastructure:
    """Clusters by any shared value, scored as published."""

    name: str = "shared-infrastructure"
    source: str = "the cluster rule of Glasswally (MIT), re-implemented from its published code"
    setting: str = (
        "union over payment, organisation, /24 and TLS fingerprint as published, or without TLS, or payment and "
        "organisation alone; score: size up to 25, payments, networks, one TLS fingerprint, shared payment"
    )
    modules: tuple[str, ...] = ()

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return an answer for each set of keys."""
        held = {
            "payment": _of_accounts(traffic, "payment_fingerprint"),
            "organisation": _of_accounts(traffic, "organisation_id"),
            "network": _networks(traffic),
            "tls": _of_exchanges(traffic, traffic.exchanges["tls_fingerprint"]),
        }
        return [Scored(name, *_scored(len(traffic.account_ids), held, keys)) for name, keys in GRID.items()]


def _scored(n: int, held: dict[str, tuple[Ints, Ints]], keys: tuple[str, ...]) -> tuple[Floats, Ints]:
    left, right = [], []
    for key in keys:
        owner, value = held[key]
        order = np.lexsort((owner, value))
        same = value[order][1:] == value[order][:-1]
        left.append(owner[order][1:][same])
        right.append(owner[order][:-1][same])
    label = connected_components(n, np.concatenate(left), np.concatenate(right))
    size = np.bincount(label)
    payments = _distinct(label, held["payment"], len(size))
    networks = _distinct(label, held["network"], len(size))
    fingerprints = _distinct(label, held["tls"], len(size))
    owner, value = held["payment"]
    holders = np.bincount(value, minlength=1)[value] if len(value) else value
    most_sharing = np.zeros(len(size))
    np.maximum.at(most_sharing, label[owner], holders)
    score = (  # the weights are the published ones
        np.minimum(size / 25, 1) * 0.40
        + np.minimum(payments * 0.07, 0.35)
        + np.minimum(networks * 0.03, 0.15)
        + np.where((fingerprints == 1) & (size >= 5), 0.12, 0)
        + np.where(most_sharing >= 4, 0.15, 0)
    )
    scores = np.where(size >= LEAST, np.minimum(score, 1.0), -np.inf)[label]
    return scores, np.where(size[label] >= LEAST, label, ALONE)


def _distinct(label: Ints, held: tuple[Ints, Ints], n: int) -> Floats:
    owner, value = held
    pairs = np.unique(np.stack([label[owner], value], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n).astype(np.float64)


def _of_accounts(traffic: Traffic, column: str) -> tuple[Ints, Ints]:
    known = set(traffic.account_ids)
    rows = [
        (account, value)
        for account, value in zip(
            traffic.accounts["account_id"].to_pylist(), traffic.accounts[column].to_pylist(), strict=True
        )
        if value is not None and account in known
    ]
    owner = traffic.places(pa.chunked_array([pa.array([a for a, _ in rows], pa.string())]))
    return owner, _codes(pa.array([value for _, value in rows], pa.string()))


def _of_exchanges(traffic: Traffic, column: pa.ChunkedArray) -> tuple[Ints, Ints]:
    is_known = column.is_valid().to_numpy()
    pairs = np.unique(
        np.stack([traffic.owners()[is_known], _codes(column.drop_null().combine_chunks())], axis=1), axis=0
    )
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def _networks(traffic: Traffic) -> tuple[Ints, Ints]:
    encoded = traffic.exchanges["ip"].combine_chunks().dictionary_encode()
    names = pa.array([_network(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return _of_exchanges(traffic, pa.chunked_array([names.take(encoded.indices)]))


def _network(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _codes(values: pa.Array) -> Ints:
    return np.asarray(values.dictionary_encode().indices.to_numpy(), np.int64)
