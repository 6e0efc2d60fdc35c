"""Long lists in pages of a bounded size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page stands in its list.

    Args:
        page: 1 is the first; the last one where a later one was asked for.
        n_pages: at least 1.
        first: number of the first row shown, from 1; 0 where there is none.
        last: number of the last row shown.
        n_rows: rows of the whole list.
        previous: the address of the page before, or null.
        next: the address of the page after, or null.
    """

    page: int
    n_pages: int
    first: int
    last: int
    n_rows: int
    previous: str | None
    next: str | None


def paging(n_rows: int, page: int, size: int, address: Callable[[int], str]) -> Paging:
    """Return where a page of ``size`` rows stands in a list of ``n_rows``."""
    n_pages = max(1, -(-n_rows // size))
    page = min(page, n_pages)
    first = (page - 1) * size
    last = min(first + size, n_rows)
    return Paging(
        page,
        n_pages,
        first + 1 if n_rows else 0,
        last,
        n_rows,
        address(page - 1) if page > 1 else None,
        address(page + 1) if page < n_pages else None,
    )


def paged(rows: Sequence[Row], page: int, size: int, address: Callable[[int], str]) -> tuple[Sequence[Row], Paging]:
    """Return the rows of a page of a list that is at hand, and where it stands."""
    where = paging(len(rows), page, size, address)
    return rows[max(where.first - 1, 0) : where.last], where
