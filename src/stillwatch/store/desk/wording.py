"""Text that people type into the desk: bounded, Unicode, without control characters."""

import unicodedata
from typing import Final

from stillwatch.errors import DeskError

MOST_CHARACTERS: Final = 4000  # of a note or a reason; two pages
REFUSED: Final = frozenset({"Cc", "Cs", "Co", "Cn"})  # what no keyboard types; direction marks are shown as such
ALLOWED: Final = frozenset("\n\r\t")


def check_text(where: str, name: str, text: str, *, is_needed: bool = False, most: int = MOST_CHARACTERS) -> None:
    """Refuse text that is too long, holds control characters, or is empty where it is needed.

    Raises:
        DeskError: what is wrong with it.
    """
    if is_needed and not text.strip():
        raise DeskError(where, f"the {name} is empty", fix=f"Give a {name}: others have to understand it later.")
    if len(text) > most:
        raise DeskError(where, f"the {name} is too long", got=f"{len(text):,} characters", expected=f"at most {most:,}")
    bad = next((c for c in text if unicodedata.category(c) in REFUSED and c not in ALLOWED), None)
    if bad is not None:
        raise DeskError(where, f"the {name} holds a control character", got=ascii(bad))
