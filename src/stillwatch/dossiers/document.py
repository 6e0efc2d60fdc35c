"""A case as bytes and back: ``campaigns.json``.

``from_json(to_json(case)) == case`` for every case that ``to_json`` accepts, and equal cases give equal bytes.
Reading is strict: an unknown key, a missing key, a wrong type, a broken count or a number out of range is refused
with the place where it stands.
"""

from typing import Any, Final

import orjson

from stillwatch.dossiers.case import SCHEMA_NAME, Case
from stillwatch.dossiers.codec import MismatchError, decode, encode, parse, shown
from stillwatch.dossiers.invariants import first_broken
from stillwatch.dossiers.refusals import reading, writing

DOCUMENT: Final = "campaigns.json"


def to_json(case: Case) -> bytes:
    """Return ``campaigns.json`` for a case: UTF-8, indented by two, keys in the order of the fields, a final newline.

    Raises:
        OutputError: the case holds what the document cannot: a number that is not finite, a naive time, or counts
            that do not add up.
    """
    with writing(DOCUMENT, "case"):
        plain = encode(case, Case, "case")
        _check(case)
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def from_json(document: bytes) -> Case:
    """Return the case that a document holds.

    Raises:
        InputError: the document is not JSON, has another schema, or breaks it; the refusal names the place.
    """
    with reading(DOCUMENT, SCHEMA_NAME):
        plain = parse(document)
        _check_schema(plain)
        case: Case = decode(plain, Case, "case")
        _check(case)
        return case


def _check_schema(plain: Any) -> None:
    """Refuse a document of another schema by its name, before its first unknown key confuses the reader."""
    if isinstance(plain, dict) and plain.get("schema") != SCHEMA_NAME:
        raise MismatchError("schema", shown(plain.get("schema")), SCHEMA_NAME)


def _check(case: Case) -> None:
    broken = first_broken(case)
    if broken is not None:
        raise MismatchError(broken.path, broken.got, broken.expected)
