"""The JSON Schema of a document from its dataclasses, so that what is published and what is read are one."""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from stillwatch.dossiers.codec import INT_MAX

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
TIME: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"


def schema_of(kind: type, name: str, title: str, consts: dict[str, str]) -> dict[str, Any]:
    """Return the schema (draft 2020-12) of documents of a dataclass.

    Args:
        kind: the dataclass of the whole document.
        name: its identifier.
        title: the file's name.
        consts: fields of the document that have one value only.
    """
    parts: dict[str, Any] = {}
    whole = _object(kind, parts)
    whole["properties"] |= {field: {"const": value} for field, value in consts.items()}
    return {"$schema": DRAFT, "$id": name, "title": title, **whole, "$defs": dict(sorted(parts.items()))}


def _object(kind: type, parts: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {
        "description": (kind.__doc__ or "").strip().split("\n")[0],
        "type": "object",
        "properties": {field.name: _value(hints[field.name], parts) for field in fields(kind)},
        "required": [field.name for field in fields(kind) if field.default is MISSING],
        "additionalProperties": False,
    }


def _value(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one kind after the other
    if get_origin(kind) in (Union, types.UnionType):
        known = next(one for one in get_args(kind) if one is not type(None))
        return {"anyOf": [_value(known, parts), {"type": "null"}]}
    if get_origin(kind) is tuple:
        items = get_args(kind)
        if items[-1] is Ellipsis:
            return {"type": "array", "items": _value(items[0], parts)}
        prefix = [_value(item, parts) for item in items]
        return {"type": "array", "prefixItems": prefix, "minItems": len(items), "maxItems": len(items)}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in parts:
            parts[kind.__name__] = {}
            parts[kind.__name__] = _object(kind, parts)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if kind is datetime:
        return {"type": "string", "format": "date-time", "pattern": TIME}
    if kind is int:
        return {"type": "integer", "minimum": 0, "maximum": INT_MAX}
    return {"type": {float: "number", str: "string", bool: "boolean"}[kind]}
