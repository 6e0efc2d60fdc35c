"""Passwords: Argon2id hashes, and checks that take the same time whoever is asked for.

Source: RFC 9106, Argon2; OWASP password storage cheat sheet.
"""

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from stillwatch.errors import DeskError

LEAST_CHARACTERS: Final = 12  # NIST SP 800-63B asks for at least 8, and for 15 where it is the only factor
MOST_CHARACTERS: Final = 1024
MOST_AT_ONCE: Final = 2  # each check takes 64 MiB; more at once would let strangers use up the memory


class Passwords:
    """Hashes and checks passwords.

    Args:
        hasher: by default Argon2id with RFC 9106's second recommendation (64 MiB, three passes).
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash of a new password.

        Raises:
            DeskError: it is too short or too long.
        """
        if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
            raise DeskError(
                "password",
                "is too short or too long",
                got=f"{len(password)} characters",
                expected=f"{LEAST_CHARACTERS} to {MOST_CHARACTERS}",
                fix="A few words together are easy to keep in mind.",
            )
        with self._turn:
            return self._hasher.hash(password)

    def fits(self, password: str, kept: str | None) -> bool:
        """Return whether a password fits the kept hash; without one, a check takes as long and fails."""
        if len(password) > MOST_CHARACTERS:
            return False
        with self._turn:
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (Argon2Error, InvalidHashError):
                return False
        return kept is not None
