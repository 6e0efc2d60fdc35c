"""The blocks that a dossier is laid out in, the same for every medium; values from outside stand apart from our words."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Words:
    """Our own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value from outside: made inert for the medium, never read as markup."""

    text: str
    is_code: bool = False  # an identifier: set in a fixed width


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in the reader's form, with its print number in the register and its reference."""

    text: str
    number: int
    ref: str
    spread: str = ""  # its interval, in tables


Span: TypeAlias = Words | Value | Figure
Spans: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of standing with a tone: for, against, mixed, quiet or sum."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from ``start`` to ``end`` on a scale from ``low`` to ``high``, with its tone."""

    start: float
    end: float
    low: float
    high: float
    tone: str


Cell: TypeAlias = Spans | Mark | Bar | tuple[Spans, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 2 or 3, with an anchor."""

    level: int
    text: Spans
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a lead stands out, a note stands back."""

    spans: Spans
    kind: str = "plain"  # plain, lead or note


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[Spans, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the three parts at the top: a title, a confidence and what is said."""

    title: str
    confidence: str
    said: tuple[Spans, ...]
    because: tuple[Spans, ...]


@dataclass(frozen=True, slots=True)
class Panels:
    """Panels side by side where there is room."""

    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Key figures at a glance: a label and a figure each."""

    items: tuple[tuple[str, Spans], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, and whether it holds numbers."""

    title: str
    is_number: bool = False
    width: int = 1  # relative


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; a cell is spans, several of them one below the other, a mark or a bar."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str = "plain"  # plain, or register where rows have anchors
    anchors: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Days:
    """Counts over time as columns: the slice, and the members' other traffic on top of it."""

    caption: str
    labels: tuple[str, ...]  # of the first and the last step
    slice_counts: tuple[int, ...]
    other_counts: tuple[int, ...]


Block: TypeAlias = Heading | Paragraph | Bullets | Panels | Facts | Table | Days


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole dossier as blocks."""

    title: Spans
    subtitle: Spans
    verdict: Spans
    is_accusation: bool
    blocks: tuple[Block, ...]
    footer: str
