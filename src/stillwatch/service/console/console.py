"""What every route of the console works with."""

from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.errors import NotAllowedError
from stillwatch.pipeline.proposing import Registers
from stillwatch.service.console.pages import Pages
from stillwatch.service.console.security import LOOPBACK
from stillwatch.service.console.source import Source
from stillwatch.service.login.flow import LoginProvider
from stillwatch.service.login.gate import GateOptions
from stillwatch.service.login.password import Passwords
from stillwatch.store.desk.database import Database


@dataclass(frozen=True, slots=True)
class DossierOptions:
    """How dossiers are made from the console.

    Args:
        folder: where they are kept; null: none are made.
        signing_key: the key that signs them, or null: unsigned.
        trust: the trust file that says whose keys are believed; needed to sign and to verify.
    """

    folder: Path | None = None
    signing_key: Path | None = None
    trust: Path | None = None


@dataclass(frozen=True, slots=True)
class ConsoleOptions:
    """How a console is served.

    Args:
        hosts: names under which it may be asked for; a request for another one is refused.
        desk: where what analysts do rests; null: read only.
        gate: what a request needs to be let through.
        registers: the registry and the accounts table, read for each proposal.
        passwords: how passwords are hashed; null: the recommended way.
        provider: a login provider, or null.
        dossiers: how dossiers are made from the console.
    """

    hosts: tuple[str, ...] = LOOPBACK
    desk: Database | None = None
    gate: GateOptions = field(default_factory=GateOptions)
    registers: Registers = field(default_factory=Registers)
    passwords: Passwords | None = None
    provider: LoginProvider | None = None
    dossiers: DossierOptions = field(default_factory=DossierOptions)


@dataclass(frozen=True, slots=True)
class Console:
    """What every route works with.

    Args:
        source: the case as it stands, and as the desk holds it.
        pages: the templates.
        options: how it is served.
    """

    source: Source
    pages: Pages
    options: ConsoleOptions = field(default_factory=ConsoleOptions)

    @property
    def desk(self) -> Database:
        """Return the desk.

        Raises:
            NotAllowedError: the console is read only.
        """
        if self.options.desk is None:
            raise NotAllowedError("console", "is read only", fix="Start it with a desk that can be written.")
        return self.options.desk
