"""Dotted paths into decoded JSON: ``caller.tenant.id``, ``choices[0].text``, ``headers["user-agent"]``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

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


def follow(value: Any, steps: Steps) -> Any:
    """Return what a path leads to, or None where it leads nowhere."""
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, Mapping):
                return None
            value = value.get(step)
        else:
            if not isinstance(value, Sequence) or isinstance(value, str) or not -len(value) <= step < len(value):
                return None
            value = value[step]
    return value
