"""Text from a file made safe to print: no control character reaches a terminal, no direction mark turns a line."""

import unicodedata
from typing import Final

UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAX_SHOWN: Final = 200  # longer names tell nothing more


def printable(text: str, limit: int = MAX_SHOWN) -> str:
    """Return text with control, format and unassigned characters written as escapes, cut at the limit."""
    shown = "".join(_escaped(character) for character in text[:limit])
    return shown + ("..." if len(text) > limit else "")


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in UNSAFE_CATEGORIES:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
