"""What a reader of one log format must do; each module in ``readers`` implements it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from stillwatch.records.outcome import Outcome, Record

LOGGED_CALL: Final = frozenset(
    {"exchange_id", "account_id", "requested_at", "model", "platform", "conversation_id", "turn", "system_prompt"}
    | {"prompt", "response", "tool_names", "n_choices", "temperature", "max_tokens", "input_tokens"}
    | {"output_tokens", "reasoning_tokens", "cached_tokens", "status", "refused", "ip", "user_agent"}
    | {"api_key_id", "thinking_signatures"}
)
"""Canonical columns that a gateway's log of whole calls fills: who called, from where, and both bodies."""


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


@dataclass(frozen=True, slots=True)
class OneByOne:
    """A session of a format whose records stand alone: each is answered at once, and none is held back.

    Args:
        outcome: answers a record; may keep what it saw of earlier ones.
    """

    outcome: Callable[[Record], Outcome]

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield the one outcome of a record."""
        yield self.outcome(record)

    def finish(self) -> Iterator[Outcome]:
        """Yield nothing: no record is held back."""
        return iter(())


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
