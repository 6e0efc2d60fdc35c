"""The traffic of one scan as arrays: accounts in a canonical order, exchanges beneath them.

Order never depends on the order of input rows, nor on accounts' names: accounts are ordered by when they were first and
last seen and how much they sent, and where these are equal by the least of their exchange ids; exchanges by account,
time and id. So permuting rows changes nothing, and renaming accounts changes nothing but names.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.links.tables import Order
from stillwatch.sketches.schema import SKETCHES

IntArray: TypeAlias = npt.NDArray[np.int64]
CodeArray: TypeAlias = npt.NDArray[np.int32]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
NumberArray: TypeAlias = npt.NDArray[np.float32 | np.float64]
_Bits = TypeVar("_Bits", np.uint32, np.uint64)
_Values = TypeVar("_Values", bound=np.generic)

MISSING_TIME: Final = np.iinfo(np.int64).min
"""Stands for a null time in arrays of microseconds."""

ACCOUNT_KEYS: Final = (
    "payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint", "referrer_id",
    "organisation_id", "email_domain", "pathway", "plan", "payment_kind",
)  # fmt: skip
"""Account columns held as codes. Country, language and address geography are not among them, on purpose."""

EXCHANGE_KEYS: Final = (
    "model",
    "platform",
    "conversation_id",
    "ip",
    "user_agent",
    "tls_fingerprint",
    "api_key_id",
    "end_user_id",
)
"""Exchange columns held as codes."""


@dataclass(frozen=True, slots=True)
class Codes:
    """A nullable string column as codes into its distinct values.

    Args:
        code: (n,) index into ``values``; -1 for null.
        values: the distinct values; none where their names are not kept, see ``n_unnamed``.
        n_unnamed: how many distinct values there are, where their names are not kept.
    """

    code: CodeArray
    values: tuple[str, ...]
    n_unnamed: int = 0

    @property
    def n_values(self) -> int:
        """Return the number of distinct values."""
        return len(self.values) or self.n_unnamed

    @property
    def is_known(self) -> bool:
        """Whether any value is there at all."""
        return self.n_values > 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts with traffic, in canonical order; arrays have one element an account.

    Args:
        names: account ids.
        created_us: microseconds since 1970 UTC, ``MISSING_TIME`` where null; likewise ``banned_us``.
        is_verified: whether the account's organisation was verified; false where not known.
        plan_price_usd: NaN where not known.
        keys: columns of ``ACCOUNT_KEYS``.
        columns: the account columns that hold any value: what evidence may rest on.
    """

    names: tuple[str, ...]
    created_us: IntArray
    banned_us: IntArray
    is_verified: BoolArray
    plan_price_usd: FloatArray
    keys: Mapping[str, Codes]
    columns: frozenset[str]

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Exchanges sorted by account, time and id; arrays have one element an exchange.

    Args:
        account: index of the account.
        requested_us: microseconds since 1970 UTC, rising within an account.
        first: (n_accounts + 1,) where each account's exchanges start.
        keys: columns of ``EXCHANGE_KEYS``.
        numbers: nullable numeric columns, NaN where null; as float32 where that holds every value exactly.
        flags: boolean columns, false where null.
        hashes: exact keyed hashes as uint64, 0 where null.
        topic: (n, 64) int8; ``capability``: (n, c) uint8; ``cue_bits``: (n, q) float32; ``shape``: (n,) uint32.
        columns: the exchange columns that hold any value.
    """

    account: CodeArray
    requested_us: IntArray
    first: IntArray
    keys: Mapping[str, Codes]
    numbers: Mapping[str, NumberArray]
    flags: Mapping[str, BoolArray]
    hashes: Mapping[str, npt.NDArray[np.uint64]]
    topic: npt.NDArray[np.int8]
    capability: npt.NDArray[np.uint8]
    cue_bits: npt.NDArray[np.float32]
    shape: npt.NDArray[np.uint32]
    columns: frozenset[str]

    def __len__(self) -> int:
        """Return the number of exchanges."""
        return len(self.account)


@dataclass(frozen=True)
class Population:
    """Everything that the stages after the sketches look at."""

    accounts: Accounts
    exchanges: Exchanges

    @property
    def columns(self) -> frozenset[str]:
        """The columns, of either table, that hold any value."""
        return self.accounts.columns | self.exchanges.columns

    @cached_property
    def has_repeated_prompt(self) -> BoolArray:
        """Return, for every exchange, whether some other one has the same prompt, word for word."""
        hashes = self.exchanges.hashes["prompt_hash"]
        order = np.argsort(hashes)
        same = hashes[order[1:]] == hashes[order[:-1]]
        chosen = np.zeros(len(hashes), bool)
        chosen[order[1:][same]] = chosen[order[:-1][same]] = True
        return np.asarray(chosen & (hashes != 0), np.bool_)

    @property
    def repeated_prompts(self) -> IntArray:
        """Return the exchanges, rising, whose prompt some other exchange has as well.

        Most have a prompt of their own: what compares equal prompts sorts a tenth of the exchanges.
        """
        return np.flatnonzero(self.has_repeated_prompt).astype(np.int64)

    @cached_property
    def conversation_sizes(self) -> IntArray:
        """Return how many exchanges each conversation has, by code; the last place, of none at all, holds 0."""
        conversation = self.exchanges.keys["conversation_id"]
        known = conversation.code[conversation.code >= 0]
        return np.append(np.bincount(known, minlength=conversation.n_values), 0).astype(np.int64)

    @cached_property
    def begun_us(self) -> int:
        """Return the time of the first exchange of all."""
        return int(self.exchanges.requested_us.min())

    @cached_property
    def model_appeared_us(self) -> IntArray:
        """Return, for each code of ``model``, when it was first seen; the largest integer for one that never was."""
        model = self.exchanges.keys["model"]
        appeared = np.full(len(model.values), np.iinfo(np.int64).max)
        known = model.code >= 0
        np.minimum.at(appeared, model.code[known], self.exchanges.requested_us[known])
        return appeared

    @cached_property
    def n_of_account_value(self) -> dict[str, IntArray]:
        """Return, for each column of accounts and each code of it, how many accounts have that value."""
        return {
            name: np.bincount(codes.code[codes.code >= 0], minlength=len(codes.values)).astype(np.int64)
            for name, codes in self.accounts.keys.items()
        }

    @cached_property
    def n_of_model(self) -> IntArray:
        """Return, for each code of ``model``, how many exchanges went to it."""
        model = self.exchanges.keys["model"]
        return np.bincount(model.code[model.code >= 0], minlength=len(model.values)).astype(np.int64)


SEEN: Final = (
    "min(requested_at) AS first_at, max(requested_at) AS last_at, count(*) AS n_exchanges, min(exchange_id) AS least_id"
)
"""What the canonical order of accounts is made from, in SQL over exchanges with distinct ids, grouped by account."""


def canonical_order(seen: pa.Table) -> pa.Table:
    """Return ``account_id`` and ``account`` (0-based canonical index) for every account of ``seen``.

    Args:
        seen: ``account_id`` and the columns of ``SEEN``, one row an account.
    """
    order = pc.sort_indices(
        seen, sort_keys=[(name, "ascending") for name in ("first_at", "last_at", "n_exchanges", "least_id")]
    )
    names = seen["account_id"].take(order)
    return pa.table({"account_id": names, "account": pa.array(np.arange(len(names), dtype=np.int32))})


def accounts_from(names: list[str], facts: pa.Table | None) -> Accounts:
    """Return the accounts with traffic, in the order of ``names``, with what ``facts`` says of them.

    Args:
        names: account ids in canonical order.
        facts: the ``accounts`` table, or null where there is none; rows of accounts without traffic are left out.
    """
    wanted = pa.table({"account_id": pa.array(names, pa.string()), "position": pa.array(np.arange(len(names)))})
    if facts is None:
        facts = pa.table({"account_id": pa.array([], pa.string())})
    joined = wanted.join(facts, "account_id", join_type="left outer").sort_by("position")
    present = frozenset(
        name
        for name in joined.column_names
        if name not in ("account_id", "position") and joined[name].null_count < len(joined)
    )

    def column(name: str, kind: pa.DataType) -> pa.Array:
        if name not in joined.column_names:
            return pa.nulls(len(names), kind)
        return joined[name].combine_chunks().cast(kind)

    return Accounts(
        names=tuple(names),
        created_us=times(column("created_at", pa.timestamp("us", "UTC"))),
        banned_us=times(column("banned_at", pa.timestamp("us", "UTC"))),
        is_verified=flags(column("is_verified", pa.bool_())),
        plan_price_usd=numbers(column("plan_price_usd", pa.float64())),
        keys={name: codes(column(name, pa.string())) for name in ACCOUNT_KEYS},
        columns=present,
    )


NUMBERS: Final = (
    "turn", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "status", "system_bytes",
    "prompt_bytes", "response_bytes", "n_tools",
)  # fmt: skip
FLAGS: Final = ("refused", "has_prompt", "has_response")
HASHES: Final = ("tools_hash", "system_hash", "prompt_hash")
UNUSED: Final = ("n_choices", "temperature", "max_tokens", "n_prompt_tokens", "response_hash", "thinking_hashes")
"""Columns that nothing after the sketches looks at: it is noted whether they hold anything, and no array is made."""
UNNAMED: Final = frozenset({"conversation_id"})
"""Columns whose values are told apart and never named: millions of names would take as much as all numbers."""


NEVER_NULL: Final = frozenset(
    {"exchange_id", "account_id", "account", "source_index", "line", "record_bytes", "system_minima"}
    | {"head_minima", "tail_minima", "body_minima"}
)
"""Columns of sketches that no array is made of, and that are there in every row."""
OF_PROMPTS: Final = frozenset(
    {"prompt_hash", "topic", "capability", "cue_bits", "shape", "head_minima", "tail_minima", "body_minima"}
)


class Columns(Protocol):
    """Sketches column by column: an Arrow table, or what reads each column from a file when it is asked for."""

    column_names: list[str]

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Return a column."""
        ...


def exchanges_from(sketches: Columns, n_accounts: int, n_threads: int = 1, order: Order | None = None) -> Exchanges:
    """Return the exchanges of ``sketches``: sorted ``SKETCH_ROWS`` whose ``account`` column is the canonical index.

    Each column is asked for once, as many at a time as there are threads, and minima, which only the engine looks at,
    are not kept.

    Args:
        sketches: the rows.
        n_accounts: how many accounts have traffic.
        n_threads: columns made at once.
        order: the rows' order, where they do not lie in it; their ``account`` is then taken from it.
    """
    account = sketches["account"].to_numpy().astype(np.int32) if order is None else order.account
    rows, place = (None, None) if order is None else (order.rows, order.kept)
    n = len(account)
    found: set[str] = set()

    def column(name: str) -> pa.ChunkedArray:
        array = sketches[name]
        if n and array.null_count < n:
            found.add(name)
        return array

    def whole(name: str) -> pa.Array:
        return column(name).combine_chunks()

    def ordered(values: npt.NDArray[_Values]) -> npt.NDArray[_Values]:
        return values if rows is None else values[rows]

    def matrix(name: str, dtype: type[np.generic]) -> npt.NDArray[Any]:
        width = SKETCHES.field(name).type.list_size  # the engine writes fixed lists as lists
        result = np.empty((n, width), dtype)
        at = 0
        for chunk in column(name).chunks:
            to = slice(at, at + len(chunk)) if place is None else place[at : at + len(chunk)]
            result[to] = chunk.flatten().to_numpy().reshape(-1, width)
            at += len(chunk)
        return result

    def made(name: str) -> Any:
        if name in EXCHANGE_KEYS:
            coded = codes(whole(name), is_named=name not in UNNAMED)
            code = ordered(coded.code)
            return replace(coded, code=code if coded.values or rows is None else _by_appearance(code))
        if name in MATRICES:
            return matrix(name, MATRICES[name])
        return ordered(ARRAYS[name](whole(name))) if name in ARRAYS else column(name).null_count

    with ThreadPoolExecutor(n_threads) as pool:  # Arrow and numpy leave the interpreter to others
        names = (*MATRICES, *EXCHANGE_KEYS, *ARRAYS, *UNUSED)
        array = dict(zip(names, pool.map(made, names), strict=True))
    exchanges = Exchanges(
        account=account,
        requested_us=array["requested_at"],
        first=np.searchsorted(account, np.arange(n_accounts + 1)).astype(np.int64),
        keys={name: array[name] for name in EXCHANGE_KEYS},
        numbers={name: array[name] for name in NUMBERS},
        flags={name: array[name] for name in FLAGS},
        hashes={name: array[name] for name in HASHES},
        topic=array["topic"],
        capability=array["capability"],
        cue_bits=array["cue_bits"],
        shape=array["shape"],
        columns=frozenset(),
    )
    return replace(exchanges, columns=_held(found, exchanges, frozenset(sketches.column_names)))


def _held(found: set[str], exchanges: Exchanges, present: frozenset[str]) -> frozenset[str]:
    """Return the columns of traffic that hold any value, from those of the sketches that do.

    Args:
        found: columns of sketches, of those looked at, with a value that is not null.
        exchanges: the arrays.
        present: all columns of the sketches.
    """
    has_prompt, has_response = (bool(np.any(exchanges.flags[name])) for name in ("has_prompt", "has_response"))
    if len(exchanges):
        found |= NEVER_NULL & present
    if not has_prompt:
        found -= OF_PROMPTS
    found |= {"prompt"} if has_prompt else set()
    found |= {"response"} if has_response else set()
    found |= {"system_prompt"} if "system_hash" in found else set()
    found |= {"tool_names"} if "n_tools" in found else set()
    return frozenset(found)


def codes(array: pa.Array, *, is_named: bool = True) -> Codes:
    """Return a nullable string array as codes into its sorted distinct values; unnamed, in the order of the rows."""
    encoded = array.dictionary_encode()
    values, index = encoded.dictionary, encoded.indices.fill_null(-1).to_numpy()
    if not is_named:
        return Codes(index.astype(np.int32), (), n_unnamed=len(values))
    order = pc.sort_indices(values).to_numpy()
    rank = np.empty(len(values), np.int32)
    rank[order] = np.arange(len(values), dtype=np.int32)
    code = np.where(index >= 0, rank[np.maximum(index, 0)] if len(values) else -1, -1).astype(np.int32)
    return Codes(code, tuple(values.take(pa.array(order)).to_pylist()))


def _by_appearance(code: CodeArray) -> CodeArray:
    """Return codes numbered anew in the order in which they first appear; -1 stays."""
    known = np.flatnonzero(code >= 0)
    first = np.zeros(int(code.max(initial=-1)) + 1, np.int64)
    first[code[known[::-1]]] = known[::-1]  # the last one written is the first of all
    rank = np.empty(len(first) + 1, np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    rank[-1] = -1
    return rank[code]


def times(array: pa.Array) -> IntArray:
    """Return times as microseconds since 1970, ``MISSING_TIME`` where null."""
    return np.asarray(array.cast(pa.int64()).fill_null(MISSING_TIME).to_numpy(), np.int64)


def numbers(array: pa.Array) -> FloatArray:
    """Return numbers as float64, NaN where null."""
    return np.asarray(array.cast(pa.float64()).fill_null(float("nan")).to_numpy(), np.float64)


def compact(values: FloatArray) -> NumberArray:
    """Return numbers at half the size where nothing is lost by it."""
    narrow = values.astype(np.float32)
    return narrow if np.array_equal(narrow, values, equal_nan=True) else values


def bits(array: pa.Array, dtype: type[_Bits]) -> npt.NDArray[_Bits]:
    """Return bit patterns, which engines hold as signed integers, as unsigned ones; 0 where null."""
    return np.asarray(array.fill_null(0).to_numpy()).view(dtype)


def flags(array: pa.Array) -> BoolArray:
    """Return booleans, false where null."""
    return np.asarray(pc.fill_null(array, fill_value=False).to_numpy(zero_copy_only=False), np.bool_)


ARRAYS: Final[Mapping[str, Callable[[pa.Array], npt.NDArray[Any]]]] = {
    "requested_at": times,
    "shape": partial(bits, dtype=np.uint32),
    **dict.fromkeys(NUMBERS, lambda array: compact(numbers(array))),
    **dict.fromkeys(FLAGS, flags),
    **dict.fromkeys(HASHES, partial(bits, dtype=np.uint64)),
}
"""What makes an array of each column that is one."""
MATRICES: Final[Mapping[str, type[np.generic]]] = {"topic": np.int8, "capability": np.uint8, "cue_bits": np.float32}
"""Columns of lists of one length."""
