"""What the console asks of a login provider; ``provider`` is the one for OpenID Connect, an extra."""

from collections.abc import Mapping
from typing import Protocol

from stillwatch.store.desk.database import Database
from stillwatch.store.desk.person import Person


class LoginProvider(Protocol):
    """Logs people in somewhere else."""

    def address(self, database: Database, token: str) -> str:
        """Return where to send a browser whose visit has that token."""
        ...

    def person(self, database: Database, token: str, answer: Mapping[str, str]) -> Person:
        """Return who came back; raises NotAllowedError where nobody may come in."""
        ...
