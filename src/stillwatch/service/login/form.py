"""Forms: URL-encoded bodies, read within limits."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from stillwatch.errors import UsageError

MOST_BYTES: Final = 2_000_000  # 30,000 accounts of a split fit
MOST_FIELDS: Final = 30_100
TYPE: Final = "application/x-www-form-urlencoded"


class BodyError(UsageError):
    """A request's body is too large or of another kind."""

    code = "bad-body"


class BodySizeError(BodyError):
    """A request's body is too large."""

    http_status = 413


class Form:
    """The fields of a form; a field may stand several times."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """Return a field's first value, or an empty text."""
        return self._fields.get(name, [""])[0]

    def number(self, name: str) -> int:
        """Return a field as a count; 0 where it is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return tuple(self._fields.get(name, ()))


async def read_form(request: Request) -> Form:
    """Return the form in a request's body.

    Raises:
        BodyError: it is no URL-encoded form, or larger than any of ours.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise BodySizeError("body", "is too large", got=f"over {MOST_BYTES:,} bytes", expected="a form")
    if body and kind != TYPE:
        raise BodyError("body", "is no form", got=ascii(kind)[:60], expected=TYPE)
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:  # not ASCII, not UTF-8 behind the percent signs, or too many fields
        raise BodyError("body", "is no form", expected=TYPE) from None
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(fields)
