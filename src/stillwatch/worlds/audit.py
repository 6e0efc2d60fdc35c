"""Does any single column give the campaigns away? For each column, the AUC of campaign accounts against all others.

Numbers count as an account's mean, text as its mean length and its presence, names as the out-of-fold share of campaign
accounts among those that carry the same value. A world in which one column suffices measures nothing.

Source: Hanley and McNeil 1982, The meaning and use of the area under a ROC curve (AUC as a rank statistic);
Micci-Barreca 2001, A preprocessing scheme for high-cardinality categorical attributes (the smoothed share).
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.stats import rankdata

from stillwatch.records.schema import ACCOUNTS, EXCHANGES
from stillwatch.worlds.account import DISTILLATION

N_FOLDS: Final = 5
SMOOTHING: Final = 1.0  # one pseudo-account at the overall share: a value seen once says little
NAMES: Final = frozenset(
    {
        "model",
        "platform",
        "ip",
        "user_agent",
        "tls_fingerprint",
        "api_key_id",
        "end_user_id",
        "tool_names",
        "organisation_id",
        "organisation_name",
        "pathway",
        "plan",
        "email_domain",
        "email_fingerprint",
        "payment_fingerprint",
        "payment_kind",
        "phone_fingerprint",
        "device_fingerprint",
        "referrer_id",
        "declared_country",
    }
)  # columns whose values may be shared; the others are numbers, or text by length

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def auc(scores: Floats, is_positive: NDArray[np.bool_]) -> float | None:
    """Return the probability that a positive outranks a negative, ties counted half, turned to be at least a half.

    None where one of the two classes is empty.
    """
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return None
    ranks = rankdata(scores)
    area = (float(ranks[is_positive].sum()) - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)
    return max(area, 1 - area)


def out_of_fold_share(account: Ints, value: Ints, is_positive: NDArray[np.bool_], fold: Ints) -> Floats:
    """Return each account's mean share of positives among the other folds' accounts with the same value.

    Args:
        account: account numbers of the distinct (account, value) pairs, in [0, k).
        value: the pairs' values, any integers.
        is_positive: truth by account, shape (k,).
        fold: fold by account, in [0, N_FOLDS), shape (k,).
    """
    prior = float(is_positive.mean())
    _, value = np.unique(value, return_inverse=True)
    n_values = int(value.max()) + 1 if len(value) else 0
    positive = is_positive[account].astype(np.float64)
    cell = value * N_FOLDS + fold[account]
    seen = np.bincount(value, minlength=n_values)[value] - np.bincount(cell, minlength=n_values * N_FOLDS)[cell]
    hits = np.bincount(value, positive, n_values)[value] - np.bincount(cell, positive, n_values * N_FOLDS)[cell]
    share = (hits + SMOOTHING * prior) / (seen + SMOOTHING)
    carried = np.bincount(account, minlength=len(is_positive))
    total = np.bincount(account, share, len(is_positive))
    return np.where(carried > 0, total / np.maximum(carried, 1), prior)


def _hashes(column: pa.ChunkedArray) -> Ints:
    """Return a stable number for each value; nulls are a value of their own."""
    if pa.types.is_list(column.type):
        texts = ["\x00" if v is None else "\x01".join(v) for v in column.to_pylist()]
        column = pa.chunked_array([pa.array(texts)])
    encoded = column.combine_chunks().dictionary_encode()
    words = [str(word).encode() for word in encoded.dictionary.to_pylist()]
    numbers = [int.from_bytes(hashlib.blake2b(word, digest_size=7).digest(), "big") for word in words]
    codes = encoded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
    found: Ints = np.asarray([*numbers, -1], dtype=np.int64)[codes]
    return found


class Audit:
    """Collects what is needed of each account, one contribution after another, in memory of the accounts' order."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.positive: list[bool] = []
        self.numbers: dict[str, list[Floats]] = {}
        self.n_numbers: dict[str, int] = {}
        self.pairs: dict[str, list[tuple[Ints, Ints]]] = {}

    def add(self, exchanges: pa.Table, accounts: pa.Table, labels: list[str]) -> None:
        """Take in whole accounts: their rows, all their exchanges, and their classes in the accounts' order."""
        ids = accounts["account_id"].to_pylist()
        start = len(self.ids)
        self.ids += ids
        self.positive += [label == DISTILLATION for label in labels]
        place = {account_id: i for i, account_id in enumerate(ids)}
        owner = np.asarray([place[a] for a in exchanges["account_id"].to_pylist()], dtype=np.int64)
        for field in ACCOUNTS:
            self._take(f"accounts.{field.name}", accounts[field.name], np.arange(len(ids)), start)
        for field in EXCHANGES:
            if field.name != "account_id":
                self._take(f"exchanges.{field.name}", exchanges[field.name], owner, start)

    def merge(self, later: "Audit") -> None:
        """Take in what another audit collected of the contributions that follow."""
        start = len(self.ids)
        self.ids += later.ids
        self.positive += later.positive
        for name, parts in later.numbers.items():
            self._fill(name, start)
            self.numbers[name] += parts
            self.n_numbers[name] += sum(map(len, parts))
        for name, pairs in later.pairs.items():
            self.pairs.setdefault(name, []).extend((account + start, value) for account, value in pairs)

    def _fill(self, name: str, start: int) -> None:
        """Bring a measure up to account number ``start``: blocks without a null were all present."""
        missing = start - self.n_numbers.get(name, 0)
        self.numbers.setdefault(name, []).append(np.full(missing, 1.0))
        self.n_numbers[name] = start

    def _take(self, name: str, column: pa.ChunkedArray, owner: Ints, start: int) -> None:
        n = len(self.ids) - start
        if name.split(".")[1] in NAMES:
            pairs = np.unique(np.stack([owner, _hashes(column)]), axis=1) if len(owner) else np.zeros((2, 0), np.int64)
            self.pairs.setdefault(name, []).append((pairs[0] + start, pairs[1]))
            return
        for suffix, values in _measures(column):
            known = ~np.isnan(values)
            count = np.bincount(owner[known], minlength=n)
            total = np.bincount(owner[known], values[known], n)
            mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
            self._fill(name + suffix, start)
            self.numbers[name + suffix].append(mean)
            self.n_numbers[name + suffix] += n

    def result(self) -> Mapping[str, float | None]:
        """Return the AUC of each column, text and number columns once for their value and once for presence."""
        positive = np.asarray(self.positive, dtype=bool)
        digests = [hashlib.blake2b(a.encode(), digest_size=4).digest() for a in self.ids]
        fold = np.asarray([int.from_bytes(d, "big") % N_FOLDS for d in digests], dtype=np.int64)
        found: dict[str, float | None] = {}
        for name, parts in self.numbers.items():
            values = np.concatenate([*parts, np.full(len(positive) - sum(map(len, parts)), 1.0)])
            known = ~np.isnan(values)
            found[name] = auc(values[known], positive[known])  # absence has its own line
        for name, blocks in self.pairs.items():
            account = np.concatenate([pair[0] for pair in blocks])
            value = np.concatenate([pair[1] for pair in blocks])
            found[name] = auc(out_of_fold_share(account, value, positive, fold), positive) if len(positive) else None
        return {name: None if a is None else round(a, 4) for name, a in sorted(found.items())}


def _measures(column: pa.ChunkedArray) -> Iterator[tuple[str, Floats]]:
    """Yield what is measured of a column, by exchange or account: values or lengths, and presence."""
    if pa.types.is_timestamp(column.type):
        values = column.cast(pa.int64())
    elif pa.types.is_string(column.type):
        values = pc.binary_length(column)
    elif pa.types.is_list(column.type):
        values = pc.list_value_length(column)
    else:
        values = column
    yield "", values.cast(pa.float64()).to_numpy().astype(np.float64)
    if column.null_count:
        yield ".presence", column.is_valid().to_numpy().astype(np.float64)
