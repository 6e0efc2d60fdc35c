"""A dossier as bytes and back: ``dossier.json``.

``dossier_from_json(dossier_to_json(d)) == d``, and equal dossiers give equal bytes. Reading is strict. A document of an
older schema is migrated step by step before it is read; one of a newer schema is refused by its name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import orjson

from stillwatch.dossiers.codec import MismatchError, decode, encode, parse, shown
from stillwatch.dossiers.dossier import DOCUMENT, SCHEMA_NAME, Dossier
from stillwatch.dossiers.number import Statement, refs_of
from stillwatch.dossiers.refusals import reading, writing
from stillwatch.dossiers.weighed_part import STANDINGS

MIGRATIONS: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""For each older schema, the step to the next; a step takes and returns plain values and never fails on valid ones."""


def dossier_to_json(dossier: Dossier) -> bytes:
    """Return ``dossier.json``: UTF-8, indented by two, keys in the order of the fields, a final newline.

    Raises:
        OutputError: the dossier names a number that it does not hold, or holds what JSON cannot.
    """
    with writing(DOCUMENT, "dossier"):
        plain = encode(dossier, Dossier, "dossier")
        _check(dossier)
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def dossier_from_json(document: bytes) -> Dossier:
    """Return the dossier that a document of this or an older schema holds.

    Raises:
        InputError: the document is not JSON, has an unknown schema, or breaks it; the refusal names the place.
    """
    with reading(DOCUMENT, SCHEMA_NAME):
        dossier: Dossier = decode(migrated(parse(document)), Dossier, "dossier")
        _check(dossier)
        return dossier


def migrated(plain: Any) -> Any:
    """Return the plain values of a document brought up to the present schema.

    Raises:
        MismatchError: its schema is neither the present one nor one that a migration starts from.
    """
    while isinstance(plain, dict) and plain.get("schema") != SCHEMA_NAME:
        name = plain.get("schema")
        step = MIGRATIONS.get(name) if isinstance(name, str) else None
        if step is None:
            raise MismatchError("schema", shown(name), " or ".join([*MIGRATIONS, SCHEMA_NAME]))
        plain = step(plain)
    return plain


def statements_in(part: Any) -> Iterator[Statement]:
    """Yield every statement of a dossier or of a part of it."""
    if isinstance(part, Statement):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from statements_in(item)
    elif is_dataclass(part):
        for field in fields(part):
            yield from statements_in(getattr(part, field.name))


def _check(dossier: Dossier) -> None:
    """Refuse a number named twice, a statement that names an unknown number, and an unknown standing."""
    refs = [number.ref for number in dossier.numbers]
    known = set(refs)
    if len(known) != len(refs):
        twice = next(ref for ref in refs if refs.count(ref) > 1)
        raise MismatchError("dossier.numbers", f"{shown(twice)} twice", "each reference once")
    for statement in statements_in(dossier):
        for ref in refs_of(statement):
            if ref not in known:
                raise MismatchError("dossier", f"a statement that names {shown(ref)}", "a reference of dossier.numbers")
    for criterion in dossier.criteria:
        if criterion.standing not in STANDINGS:
            raise MismatchError("dossier.criteria", shown(criterion.standing), ", ".join(STANDINGS))
