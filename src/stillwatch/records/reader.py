"""What a reader of one log format must do; each module in ``readers`` implements it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from stillwatch.records.outcome import Outcome, Record


class Session(Protocol):
    """One pass of a reader over all files of one run that hold its format; may hold state, for joins.

    Every record that is fed is answered by exactly one outcome, at once or in ``finish``; for a container
    (an OTLP line with many spans) that holds for each unit in it.
    """

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield what is known after one more record."""
        ...

    def finish(self) -> Iterator[Outcome]:
        """Yield what was held back for a partner record that never came."""
        ...


class Reader(Protocol):
    """One log format whose records are JSON objects."""

    @property
    def name(self) -> str:
        """The name under which the format can be asked for, as ``litellm``."""
        ...

    @property
    def title(self) -> str:
        """The format in words, for people."""
        ...

    @property
    def provides(self) -> frozenset[str]:
        """The canonical columns that this source can fill at all: its capabilities."""
        ...

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share, in [0, 1], of the sampled objects that have this format's own marks."""
        ...

    def mapping(self) -> Mapping[str, str]:
        """Return, for each canonical column, where its value comes from, in words for ``records explain``."""
        ...

    def session(self) -> Session:
        """Return a new pass."""
        ...
