"""Times as custody writes them: UTC, to the second, ending in Z."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from stillwatch.errors import InputError

_FORM: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


def now() -> datetime:
    """Return the present second."""
    return datetime.now(UTC).replace(microsecond=0)


def instant_text(at: datetime) -> str:
    """Return an aware time as text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: Any, where: str) -> datetime:
    """Return the time that a text says.

    Raises:
        InputError: it is not of the form.
    """
    if isinstance(text, str) and _FORM.fullmatch(text):
        try:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            pass
    raise InputError(where, "is not a time", got=repr(text)[:60], expected="as 2026-11-26T09:00:00Z")
