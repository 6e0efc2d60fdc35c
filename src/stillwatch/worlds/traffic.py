"""Turns an actor's contribution into the tables that a provider would have.

Tokens follow the text, context grows from turn to turn, caches help where a prefix repeats, a few requests fail and are
sent again. Ids come from the actor's own generator and give nothing away.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS, EXCHANGES
from stillwatch.worlds.account import AccountSpec, Contribution, Turn, Window

BYTES_PER_TOKEN: Final = 3.9  # UTF-8 bytes: about 4 for English, about 2 to 3 a character for Chinese
TOKENS_PER_TOOL: Final = 85  # a definition with its arguments
MIN_CACHED_TOKENS: Final = 1024  # shorter prefixes are not cached
FAILURES: Final = ((429, 0.007), (529, 0.003), (500, 0.002), (503, 0.001), (400, 0.003))  # everyday rates
FREE_STRAIN: Final = 5.0  # free plans have tight limits
RETRIED: Final = (429, 500, 503, 529)
P_RETRY: Final = 0.75  # most clients send a failed request again
BAN_ECHO_S: Final = 1800.0  # a program goes on for a while after a ban, and is told 403

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One contribution as tables; ``labels`` and ``groups`` hold the truth of each exchange, in the same order."""

    exchanges: pa.Table
    accounts: pa.Table
    authorisations: pa.Table
    labels: list[str]
    groups: list[str | None]
    specs: list[AccountSpec]


def draw_statuses(rng: np.random.Generator, n: int, *, strain: float | NDArray[np.float64] = 1.0) -> Ints:
    """Return ``n`` HTTP statuses at everyday rates; ``strain``, one or ``n``, multiplies the rate limits' share."""
    (_, limited), *others = FAILURES
    bounds = np.cumsum([0.0, *(rate for _, rate in others)])
    chance = rng.random(n) - limited * np.asarray(strain)  # below nought: limited
    chosen = np.searchsorted(bounds, chance, side="right")
    return np.asarray([*(status for status, _ in FAILURES), 200], dtype=np.int64)[chosen]


def _identifiers(rng: np.random.Generator, n: int, prefix: str, n_bytes: int) -> list[str]:
    text = rng.bytes(n * n_bytes).hex()
    return [prefix + text[i * 2 * n_bytes : (i + 1) * 2 * n_bytes] for i in range(n)]


def _lived(contribution: Contribution, window: Window) -> list[Turn]:
    """Return the turns within the window and their account's life; just after a ban they fail with 403."""
    kept = []
    for turn in contribution.turns:
        spec = contribution.accounts[turn.account]
        if not 0 <= turn.at_s < window.seconds or turn.at_s < spec.created_s:
            continue
        if spec.banned_s is not None and turn.at_s >= spec.banned_s:
            if turn.at_s >= spec.banned_s + BAN_ECHO_S:
                continue
            kept.append(turn._replace(status=403))
        else:
            kept.append(turn)
    return kept


def _answered(turns: list[Turn], specs: list[AccountSpec], window: Window, rng: np.random.Generator) -> list[Turn]:
    """Return the turns with a status each, retries of failed ones added; free plans meet their limits more often."""
    strains = np.exp(rng.normal(0.0, 1.0, len(specs))) * [FREE_STRAIN if s.plan == "free" else 1.0 for s in specs]
    drawn = draw_statuses(rng, len(turns), strain=strains[[turn.account for turn in turns]] if turns else 1.0).tolist()
    luck = rng.random(len(turns)).tolist()
    waits = rng.exponential(8.0, len(turns)).tolist()
    found = []
    for turn, status, p, wait in zip(turns, drawn, luck, waits, strict=True):
        if turn.status is not None:
            found.append(turn)
            continue
        found.append(turn._replace(status=status))
        again = turn.at_s + 1.0 + wait
        if status in RETRIED and p < P_RETRY and again < window.seconds:
            found.append(turn._replace(status=200, at_s=again))
    return found


def _token_counts(turns: list[Turn], rng: np.random.Generator) -> dict[str, Any]:
    n = len(turns)
    noise = np.exp(rng.normal(0, 0.06, n))  # tokenisers differ from text to text

    def tokens(texts: list[str | None]) -> NDArray[np.float64]:
        return np.asarray([len(text.encode()) if text else 0 for text in texts]) / BYTES_PER_TOKEN * noise

    fixed = tokens([turn.system for turn in turns])
    fixed += TOKENS_PER_TOOL * np.asarray([len(turn.tools or ()) for turn in turns])
    new = tokens([turn.prompt for turn in turns])
    answered = np.asarray([turn.status == 200 for turn in turns], dtype=bool)
    said = np.where(answered, tokens([turn.response for turn in turns]), 0.0)
    thinks = np.asarray([turn.is_reasoning for turn in turns], dtype=bool) & answered
    thought = np.where(thinks, np.exp(rng.normal(6.3, 0.9, n)), 0.0)  # a median of some 540 tokens of reasoning
    history = _history(turns, new + said)
    whole = np.maximum(1, np.round(fixed + history + new)).astype(np.int64)
    prefix = np.round(fixed + history).astype(np.int64)
    caches = (prefix >= MIN_CACHED_TOKENS) & (rng.random(n) < 0.7) & answered
    return {
        "input_tokens": whole,
        "output_tokens": np.where(answered, np.maximum(1, np.round(said + thought)), 0).astype(np.int64),
        "reasoning_tokens": np.round(thought).astype(np.int64),
        "cached_tokens": np.where(caches, np.minimum(prefix // 128 * 128, whole), 0),
    }


def _history(turns: list[Turn], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each turn the tokens of the earlier turns of its conversation."""
    history = np.zeros(len(turns))
    held: dict[int, tuple[float, int]] = {}
    for i in sorted(range(len(turns)), key=lambda k: (turns[k].conversation or 0, turns[k].turn, turns[k].at_s)):
        turn = turns[i]
        if turn.conversation is None:
            continue
        before, last = held.get(turn.conversation, (0.0, -1))
        history[i] = before
        if turn.status == 200 and turn.turn != last:
            held[turn.conversation] = (before + float(sizes[i]), turn.turn)
    return history


def _signatures(turns: list[Turn], rng: np.random.Generator) -> list[list[str]]:
    """Return thinking signatures: agents that reason between tool calls send back what they were given."""
    found: list[list[str]] = [[] for _ in turns]
    kept: dict[int, list[str]] = {}
    for i in sorted(range(len(turns)), key=lambda k: (turns[k].conversation or 0, turns[k].turn, turns[k].at_s)):
        turn = turns[i]
        if turn.sent_signatures is not None:
            found[i] = list(turn.sent_signatures)
        if not (turn.is_reasoning and turn.tools and turn.conversation is not None):
            continue
        held = kept.setdefault(turn.conversation, [])
        if turn.sent_signatures is None:
            found[i] = list(held[-4:])  # clients keep the latest steps
        if turn.status == 200:
            held.append(rng.bytes(16).hex())
            found[i].append(held[-1])
    return found


def _exchange_columns(
    turns: list[Turn], specs: list[AccountSpec], window: Window, rng: np.random.Generator
) -> pa.Table:
    n = len(turns)
    refusals = rng.random(n)
    keys = dict(_named(sorted({(t.account, t.key) for t in turns}), rng, "key_", 8))
    talks = dict(_named(sorted({t.conversation for t in turns if t.conversation is not None}), rng, "conv_", 10))
    start_us = int(window.start_at.timestamp()) * 1_000_000
    columns: dict[str, Any] = {
        "exchange_id": _identifiers(rng, n, "req_", 12),
        "account_id": [specs[t.account].account_id for t in turns],
        "requested_at": pa.array([start_us + int(t.at_s * 1e6) for t in turns], pa.int64()).cast(
            EXCHANGES.field("requested_at").type
        ),
        "model": [t.model for t in turns],
        "platform": [t.client.platform for t in turns],
        "conversation_id": [None if t.conversation is None else talks[t.conversation] for t in turns],
        "turn": [t.turn for t in turns],
        "system_prompt": [t.system for t in turns],
        "prompt": [t.prompt for t in turns],
        "response": [t.response if t.status == 200 else None for t in turns],
        "tool_names": [None if t.tools is None else list(t.tools) for t in turns],
        "n_choices": [t.n_choices for t in turns],
        "temperature": [t.temperature for t in turns],
        "max_tokens": [t.max_tokens for t in turns],
        "status": [t.status for t in turns],
        "refused": [t.status == 200 and bool(p < t.p_refused) for t, p in zip(turns, refusals, strict=True)],
        "ip": [t.address for t in turns],
        "user_agent": [t.client.user_agent for t in turns],
        "tls_fingerprint": [t.client.tls_fingerprint for t in turns],
        "api_key_id": [None if t.client.platform == "console" else keys[t.account, t.key] for t in turns],
        "end_user_id": [t.end_user_id for t in turns],
        "thinking_signatures": _signatures(turns, rng),
        **_token_counts(turns, rng),
    }
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for field, column in ((field, columns[field.name]) for field in EXCHANGES)
    ]
    return pa.Table.from_arrays(arrays, schema=EXCHANGES)


def _named(things: list[Any], rng: np.random.Generator, prefix: str, n_bytes: int) -> list[tuple[Any, str]]:
    return list(zip(things, _identifiers(rng, len(things), prefix, n_bytes), strict=True))


def account_table(specs: list[AccountSpec], window: Window) -> pa.Table:
    """Return the accounts as the provider has them."""
    start_us = int(window.start_at.timestamp()) * 1_000_000

    def instants(seconds: list[float | None]) -> pa.Array:
        micros = [None if s is None else start_us + int(s * 1e6) for s in seconds]
        return pa.array(micros, pa.int64()).cast(ACCOUNTS.field("created_at").type)

    arrays = []
    for field in ACCOUNTS:
        if field.name == "created_at":
            arrays.append(instants([spec.created_s for spec in specs]))
        elif field.name == "banned_at":
            arrays.append(instants([spec.banned_s for spec in specs]))
        else:
            arrays.append(pa.array([getattr(spec, field.name) for spec in specs], field.type))
    return pa.Table.from_arrays(arrays, schema=ACCOUNTS)


def authorisation_table(contribution: Contribution, window: Window) -> pa.Table:
    """Return the registry's rows."""
    start_us = int(window.start_at.timestamp()) * 1_000_000
    rows = contribution.authorisations
    moments = AUTHORISATIONS.field("valid_from").type
    columns: dict[str, Any] = {
        "account_id": [row.account_id for row in rows],
        "organisation_id": [row.organisation_id for row in rows],
        "scope": [row.scope for row in rows],
        "valid_from": pa.array([start_us + int(row.valid_from_s * 1e6) for row in rows], pa.int64()).cast(moments),
        "valid_to": pa.array(
            [None if row.valid_to_s is None else start_us + int(row.valid_to_s * 1e6) for row in rows], pa.int64()
        ).cast(moments),
        "reference": [row.reference for row in rows],
    }
    return pa.Table.from_pydict(columns, schema=AUTHORISATIONS)


def render(contribution: Contribution, window: Window, rng: np.random.Generator) -> Rendered:
    """Return a contribution as tables; accounts without traffic stay.

    Cost: O(n log n) in the turns, some 20 microseconds each.
    """
    turns = _answered(_lived(contribution, window), contribution.accounts, window, rng)
    return Rendered(
        exchanges=_exchange_columns(turns, contribution.accounts, window, rng),
        accounts=account_table(contribution.accounts, window),
        authorisations=authorisation_table(contribution, window),
        labels=[turn.label for turn in turns],
        groups=[turn.group_id for turn in turns],
        specs=contribution.accounts,
    )
