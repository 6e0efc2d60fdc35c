"""OTLP values to plain ones: key and value lists, integers as strings, dotted keys that stand for lists.

Source: OpenTelemetry protocol specification, JSON encoding; common.proto, AnyValue.
"""

from collections.abc import Mapping
from typing import Any, Final

from stillwatch.records.readers.json_values import number

MAX_DEPTH: Final = 32  # nested values; a tool's arguments inside a part inside a message need about 10
VALUE_FIELDS: Final = ("stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue")
INT64_END: Final = 2**63
MAX_KEY_PARTS: Final = 12  # llm.input_messages.0.message.tool_calls.0.tool_call.function.name has 9


def field(source: Mapping[str, Any], name: str) -> Any:
    """Return a field by its lowerCamelCase name, or by the snake_case name that older exporters write."""
    found = source.get(name)
    if found is not None:
        return found
    return source.get("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name))


def plain(value: object, depth: int = MAX_DEPTH) -> Any:
    """Return what an AnyValue holds; bytes and what lies too deep become None.

    A value that is no AnyValue is returned as it is: some exporters write plain JSON.
    """
    if not isinstance(value, Mapping):
        return value if isinstance(value, str | int | float | bool) else None
    if depth == 0:
        return None
    name = next((name for name in VALUE_FIELDS if field(value, name) is not None), "")
    held = field(value, name)
    if name == "arrayValue":
        return [plain(one, depth - 1) for one in _values(held)]
    if name == "kvlistValue":
        return attributes(_values(held), depth - 1)
    if name in ("intValue", "doubleValue"):
        return integer(held) if name == "intValue" else number(held)
    return held if isinstance(held, str if name == "stringValue" else bool) else None


def integer(value: object) -> int | None:
    """Return a 64-bit integer, exact also as a string of digits; a time in nanoseconds is beyond exact floats."""
    if isinstance(value, str) and len(value) < 24 and value.strip().lstrip("-").isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < INT64_END else None


def attributes(entries: object, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Return a list of keys and values as a dictionary; of a repeated key the last one stands."""
    if isinstance(entries, Mapping):  # written as an object by exporters that are not OTLP's own
        return {key: plain(value, depth) for key, value in entries.items() if isinstance(key, str)}
    found: dict[str, Any] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("key"), str):
            found[entry["key"]] = plain(entry.get("value"), depth)
    return found


def _values(held: object) -> Any:
    if isinstance(held, Mapping):
        held = held.get("values")
    return held if isinstance(held, list) else []


def indexed(flat: Mapping[str, Any], prefix: str) -> list[Any]:
    """Return the list that dotted keys such as ``gen_ai.prompt.0.role`` spell out, in the order of their numbers.

    Args:
        flat: attributes by their dotted names.
        prefix: the list's name with the dot after it.
    """
    root = _Node()
    for key, value in flat.items():
        if not key.startswith(prefix):
            continue
        parts = key[len(prefix) :].split(".", MAX_KEY_PARTS)
        node = root
        for part in parts[:-1]:
            inner = node.get(part)
            if not isinstance(inner, _Node):
                inner = node[part] = _Node()
            node = inner
        if not isinstance(node.get(parts[-1]), _Node):
            node[parts[-1]] = value
    found = _listed(root)
    return found if isinstance(found, list) else []


class _Node(dict[str, Any]):
    """An inner node of the tree of dotted keys, apart from attribute values that are dictionaries."""


def _listed(node: Mapping[str, Any]) -> Any:
    opened = {key: _listed(value) if isinstance(value, _Node) else value for key, value in node.items()}
    if opened and all(key.isascii() and key.isdecimal() and len(key) < 10 for key in opened):  # below 2**31
        return [opened[key] for key in sorted(opened, key=int)]
    return opened
