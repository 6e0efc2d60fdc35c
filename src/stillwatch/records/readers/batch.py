"""The batch files of OpenAI and Anthropic: requests and answers, joined on ``custom_id`` within one batch.

Batch files name no account: the line must carry ``account_id`` (and, where the answer names no time, ``ts``) beside
its own keys, or be wrapped as ``{account_id, ts, batch_line: {...}}``; either side of a pair may do so.

A ``custom_id`` is the caller's and every batch may count from ``r-1``, so lines are joined only within a batch: those
with one ``batch_id`` beside them, or whose files' names differ only in words such as input and output. What is left at
the end is joined where just one request and one answer of an account have the id, so that file names need not match.

A request waits for its answer (or the other way round) with its text, up to ``MAX_HELD_BYTES`` of records; beyond
that the oldest go on alone: a request without a response, an answer without a prompt, under ids of their own files.
One batch has at most 256 MB; files sorted by name stand pair beside pair, and then no more than one is held.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Place, Quarantined, Record, Used
from stillwatch.records.reader import LOGGED_CALL, Reader, Session
from stillwatch.records.readers.batch_lines import BatchLine, read_line, unwrapped, vendor_of
from stillwatch.records.readers.bodies import exchange_columns
from stillwatch.records.readers.envelope import envelope_account, envelope_columns, envelope_time
from stillwatch.records.readers.json_values import identifier
from stillwatch.records.readers.response_body import ResponseBody

MAX_HELD_BYTES: Final = 512 * 2**20  # two of the largest batches that either vendor takes
NO_ACCOUNT: Final = "batch files name no account: put account_id beside custom_id, or wrap the line in batch_line"
NO_TIME: Final = "neither side has a ts, nor does the answer say when it was created"


@dataclass(frozen=True, slots=True)
class _Held:
    place: Place
    line: BatchLine


class BatchSession:
    """One pass over the batch files of a run."""

    def __init__(self, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_held_bytes = max_held_bytes
        self._held_bytes = 0
        self._held: OrderedDict[tuple[str, str, str, bool], _Held] = (
            OrderedDict()
        )  # vendor, batch, custom_id, has answer

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield the exchange of a pair when its second side comes."""
        line = read_line(record)
        if line is None:
            yield Quarantined(record.place, "no-custom-id", "no batch line, or one without a custom_id")
            return
        this = _Held(record.place, line)
        if line.request is not None and line.answer is not None:
            yield _exchange(this, this)
            return
        if line.request is None and line.answer is None:
            yield Quarantined(record.place, "no-request", "neither a request nor an answer")
            return
        key = (line.vendor, line.batch, line.custom_id)
        has_answer = line.answer is not None
        partner = self._take((*key, not has_answer))
        if partner is not None:
            yield from _pair(partner, this)
            return
        if (same := self._take((*key, has_answer))) is not None:
            yield _alone(same)
        self._held[(*key, has_answer)] = this
        self._held_bytes += record.place.n_bytes
        while self._held_bytes > self._max_held_bytes and self._held:
            oldest = self._take(next(iter(self._held)))
            if oldest is not None:
                yield _alone(oldest)

    def finish(self) -> Iterator[Outcome]:
        """Yield pairs whose files' names told nothing, and the lines that stay alone."""
        left: dict[tuple[str, str], list[_Held]] = {}
        for held in self._held.values():
            left.setdefault((held.line.vendor, held.line.custom_id), []).append(held)
        self._held.clear()
        self._held_bytes = 0
        for candidates in left.values():
            if _is_pair(candidates):
                yield from _pair(*candidates)
            else:
                yield from map(_alone, candidates)

    def _take(self, key: tuple[str, str, str, bool]) -> _Held | None:
        held = self._held.pop(key, None)
        if held is not None:
            self._held_bytes -= held.place.n_bytes
        return held


def _is_pair(candidates: Sequence[_Held]) -> bool:
    """Say whether just one request and one answer, of no two accounts, are left under an id."""
    if len(candidates) != 2 or len({held.line.answer is None for held in candidates}) != 2:
        return False
    accounts = {account for held in candidates if (account := envelope_account(held.line.envelope)) is not None}
    batches = {batch for held in candidates if (batch := identifier(held.line.envelope.get("batch_id"))) is not None}
    return len(accounts) < 2 and len(batches) < 2


def _pair(first: _Held, second: _Held) -> Iterator[Outcome]:
    """Yield what a request and its answer are: an exchange where the request stood, and a joined line."""
    asked, answered = (first, second) if first.line.request is not None else (second, first)
    yield _exchange(asked, answered)
    yield OutOfScope(answered.place, "joined")


def _alone(held: _Held) -> Outcome:
    return _exchange(held, held)


def _exchange(asked: _Held, answered: _Held) -> Outcome:
    """Return what the two sides are together; they are one line where that has both, or where a side is missing."""
    place = asked.place
    if answered.line.never_ran:
        return OutOfScope(place, "never-run")
    envelopes = (asked.line.envelope, answered.line.envelope)
    account = envelope_account(envelopes[0]) or envelope_account(envelopes[1])
    if account is None:
        return Quarantined(place, "no-account", NO_ACCOUNT)
    answer = answered.line.answer or ResponseBody()
    requested_at = envelope_time(envelopes[0]) or envelope_time(envelopes[1]) or answer.created_at_us
    if requested_at is None:
        return Quarantined(place, "no-time", NO_TIME)
    row = {
        "platform": "api",
        **exchange_columns(asked.line.request or {}, answer, answered.line.status),
        **envelope_columns(envelopes[1]),
        **envelope_columns(envelopes[0]),
        "exchange_id": f"{place.source}:{asked.line.custom_id}",
        "account_id": account,
        "requested_at": requested_at,
    }
    return Used(place, row)


class BatchReader:
    """Batch files of OpenAI and Anthropic."""

    name = "batch"
    title = "OpenAI and Anthropic batch files (requests, results), joined on custom_id"
    provides = LOGGED_CALL | {"end_user_id", "tls_fingerprint"}

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of batch lines: a ``custom_id`` and a side of either vendor's shape."""
        hits = sum(vendor_of(unwrapped(one)) is not None for one in sample)
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "the name of the request's file and custom_id",
            "account_id": "account_id beside the line, or in the envelope around it; batch files name none",
            "requested_at": "ts beside the line, else when the answer was created",
            "model": "the request's model, else the answer's",
            "platform": "platform beside the line, else api",
            "conversation_id": "conversation_id beside the line, or the request's conversation",
            "turn": "how often the assistant has spoken in the messages",
            "system_prompt": "system and developer messages, Anthropic system, Responses instructions",
            "prompt": "what follows the assistant's last message in body or params",
            "response": "the texts of response.body or result.message, all choices; null for failures",
            "tool_names": "the request's tools",
            "n_choices": "the request's n, 1 where it is absent",
            "temperature": "the request's temperature",
            "max_tokens": "the request's max_tokens, max_completion_tokens or max_output_tokens",
            "input_tokens": "the answer's usage, with what was read from or written to a cache",
            "output_tokens": "the answer's usage",
            "reasoning_tokens": "the answer's usage",
            "cached_tokens": "the answer's usage",
            "status": "response.status_code; 200 for succeeded; what an error's type stands for",
            "refused": "a refusal, or a finish_reason or stop_reason that says so",
            "ip": "client_ip or ip beside the line",
            "user_agent": "user_agent beside the line",
            "tls_fingerprint": "tls_fingerprint beside the line (JA4)",
            "api_key_id": "key_id or api_key_id beside the line",
            "end_user_id": "end_user_id beside the line, else safety_identifier, user or metadata.user_id",
            "thinking_signatures": "those in the request, then those in the answer",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return BatchSession()


READER: Final[Reader] = BatchReader()
