"""Attempts to log in, counted in sliding windows, so that guessing is slow and nobody is locked out for good.

Each attempt is counted before the password is looked at, so that many at once gain nothing. A device that logged in
before has a window of its own: strangers who guess at a name cannot keep its owner out.

Source: OWASP, Slow down online guessing attacks with device cookies.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stillwatch.store.desk.database import Database, instant, instant_text
from stillwatch.store.desk.session import derived

WINDOW: Final = timedelta(minutes=15)
MOST_BY_PAIR: Final = 5  # of one name from one address
MOST_BY_ADDRESS: Final = 30  # an office behind one address mistypes, too
MOST_BY_NAME: Final = 20  # of one name from all addresses without a known device
MOST_BY_DEVICE: Final = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an attempt comes from: the name tried, the address, and the device cookie, if it is valid for the name."""

    name: str
    address: str
    device: str | None = None

    def windows(self) -> dict[str, int]:
        """Return the windows that the attempt counts in, with how many each allows."""
        if self.device is not None:
            return {f"device:{self.device}": MOST_BY_DEVICE}
        name = hashlib.sha256(self.name.encode("utf-8", "replace")).hexdigest()  # it may be a password, mistyped
        return {
            f"pair:{name}|{self.address}": MOST_BY_PAIR,
            f"address:{self.address}": MOST_BY_ADDRESS,
            f"name:{name}": MOST_BY_NAME,
        }


def reserve(database: Database, origin: Origin) -> int:
    """Count an attempt and return 0, or return the seconds to wait, in which case it is not counted."""
    now = database.clock()
    since = instant_text(now - WINDOW)
    with database.writing() as connection:
        connection.execute("DELETE FROM attempt WHERE at <= ?", (since,))
        for window, most in origin.windows().items():
            rows = connection.execute("SELECT at FROM attempt WHERE bucket = ? ORDER BY at", (window,)).fetchall()
            if len(rows) >= most:
                opens_at = instant(rows[len(rows) - most]["at"]) + WINDOW
                return max(1, int((opens_at - now).total_seconds()) + 1)
        at = instant_text(now)
        connection.executemany("INSERT INTO attempt VALUES (?, ?)", [(at, window) for window in origin.windows()])
    return 0


def forgive(database: Database, origin: Origin) -> None:
    """Forget the attempts of somebody who logged in: all in windows that are theirs alone, and one in the others."""
    with database.writing() as connection:
        for window in origin.windows():
            if window.startswith(("pair:", "device:")):
                connection.execute("DELETE FROM attempt WHERE bucket = ?", (window,))
            else:
                newest = "SELECT MAX(rowid) FROM attempt WHERE bucket = ?"
                connection.execute(f"DELETE FROM attempt WHERE rowid = ({newest})", (window,))  # noqa: S608 - our own words


def device_cookie(database: Database, name: str) -> str:
    """Return a cookie that marks a device on which somebody logged in; it opens nothing by itself."""
    nonce = secrets.token_urlsafe(16)
    mark = derived(database, "device", f"{name}\n{nonce}")
    return f"{nonce}.{mark}"


def known_device(database: Database, name: str, cookie: str | None) -> str | None:
    """Return the device's own mark where the cookie was made here for that name, or null."""
    nonce, dot, mark = (cookie or "").partition(".")
    if not dot or len(nonce) > 64 or not mark.isascii():
        return None
    own = derived(database, "device", f"{name}\n{nonce}")
    return nonce if hmac.compare_digest(mark, own) else None
