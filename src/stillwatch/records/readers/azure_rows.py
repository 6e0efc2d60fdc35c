"""One row of an Azure resource log under one spelling: diagnostic settings, Log Analytics and AzureDiagnostics differ.

Source: Azure Monitor documentation, common schema of resource logs; tables ApiManagementGatewayLogs and
ApiManagementGatewayLlmLog; AzureDiagnostics (columns with a type's suffix).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stillwatch.records.readers.json_values import decoded, identifier, items, mapping, microseconds, text

SUFFIX: Final = re.compile(r"_[sdbgt]$")  # string, double, boolean, guid, time
GATEWAY: Final = frozenset({"gatewaylogs", "apimanagementgatewaylogs"})
MODEL: Final = frozenset(
    {"gatewayllmlogs", "gatewayllmlog", "apimanagementgatewayllmlog", "apimanagementgatewayllmlogs"}
)
OPENAI: Final = frozenset({"requestresponse"})
OTHER: Final = frozenset({"audit", "trace", "allmetrics", "websocketconnectionlogs", "developerportalauditlogs"})
MODEL_KEYS: Final = ("requestmessages", "responsemessages", "prompttokens", "sequencenumber")
GATEWAY_KEYS: Final = ("apimsubscriptionid", "apiid", "backendurl", "isrequestsuccess")
TICKS_AT_1970: Final = 621_355_968_000_000_000  # .NET counts 100 ns from the year 1
TICKS_PER_US: Final = 10
TICKS: Final = re.compile(r"[0-9]{18}")  # 18 digits until the year 3169
TICKS_AT_2010: Final = 633_979_008_000_000_000
TICKS_AT_2100: Final = 662_380_416_000_000_000


def folded(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's fields and its ``properties`` in one dictionary by lower-case names.

    A field of the record itself stands before a property of the same name.
    """
    found: dict[str, Any] = {}
    properties = next((value for name, value in record.items() if _name(name) == "properties"), None)
    for source in (mapping(decoded(properties)), record):
        found |= {_name(key): value for key, value in source.items() if value is not None and value != ""}
    return found


def kind_of(row: Mapping[str, Any]) -> str | None:
    """Return ``gateway``, ``model``, ``openai``, ``other``, or None for what is no row of an Azure log.

    Args:
        row: a folded record.
    """
    if identifier(row.get("correlationid")) is None:
        return None
    told = (row.get(key) for key in ("category", "type", "operationname"))  # Microsoft.ApiManagement/GatewayLogs
    named = {value.lower().rpartition("/")[2] for value in told if isinstance(value, str)}
    for kind, names in (("model", MODEL), ("gateway", GATEWAY)):
        if not named.isdisjoint(names):
            return kind
    if not named.isdisjoint(OPENAI):
        return "openai"
    if not named.isdisjoint(OTHER) and "resourceid" in row:
        return "other"
    if sum(key in row for key in MODEL_KEYS) >= 2:
        return "model"
    return "gateway" if sum(key in row for key in GATEWAY_KEYS) >= 2 else None


def time_of(row: Mapping[str, Any]) -> int | None:
    """Return when a request began in microseconds: .NET ticks where there are some, else the row's own time."""
    told = row.get("requesttime")
    ticks = int(told) if isinstance(told, str) and TICKS.fullmatch(told) else told  # beyond what a float holds exactly
    if isinstance(ticks, int) and TICKS_AT_2010 <= ticks < TICKS_AT_2100:
        return (ticks - TICKS_AT_1970) // TICKS_PER_US
    found = (microseconds(row.get(name), naive_is_utc=True) for name in ("time", "timegenerated", "requesttime"))
    return next((when for when in found if when is not None), None)


def header(row: Mapping[str, Any], name: str) -> str | None:
    """Return one request header."""
    for key, value in mapping(decoded(row.get("requestheaders"))).items():
        if isinstance(key, str) and key.lower() == name:
            return next((found for one in (items(value) or (value,)) if (found := text(one)) is not None), None)
    return None


def reassembled(chunks: Iterable[tuple[int, object]]) -> list[Any] | None:
    """Return a message list out of its chunks; None where they make none, as when one of raw text is missing.

    A list over 32 kB is written in pieces with rising numbers. Where each piece is a list of its own, a message that
    goes on in the next piece shows by an equal role there: its texts are joined without a gap.

    Args:
        chunks: number and messages (a list, or JSON) of each piece, in any order; of an equal number the first counts.
    """
    by_number: dict[int, object] = {}
    for number_of_piece, piece in chunks:
        if piece is not None and piece != "":
            by_number.setdefault(number_of_piece, piece)
    pieces = [by_number[one] for one in sorted(by_number)]
    opened = [decoded(piece) for piece in pieces]
    if any(isinstance(one, str) for one in opened):
        joined = decoded("".join(piece for piece in pieces if isinstance(piece, str)))
        return None if isinstance(joined, str) else _listed(joined)
    messages: list[Any] = []
    for one in opened:
        piece_messages = _listed(one)
        if messages and piece_messages and _goes_on(messages[-1], piece_messages[0]):
            messages[-1] = {**messages[-1], "content": messages[-1]["content"] + piece_messages[0]["content"]}
            piece_messages = piece_messages[1:]
        messages.extend(piece_messages)
    return messages or None


def _goes_on(last: object, following: object) -> bool:
    a, b = mapping(last), mapping(following)
    has_texts = isinstance(a.get("content"), str) and isinstance(b.get("content"), str)
    return has_texts and (a.get("role") == b.get("role") or b.get("role") is None)


def _listed(found: object) -> list[Any]:
    return [found] if isinstance(found, Mapping) else list(items(found))


def _name(key: object) -> str:
    return SUFFIX.sub("", key).lower() if isinstance(key, str) else ""
