"""Dotted paths into decoded JSON: ``caller.tenant.id``, ``choices[0].text``, ``headers["user-agent"]``."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from stillwatch.errors import UsageError
from stillwatch.records.readers.json_values import decoded

Steps: TypeAlias = tuple[str | int, ...]

STEP: Final = re.compile(r'(?:^|\.)([^.\[\]"\s]+)|\[(-?\d{1,9})\]|\["((?:[^"\\]|\\["\\])+)"\]')
MAX_STEPS: Final = 32  # deeper than any log


def parse_path(text: str) -> Steps:
    """Return the steps of a path.

    Raises:
        ValueError: the path is not one; the message says at which character.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = STEP.match(text, position)
        if found is None or (found[0].startswith(".") and not steps):
            raise ValueError(f"wrong at character {position + 1}")
        name, index, quoted = found.groups()
        steps.append(int(index) if index is not None else name or re.sub(r"\\(.)", r"\1", quoted))
        position = found.end()
    if not 0 < len(steps) <= MAX_STEPS:
        raise ValueError(f"has {len(steps)} steps")
    return tuple(steps)


def told_path(path: str) -> Steps:
    """Return the steps of a path that the user gave as ``--account``.

    Raises:
        UsageError: it is none.
    """
    try:
        return parse_path(path)
    except ValueError as error:
        raise UsageError(
            "--account", f"the path {error}", got=repr(path), expected='steps such as a.b["c.d"]'
        ) from error


def follow(value: Any, steps: Steps) -> Any:
    """Return what a path leads to, or None where it leads nowhere.

    A step into a text that holds JSON goes into that JSON, and a list of pairs (a map in Parquet) is an object.
    """
    for step in steps:
        value = _inside(value, step)
        if value is None:
            return None
    return value


def exists(value: Any, steps: Steps) -> bool:
    """Return whether a path leads somewhere, if only to null."""
    for step in steps[:-1]:
        value = _inside(value, step)
    within, last = _opened(value), steps[-1]
    if isinstance(last, str):
        return isinstance(within, Mapping) and last in within
    return _inside(within, last) is not None


def _inside(value: Any, step: str | int) -> Any:
    within = _opened(value)
    if isinstance(step, str):
        return within.get(step) if isinstance(within, Mapping) else None
    if not isinstance(within, list | tuple) or not -len(within) <= step < len(within):
        return None
    return within[step]


def _opened(value: Any) -> Any:
    if isinstance(value, str):
        return decoded(value)
    if isinstance(value, list) and value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        return {key: inner for key, inner in value if isinstance(key, str)}
    return value
