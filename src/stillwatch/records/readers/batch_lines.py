"""One line of a batch file to its parts, and two files to a pair.

OpenAI keeps a batch as input lines ``{custom_id, method, url, body}`` and output or error lines ``{id, custom_id,
response: {status_code, request_id, body}, error}``; Anthropic as requests ``{custom_id, params}`` and results
``{custom_id, result: {type, ...}}``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.records.outcome import Record
from stillwatch.records.readers.json_values import http_status, identifier, mapping
from stillwatch.records.readers.response_body import ResponseBody, error_status, read_response

NEVER_RUN: Final = frozenset({"canceled", "cancelled", "expired", "batch_expired", "batch_cancelled"})
SIDE_WORDS: Final = frozenset(
    {"in", "input", "inputs", "request", "requests", "out", "output", "outputs", "result", "results", "response"}
    | {"responses", "error", "errors", "file", "files", "json", "jsonl", "ndjson", "gz", "zst", "bz2", "xz", ""}
)  # what tells the two files of one batch apart, and says nothing about which batch it is


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One side of a batch exchange, or both.

    Args:
        vendor: ``openai`` or ``anthropic``.
        request: the request's body; null on a line that has only the answer.
        answer: what came back; null on a line that has only the request.
        status: the HTTP status of the answer; null where the batch never ran it.
        never_ran: whether the batch ended before the line had its turn.
        batch: which batch the line is of, as far as a name tells.
    """

    vendor: str
    custom_id: str
    envelope: Mapping[str, Any]
    request: Mapping[str, Any] | None
    answer: ResponseBody | None
    status: int | None
    never_ran: bool
    batch: str


def unwrapped(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the vendor's own line, where an envelope holds it in ``batch_line``."""
    return mapping(value.get("batch_line")) or value


def vendor_of(line: Mapping[str, Any]) -> str | None:
    """Return whose batch line it is, or None for what is none."""
    if "custom_id" not in line:
        return None
    if isinstance(line.get("params"), Mapping) or isinstance(mapping(line.get("result")).get("type"), str):
        return "anthropic"
    is_input = isinstance(line.get("body"), Mapping)
    is_output = ("error" in line and ("response" in line)) or "status_code" in mapping(line.get("response"))
    return "openai" if is_input or is_output else None


def read_line(record: Record) -> BatchLine | None:
    """Return the parts of a line, or None for what is no batch line or has no ``custom_id``."""
    line = unwrapped(record.value)
    vendor, custom_id = vendor_of(line), identifier(line.get("custom_id"))
    if vendor is None or custom_id is None:
        return None
    request = line.get("body") if vendor == "openai" else line.get("params")
    answer, status, never_ran = _openai_answer(line) if vendor == "openai" else _anthropic_answer(line)
    return BatchLine(
        vendor=vendor,
        custom_id=custom_id,
        envelope=record.value,
        request=request if isinstance(request, Mapping) else None,
        answer=answer,
        status=status,
        never_ran=never_ran,
        batch=identifier(record.value.get("batch_id")) or batch_name(record.place.source),
    )


def batch_name(source: str) -> str:
    """Return what the names of a batch's files have in common: all words but those that tell the files apart.

    ``jobs/a_input.jsonl`` and ``jobs/a_output.jsonl.gz`` are both ``jobs/a``; so are ``in/jobs/a`` and ``out/jobs/a``.
    """
    words = re.split(r"[/\\._\-\s]+", source)
    return "/".join(word for word in words if word.lower() not in SIDE_WORDS)


def _openai_answer(line: Mapping[str, Any]) -> tuple[ResponseBody | None, int | None, bool]:
    response, error = mapping(line.get("response")), mapping(line.get("error"))
    if error:
        return ResponseBody(), error_status(error), identifier(error.get("code")) in NEVER_RUN
    if not response:
        return None, None, False
    answer = read_response(response.get("body"))
    return answer, http_status(response.get("status_code")) or answer.error_status, False


def _anthropic_answer(line: Mapping[str, Any]) -> tuple[ResponseBody | None, int | None, bool]:
    result = mapping(line.get("result"))
    kind = result.get("type")
    if not isinstance(kind, str):
        return None, None, False
    if kind == "succeeded":
        return read_response(result.get("message")), 200, False
    error = mapping(result.get("error"))
    return ResponseBody(), error_status(mapping(error.get("error")) or error), kind in NEVER_RUN
