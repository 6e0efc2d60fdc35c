"""A first field map for a log that no format fits, from the names of its fields, and else from their values.

A draft is a guess for a person to mend: each line says how full its field is, one that rests on values alone says on
what, what is not certain enough stands as a comment, what could not be found is said in place of a line, and every
other field is listed. It quotes names of fields, never a value.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from stillwatch.errors import InputError
from stillwatch.records.catalogue import READERS
from stillwatch.records.draft_field import DISTINCT, MOST, Field, fields_of, share
from stillwatch.records.draft_times import UTC, is_time
from stillwatch.records.draft_values import Guess, guesses
from stillwatch.records.opening import ReadLimits, find_sources
from stillwatch.records.readers.client_address import is_address_list
from stillwatch.records.readers.json_values import decoded, http_status, mapping, number
from stillwatch.records.readers.request_body import is_request
from stillwatch.records.readers.response_body import read_response
from stillwatch.records.recognition import form_of, sample_of
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.terminal import printable

NAMES: Final[Mapping[str, tuple[str, ...]]] = {  # column: the names that logs give it, letters and digits alone
    "exchange_id": (
        *("requestid", "exchangeid", "callid", "generationid", "logid", "reqid", "rid", "uuid", "id", "eventid"),
        *("messageid", "traceid", "correlationid"),
    ),
    "account_id": (
        *("accountid", "customerid", "tenantid", "orgid", "organizationid", "organisationid", "userid", "account"),
        *("accountuuid", "tenantuuid", "orguuid", "useruuid"),
        *("customer", "tenant", "consumer", "requester", "username", "clientid", "keyid", "apikeyid", "apikeyhash"),
        *("keyhash", "apikeyname", "tokenname", "user", "apikey", "orgname", "consumerusername", "uid", "who"),
    ),
    "requested_at": (
        *("requestedat", "requesttime", "requesttimestamp", "starttime", "startedat", "createdat", "timestamp", "ts"),
        *("time", "datetime", "date", "created", "loggedat", "eventtime", "when", "at"),
    ),
    "model": ("model", "modelname", "modelid", "requestmodel", "deployment"),
    "conversation_id": ("conversationid", "sessionid", "threadid", "chatid"),
    "system_prompt": ("systemprompt", "system", "systemmessage", "instructions"),
    "prompt": ("messages", "prompt", "prompttext", "query", "question", "input", "usermessage", "text"),
    "response": ("response", "completion", "answer", "output", "outputtext", "responsetext", "completiontext"),
    "tool_names": ("tools", "functions"),
    "temperature": ("temperature",),
    "max_tokens": ("maxtokens", "maxcompletiontokens", "maxoutputtokens"),
    "n_choices": ("nchoices", "n"),
    "input_tokens": ("inputtokens", "prompttokens", "tokensin", "tokensprompt", "prompttokencount", "inputtokencount"),
    "output_tokens": (
        *("outputtokens", "completiontokens", "tokensout", "tokenscompletion", "outputtokencount"),
        "candidatestokencount",
    ),
    "reasoning_tokens": ("reasoningtokens", "thoughtstokencount"),
    "cached_tokens": ("cachedtokens", "cachereadinputtokens", "cachedinputtokens"),
    "status": ("statuscode", "httpstatus", "responsecode", "responsestatus", "status"),
    "ip": ("clientip", "ip", "ipaddress", "remoteaddr", "remoteip", "sourceip", "xforwardedfor", "clientaddress"),
    "user_agent": ("useragent", "useragentoriginal"),
    "tls_fingerprint": ("ja4", "tlsfingerprint"),
    "api_key_id": ("apikeyid", "keyid", "keyhash", "apikeyhash", "apikeyname", "tokenname"),
}
FROM_BODIES: Final = {"request": ("prompt", "system_prompt", "tool_names"), "response": ("response",)}
GOOD_WORDS: Final = frozenset({"success", "succeeded", "successful", "ok", "completed", "complete", "finished"})
BAD_WORDS: Final = frozenset({"error", "errored", "failed", "failure", "fail", "cancelled", "canceled", "timeout"})
BODY_NAMES: Final = {"request": ("request", "requestbody", "body"), "response": ("response", "responsebody")}
REQUIRED: Final = {
    "exchange_id": "name the field that is different in each record, or leave it as it is: the file and the line",
    "account_id": "name the field that says whose request it was, as your gateway knows it, not as callers wrote it",
    "requested_at": "name the field that says when the request came",
}
MAX_LISTED: Final = 60


def draft_map(argument: str | Path, limits: ReadLimits | None = None) -> str:
    """Return a first field map for one file, as TOML; it may lack required columns, and then says so.

    Raises:
        InputError: the file cannot be read, or holds no record to look at.
    """
    source = find_sources([argument])[0]
    form = form_of(source, limits or ReadLimits())
    sample, _ = sample_of(source, form, limits or ReadLimits())
    if not sample:
        raise InputError(
            source.name,
            "no record to draft a map from",
            got=form.container,
            expected="JSON, CSV or Parquet with at least one readable record",
        )
    known = [name for name, reader in READERS.items() if reader.recognises(sample) >= MOST]
    lines = list(_written(source.name, fields_of(sample), len(sample)))
    if known:
        lines.insert(
            0, f"# No map is needed: this file is read already, as {known[0]}. See: stillwatch records explain FILE"
        )
    return "\n".join(lines) + "\n"


def _written(source: str, fields: Sequence[Field], n_records: int) -> Iterator[str]:
    """Yield the lines of the draft."""
    yield f"# A draft for {printable(source)}, guessed from names and kinds in {n_records} records: check each line."
    yield "# Then: stillwatch records explain FILE --map THIS; docs/formats.md has what a line can say."
    yield 'name = "ours"'
    bodies = {key: one for key in BODY_NAMES if (one := _body(key, fields)) is not None}
    in_bodies = frozenset(name for key in bodies for name in FROM_BODIES[key])
    found = {name: one for name in NAMES if name not in in_bodies and (one := _best(name, fields, bodies)) is not None}
    words = None if "status" in found else _status_words(fields, bodies)
    if words is not None:
        found["status"] = words
    within = tuple(one.path for one in bodies.values())
    taken = {one.path for one in found.values()}
    left = [one for one in fields if one.path not in taken and not _is_within(one.path, within)]
    guessed = guesses(left, found, in_bodies)
    when = found.get("requested_at") or (guessed["requested_at"].field if "requested_at" in guessed else None)
    if when is not None and share(when.values, lambda value: is_time(value, None)) < MOST:
        yield 'time_zone = "UTC"  # the times name no zone: put in theirs'
    if bodies:
        yield "\n[bodies]"
        for key, one in bodies.items():
            yield _line(key, one.path, one, n_records)
    yield "\n[map]"
    for name in EXCHANGES.names:
        if name in guessed:
            yield from _guessed(name, guessed[name], n_records)
        else:
            yield from _column(name, found.get(name), n_records)
    used = {one.path for one in (*found.values(), *bodies.values(), *(g.field for g in guessed.values() if g.is_sure))}
    others = [one.path for one in fields if one.path not in used]
    if others:
        yield "\n# Other fields: " + ", ".join(printable(path, 80) for path in others[:MAX_LISTED])
        if len(others) > MAX_LISTED:
            yield f"# and {len(others) - MAX_LISTED} more"


def _column(name: str, one: Field | None, n_records: int) -> Iterator[str]:
    if one is not None:
        rule: str | None = None
        if name == "status" and not _fits(name, one.values):
            good = ", ".join(
                sorted({f"{v} = 200" for v in one.values if isinstance(v, str) and v.lower() in GOOD_WORDS})
            )
            line = f"status = {{ path = {_quoted(one.path)}, values = {{ {good} }}, default = 500 }}"
            yield f"{line}  # in {len(one.values) / n_records:.0%} of the records"
            return
        if name == "prompt" and share(one.values, lambda value: isinstance(decoded(value), list)) >= MOST:
            rule = "messages"
        elif name == "tool_names":
            rule = "tools"
        elif name in ("response", "system_prompt", "prompt") and not all(isinstance(v, str) for v in one.values):
            rule = "text"
        yield _line(name, one.path, one, n_records, rule)
    elif name == "exchange_id":
        yield f"exchange_id = {{ place = true }}  # {REQUIRED[name]}"
    elif name in REQUIRED:
        yield f'# {name} = "..."  # not found: {REQUIRED[name]}'


def _guessed(name: str, guess: Guess, n_records: int) -> Iterator[str]:
    """Yield the line of a guess from values, or, where it is not certain enough, the same as a comment."""
    path = _quoted(guess.field.path)
    value = path if guess.pattern is None else f"{{ path = {path}, format = {_quoted(guess.pattern)} }}"
    filled = f"in {len(guess.field.values) / n_records:.0%} of the records"
    if guess.is_sure:
        yield f"{name} = {value}  # {filled}; guessed from its values: {guess.why}"
        return
    if name == "exchange_id":
        yield from _column(name, None, n_records)
    yield f"# {name} = {value}  # NOT DECIDED, {filled}: {guess.why}"
    if name in REQUIRED:
        yield f"#   {REQUIRED[name]}"


def _line(name: str, path: str, one: Field, n_records: int, rule: str | None = None) -> str:
    text = _quoted(path)
    value = text if rule is None else f"{{ {rule} = {text} }}"
    return f"{name} = {value}  # in {len(one.values) / n_records:.0%} of the records"


def _quoted(path: str) -> str:
    """Return a TOML string whose every character is plain ASCII."""
    if path.isascii() and path.isprintable():
        return orjson.dumps(path).decode()
    return (
        '"'
        + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in path)
        + '"'
    )


def _body(key: str, fields: Sequence[Field]) -> Field | None:
    is_body = is_request_body if key == "request" else is_response_body
    fitting = [one for one in fields if share(one.values, is_body) >= MOST]
    named = [one for one in fitting if not set(BODY_NAMES[key]).isdisjoint(one.names)]
    return next(iter(named or fitting), None)


def is_request_body(value: object) -> bool:
    """Return whether a value is the body of a model request, as an object or as text."""
    return is_request(decoded(value))


def is_response_body(value: object) -> bool:
    """Return whether a value is the body of a model's answer, as an object or as text."""
    found = read_response(value) if mapping(decoded(value)) else None
    return found is not None and (found.text is not None or found.error_status is not None)


def _best(name: str, fields: Sequence[Field], bodies: Mapping[str, Field]) -> Field | None:
    """Return the field that fits a column best: by its name's place among the column's names, then as it comes."""
    within = tuple(one.path for one in bodies.values())
    ranked = [
        (NAMES[name].index(called), index)
        for index, one in enumerate(fields)
        for called in one.names
        if called in NAMES[name] and not _is_within(one.path, within) and _fits(name, one.values)
    ]
    return fields[min(ranked)[1]] if ranked else None


def _status_words(fields: Sequence[Field], bodies: Mapping[str, Field]) -> Field | None:
    """Return a field that says in words how each call went, as success or error."""
    within = tuple(one.path for one in bodies.values())
    for one in fields:
        if "status" in one.names and not _is_within(one.path, within):
            words = {str(value).lower() for value in one.values}
            if words <= GOOD_WORDS | BAD_WORDS and words & GOOD_WORDS:
                return one
    return None


def _is_within(path: str, bodies: Sequence[str]) -> bool:
    return any(path == body or path.startswith((f"{body}.", f"{body}[")) for body in bodies)


def _fits(name: str, values: Sequence[Any]) -> bool:
    if name == "exchange_id" and len({str(value) for value in values}) < DISTINCT * len(values):
        return False
    return share(values, CHECKS.get(name, _is_scalar)) >= MOST


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return number(value) is not None


def _is_content(value: object) -> bool:
    return isinstance(value, str | list | Mapping)


CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {  # what most values of a column's field must be; else a name
    "requested_at": lambda value: is_time(value, UTC),
    "status": lambda value: http_status(value) is not None,
    "ip": is_address_list,
    "tool_names": lambda value: isinstance(decoded(value), list),
    **dict.fromkeys(("prompt", "response", "system_prompt"), _is_content),
    **dict.fromkeys(("temperature", "n_choices", *(n for n in EXCHANGES.names if n.endswith("_tokens"))), _is_number),
}
