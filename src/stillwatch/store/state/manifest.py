"""The manifest: what belongs to a state, by reference. The same additions give the same bytes.

Nothing in it tells the time at which it was written, so that a run that was killed and repeated leaves the bytes of
one that was not. It holds its own digest: a manifest that was edited or torn is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any, Final

from stillwatch.errors import StateError
from stillwatch.store.state.vault import RESTORE

SCHEMA_NAME: Final = "stillwatch.state/1"


@dataclass(frozen=True, slots=True)
class Segment:
    """The sketches of one day that one addition brought; never changed, only replaced or dropped.

    Args:
        day: the UTC day, as 2026-03-01.
        sketches: reference of the Parquet file.
        history: reference of the day's counts by account, which may outlive the sketches.
        n_rows: exchanges in it.
    """

    day: str
    sketches: str
    history: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class History:
    """A day's counts by account whose sketches were pruned."""

    day: str
    counts: str


@dataclass(frozen=True, slots=True)
class Addition:
    """What one scan brought: ``read == used + quarantined + out_of_scope`` when it was added.

    Args:
        number: 1 for the first.
        read, used: records; exchanges that were new.
        quarantined, out_of_scope: counts by reason.
        quarantine: reference of the places and reasons.
        segments: by day, those that are left.
        n_erased, n_pruned: exchanges that were taken out again, of erased accounts and by age.
    """

    number: int
    read: int
    used: int
    quarantined: Mapping[str, int]
    out_of_scope: Mapping[str, int]
    quarantine: str
    segments: tuple[Segment, ...]
    n_erased: int = 0
    n_pruned: int = 0


@dataclass(frozen=True, slots=True)
class Book:
    """The campaigns as known after a scan.

    Args:
        as_of: the last day of the window that was analysed.
        since: its first day.
        campaigns: reference of the records with their events.
        slices: reference of which account took part on which day.
    """

    as_of: str
    since: str
    campaigns: str
    slices: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a state consists of.

    Args:
        key_id: names the key that all sketches were made with.
        sketches: version and weights of the sketches; others cannot be compared with them.
        additions: in order.
        inputs: SHA-256 of every input that was added.
        accounts, authorisations: references of the tables as last told, or null.
        book: the campaigns now, or null before the first analysis.
        earlier_book: the campaigns before the last addition, from which its analysis started.
        histories: counts by account of days whose sketches were pruned.
        case: file name to reference: the last case.
        pruned_before: days before this one are not taken in any more, or null.
        kept_out: keyed hashes of accounts that were erased and shall not come back.
    """

    key_id: str
    sketches: Mapping[str, str]
    additions: tuple[Addition, ...] = ()
    inputs: tuple[str, ...] = ()
    accounts: str | None = None
    authorisations: str | None = None
    book: Book | None = None
    earlier_book: Book | None = None
    histories: tuple[History, ...] = ()
    case: Mapping[str, str] = field(default_factory=dict)
    pruned_before: str | None = None
    kept_out: tuple[str, ...] = ()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments, by addition and day."""
        return tuple(segment for addition in self.additions for segment in addition.segments)

    def references(self) -> frozenset[str]:
        """Return every object that the state consists of."""
        books = [book for book in (self.book, self.earlier_book) if book is not None]
        return frozenset(
            reference
            for reference in (
                *(part for segment in self.segments for part in (segment.sketches, segment.history)),
                *(addition.quarantine for addition in self.additions),
                *(part for book in books for part in (book.campaigns, book.slices)),
                *(one.counts for one in self.histories),
                *self.case.values(),
                self.accounts,
                self.authorisations,
            )
            if reference is not None
        )

    def with_addition(self, addition: Addition, digests: tuple[str, ...]) -> "Manifest":
        """Return the manifest with one more addition; its analysis starts from the campaigns of before."""
        return replace(
            self,
            additions=(*self.additions, addition),
            inputs=tuple(sorted({*self.inputs, *digests})),
            earlier_book=self.book,
        )


def days_between(first: str, last: str) -> int:
    """Return the number of days from one day to another."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def to_bytes(manifest: Manifest) -> bytes:
    """Return the manifest as JSON with its own digest; equal manifests give equal bytes."""
    body = {"schema": SCHEMA_NAME, **asdict(manifest)}
    return (_json({**body, "sha256": hashlib.sha256(_json(body).encode()).hexdigest()}) + "\n").encode()


def from_bytes(content: bytes, where: str) -> Manifest:
    """Return the manifest that some bytes hold.

    Raises:
        StateError: they hold none, or were changed.
    """
    try:
        body = json.loads(content.decode())
        digest = body.pop("sha256")
        schema = body.pop("schema")
    except (UnicodeDecodeError, ValueError, KeyError, AttributeError, TypeError):
        raise StateError(where, "the manifest is torn", fix=RESTORE) from None
    if schema != SCHEMA_NAME:
        raise StateError(where, "the state is of another version", got=ascii(schema)[:40], expected=SCHEMA_NAME)
    if digest != hashlib.sha256(_json({"schema": schema, **body}).encode()).hexdigest():
        raise StateError(where, "the manifest was changed", got="another digest than its own", fix=RESTORE)
    try:
        return _manifest(body)
    except (KeyError, TypeError, ValueError):
        raise StateError(where, "the manifest breaks its schema", expected=SCHEMA_NAME, fix=RESTORE) from None


def _manifest(body: dict[str, Any]) -> Manifest:
    if not body.keys() <= {one.name for one in fields(Manifest)}:
        raise ValueError("unknown key")
    additions = tuple(
        Addition(**{**row, "segments": tuple(Segment(**segment) for segment in row["segments"])})
        for row in body.pop("additions")
    )
    books = {name: None if body[name] is None else Book(**body[name]) for name in ("book", "earlier_book")}
    lists = {name: tuple(body[name]) for name in ("inputs", "kept_out")}
    histories = tuple(History(**row) for row in body["histories"])
    return Manifest(**{**body, **books, **lists, "additions": additions, "histories": histories})


def _json(body: Any) -> str:
    return json.dumps(body, sort_keys=True, indent=1)
