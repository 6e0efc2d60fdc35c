"""What was taken, by model and by capability. Numbers stand by their reference."""

from dataclasses import dataclass

from stillwatch.dossiers.number import Statement


@dataclass(frozen=True, slots=True)
class Take:
    """What was taken from one model, by reference; ``price`` is null without a price list."""

    model: str
    exchanges: str
    input_tokens: str
    cached_tokens: str
    output_tokens: str
    price: str | None


@dataclass(frozen=True, slots=True)
class Capability:
    """The share of the slice that exercises one capability, beside the traffic at large, by reference."""

    name: str
    share: str
    at_large: str


@dataclass(frozen=True, slots=True)
class TakenPart:
    """What was taken: capabilities, exchanges, tokens and their price at list."""

    summary: tuple[Statement, ...]
    takes: tuple[Take, ...]
    capabilities: tuple[Capability, ...]
