"""What every route of the console works with."""

from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.service.console.pages import Pages
from stillwatch.service.console.security import LOOPBACK
from stillwatch.service.console.source import CaseSource


@dataclass(frozen=True, slots=True)
class ConsoleOptions:
    """How a console is served.

    Args:
        hosts: names under which it may be asked for; a request for another one is refused.
        state: the folder of what analysts write; null: read only.
    """

    hosts: tuple[str, ...] = LOOPBACK
    state: Path | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """What every route works with.

    Args:
        source: the case.
        pages: the templates.
        options: how it is served.
    """

    source: CaseSource
    pages: Pages
    options: ConsoleOptions = field(default_factory=ConsoleOptions)
