"""Azure: API Management's gateway log joined with its language model log, and Azure OpenAI's RequestResponse log.

What this reader decides:

- A row of the gateway log is the exchange. Rows of the model log with the same correlation id give it the model, the
  token counts and the messages, put together from their pieces; they may stand in any file and order, so requests are
  held until the end, the oldest settled first when they come to more than ``max_held_bytes``.
- A gateway row that has no model log row, no body of a model request and no path of one is not a model call.
- The account is the gateway's user, else its subscription; the subscription is the key. Azure OpenAI's own log knows
  an account only for callers who sign in with Entra (``objectId``), and masks the address, which is left null.
- A request or response body that the gateway cut off is no JSON: its content is null.
- A model log whose gateway row is missing tells no account: its first piece is quarantined.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stillwatch.records.messages import text_of
from stillwatch.records.outcome import Outcome, OutOfScope, Place, Quarantined, Record, Used
from stillwatch.records.reader import LOGGED_CALL, Reader, Session
from stillwatch.records.readers.azure_rows import folded, header, kind_of, reassembled, time_of
from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import count, decoded, http_status, identifier, mapping
from stillwatch.records.readers.request_body import content_columns, is_request, request_columns
from stillwatch.records.readers.response_body import ResponseBody, read_response

MAX_HELD_BYTES: Final = 256 * 2**20
CALL_PATH: Final = re.compile(
    r"/(chat/completions|completions|responses|messages|converse|invoke)(?=[?/:]|$)", re.IGNORECASE
)
OTHER_PATH: Final = re.compile(r"/(embeddings|images|audio|moderations|rerank)(?=[?/]|$)", re.IGNORECASE)
DEPLOYMENT: Final = re.compile(r"/deployments/([^/?]+)", re.IGNORECASE)
OPENAI_CALLS: Final = ("completion", "response", "message", "inference")  # parts of operation names
OPENAI_OTHERS: Final = (
    *("embedding", "image", "audio", "speech", "transcription", "translation"),
    *("list", "get", "delete"),
)


@dataclass(slots=True)
class _Request:
    """What is held under one correlation id."""

    gateway: list[tuple[Place, dict[str, Any]]] = field(default_factory=list)
    model: list[tuple[Place, dict[str, Any]]] = field(default_factory=list)
    n_bytes: int = 0


class AzureSession:
    """One pass over Azure rows."""

    def __init__(self, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_held_bytes = max_held_bytes
        self._requests: OrderedDict[str, _Request] = OrderedDict()
        self._n_held_bytes = 0

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield what is known after one more row."""
        row = folded(record.value)
        kind = kind_of(row)
        if kind == "openai":
            yield _openai_outcome(record.place, row)
        elif kind in ("gateway", "model"):
            held = self._requests.setdefault(identifier(row["correlationid"]) or "", _Request())
            (held.gateway if kind == "gateway" else held.model).append((record.place, row))
            held.n_bytes += record.place.n_bytes
            self._n_held_bytes += record.place.n_bytes
            while self._n_held_bytes > self._max_held_bytes and self._requests:
                yield from self._settle_oldest()
        elif kind == "other":
            yield OutOfScope(record.place, "not-a-model-call")
        else:
            yield Quarantined(record.place, "bad-azure", "no correlation id, or no category that is known")

    def finish(self) -> Iterator[Outcome]:
        """Yield every request that waited for rows of the other log."""
        while self._requests:
            yield from self._settle_oldest()

    def _settle_oldest(self) -> Iterator[Outcome]:
        correlation_id, held = self._requests.popitem(last=False)
        self._n_held_bytes -= held.n_bytes
        yield from _settle(correlation_id, held)


def _settle(correlation_id: str, held: _Request) -> Iterator[Outcome]:
    held.model.sort(key=lambda entry: (_number_of_piece(entry[1]), entry[0].line))
    pieces = [row for _, row in held.model]
    if not held.gateway:
        for index, (place, _) in enumerate(held.model):
            if index == 0:
                yield Quarantined(place, "no-account", "no gateway log row has this correlation id")
            else:
                yield OutOfScope(place, "joined-row")
        return
    for index, (place, row) in enumerate(held.gateway):
        yield OutOfScope(place, "delivered-twice") if index else _gateway_outcome(place, row, pieces, correlation_id)
    for place, _ in held.model:
        yield OutOfScope(place, "joined-row")


def _gateway_outcome(
    place: Place, row: Mapping[str, Any], pieces: Sequence[Mapping[str, Any]], correlation_id: str
) -> Outcome:
    paths = [path for name in ("url", "backendurl") if isinstance(path := row.get(name), str)]
    body = _first_body(row, "requestbody", "backendrequestbody")
    is_call = bool(pieces) or (is_request(body) and "model" in mapping(body)) or any(map(CALL_PATH.search, paths))
    if any(map(OTHER_PATH.search, paths)):
        return OutOfScope(place, "not-generation")
    if not is_call:
        return OutOfScope(place, "not-a-model-call")
    subscription = identifier(row.get("apimsubscriptionid"))
    account = identifier(row.get("userid"), subscription)
    if account is None:
        return Quarantined(place, "no-account", "neither userId nor apimSubscriptionId: the product is open")
    requested_at = time_of(row)
    if requested_at is None:
        return Quarantined(place, "no-time", "neither time nor TimeGenerated is a time")
    status = http_status(row.get("responsecode"), row.get("backendresponsecode"))
    failed = status is not None and status >= 400
    answer = ResponseBody() if failed else read_response(_raw_body(row, "responsebody", "backendresponsebody"))
    found = {
        **_told_by_pieces(pieces, failed=failed),
        **(request_columns(mapping(body)) if is_request(body) else {}),
        **answer.columns(),
        **_tokens(pieces),
    }
    deployments = (match[1] for path in paths if (match := DEPLOYMENT.search(path)))
    found |= {
        "exchange_id": f"azure:{correlation_id}",
        "account_id": account,
        "requested_at": requested_at,
        "platform": "azure",
        "model": identifier(_first(pieces, "modelname"), _first(pieces, "deploymentname"), found.get("model"))
        or next(deployments, None),
        "status": status,
        "ip": client_address(row.get("calleripaddress")),
        "user_agent": header(row, "user-agent"),
        "api_key_id": subscription,
    }
    if "n_choices" not in found:
        found["n_choices"] = answer.n_choices
    if answer.signatures:
        found["thinking_signatures"] = [*found.get("thinking_signatures", ()), *answer.signatures]
    return Used(place, {name: value for name, value in found.items() if value is not None})


def _told_by_pieces(pieces: Sequence[Mapping[str, Any]], *, failed: bool) -> dict[str, Any]:
    sent = reassembled((_number_of_piece(piece), piece.get("requestmessages")) for piece in pieces)
    got = reassembled((_number_of_piece(piece), piece.get("responsemessages")) for piece in pieces)
    columns = {} if sent is None else content_columns({"messages": sent})
    return columns if got is None or failed else {**columns, "response": text_of(got)}


def _tokens(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the model log's counts: each piece repeats them, or the last one alone has them."""
    names = {"input_tokens": "prompttokens", "output_tokens": "completiontokens", "cached_tokens": "cachedtokens"}
    counts = {name: max((n for p in pieces if (n := count(p.get(key)))), default=None) for name, key in names.items()}
    return {name: n for name, n in counts.items() if n is not None}


def _openai_outcome(place: Place, row: Mapping[str, Any]) -> Outcome:
    operation = (identifier(row.get("operationname")) or "").lower()
    if any(part in operation for part in OPENAI_OTHERS) and not any(part in operation for part in OPENAI_CALLS):
        return OutOfScope(place, "not-generation")
    model = identifier(row.get("modelname"), row.get("modeldeploymentname"))
    if not any(part in operation for part in OPENAI_CALLS) and model is None:
        return OutOfScope(place, "not-a-model-call")
    account = identifier(row.get("objectid"))
    if account is None:
        return Quarantined(
            place, "no-account", "objectId is empty: the caller used a key; put API Management before the model"
        )
    requested_at = time_of(row)
    if requested_at is None:
        return Quarantined(place, "no-time", "neither requestTime nor time is a time")
    found = {
        "exchange_id": f"azure:{identifier(row.get('correlationid'))}",
        "account_id": account,
        "requested_at": requested_at,
        "platform": "azure",
        "model": model,
        "status": http_status(row.get("resultsignature"), row.get("resulttype")),
        "ip": client_address(row.get("calleripaddress")),
    }
    return Used(place, {name: value for name, value in found.items() if value is not None})


def _raw_body(row: Mapping[str, Any], *names: str) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _first_body(row: Mapping[str, Any], *names: str) -> object:
    return decoded(_raw_body(row, *names))


def _first(pieces: Sequence[Mapping[str, Any]], name: str) -> str | None:
    return identifier(*(piece.get(name) for piece in pieces))


def _number_of_piece(row: Mapping[str, Any]) -> int:
    return count(row.get("sequencenumber")) or 0


class AzureReader:
    """Azure API Management and Azure OpenAI resource logs."""

    name = "azure"
    title = "Azure API Management gateway and language model logs, Azure OpenAI RequestResponse log"
    provides = LOGGED_CALL

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of rows with a correlation id and a known category, or the columns of a known table."""
        hits = sum(kind_of(folded(one)) is not None for one in sample)
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'azure:' and the correlation id",
            "account_id": "the gateway log's userId, else apimSubscriptionId; Azure OpenAI's objectId",
            "requested_at": "requestTime (.NET ticks), else time or TimeGenerated",
            "model": "ModelName or DeploymentName of the model log, else the body's model or the path's deployment",
            "platform": "always azure",
            "conversation_id": "the conversation of a Responses request; else not known",
            "turn": "how often the assistant has spoken in the messages",
            "system_prompt": "the system messages",
            "prompt": "what follows the assistant's last message in requestBody, else in RequestMessages",
            "response": "the text of responseBody, else of ResponseMessages; null for failures",
            "tool_names": "requestBody's tools",
            "n_choices": "requestBody's n, else the number of choices in responseBody",
            "temperature": "requestBody's temperature",
            "max_tokens": "requestBody's max_tokens and its other names",
            "input_tokens": "PromptTokens of the model log, else the usage in responseBody",
            "output_tokens": "CompletionTokens of the model log, else the usage in responseBody",
            "reasoning_tokens": "the usage in responseBody",
            "cached_tokens": "CachedTokens of the model log, else the usage in responseBody",
            "status": "responseCode, else backendResponseCode; Azure OpenAI's resultSignature",
            "refused": "a refusal or a content filter's finish reason in responseBody",
            "ip": "callerIpAddress; null where it is masked",
            "user_agent": "requestHeaders' User-Agent, where the gateway logs it",
            "api_key_id": "apimSubscriptionId",
            "thinking_signatures": "thinking blocks in requestBody, then those in responseBody",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return AzureSession()


READER: Final[Reader] = AzureReader()
