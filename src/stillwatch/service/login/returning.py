"""Where to go after a login: a page of this console and never another site."""

from typing import Final
from urllib.parse import urlsplit

HOME: Final = "/"
MOST_CHARACTERS: Final = 2000


def safe_next(address: str) -> str:
    """Return an address within this console, or the home page where a browser could read it as another site's."""
    if not address.startswith("/") or address.startswith("//") or len(address) > MOST_CHARACTERS:
        return HOME
    if "\\" in address or any(not 0x20 < ord(character) < 0x7F for character in address):
        return HOME  # browsers turn backslashes into slashes and drop control characters
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    return address if not parts.scheme and not parts.netloc and not parts.path.startswith("/login") else HOME
