"""Hostile values for every text of a case, and a way to plant them."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

from stillwatch.dossiers.case import Case

ATTACKS = {
    "script": "<script>window.__pwned=1</script>",
    "handler": '"><img src=x onerror=window.__pwned=1>',
    "attribute": "' onmouseover='window.__pwned=1' x='",
    "link": "javascript:window.__pwned=1//",
    "style": "</style><script>window.__pwned=1</script>",
    "title": "</title></script><svg onload=window.__pwned=1>",
    "comment": "<!-- ]]> --><iframe srcdoc='<script>parent.__pwned=1</script>'>",
    "template": "{{ 7*7 }}{% set pwned = 1 %}${7*7}#{7*7}",
    "entity": "&lt;script&gt;window.__pwned=1&lt;/script&gt;&#0;",
    "bidi": "acct_\u202e1gp.exe\u2066\u200b\ufeff",
    "control": "a\x00b\x1b[31m\x07\r\n\u2028\u0085c",
    "zalgo": "a" + "\u0301\u0489" * 2000,
    "huge": "<b>pwned" * 12_500,
    "wide": "\U0001f468\u200d\U0001f469" * 40 + "\u3164\u3000",
    "empty": "",
}


def plant(case: Case, value: Callable[[str], str]) -> Case:
    """Return the case with every free text replaced; names that the program itself looks at stay."""
    return _planted(case, value)


def plant_all(case: Case) -> Case:
    """Return the case with all attacks in turn, campaign ids kept apart by a number."""
    attacks, numbers = itertools.cycle(ATTACKS.values()), itertools.count()
    return plant(case, lambda _: f"{next(attacks)}{next(numbers)}")


def _planted(value: Any, change: Callable[[str], str], name: str = "") -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{f.name: _planted(getattr(value, f.name), change, f.name) for f in dataclasses.fields(value)}
        )
    if isinstance(value, tuple):
        return tuple(_planted(item, change, name) for item in value)
    if isinstance(value, str) and name not in ("schema", "leading_hypothesis"):
        return change(value)
    return value
