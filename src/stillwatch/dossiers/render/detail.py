"""How much of each group a report shows, so that a report of many groups keeps to its size."""

from dataclasses import dataclass
from typing import Final

MANY_GROUPS: Final = 12  # up to here the full detail stays below 2 MB


@dataclass(frozen=True, slots=True)
class Detail:
    """Limits a group; what goes beyond them is counted in the report and stands in the files beside it.

    Args:
        max_edges: links drawn in the graph and the matrix, the strongest.
        has_matrix: the adjacency matrix is drawn beside the graph.
        max_bins: steps drawn over time.
        n_listed: accounts named in the table.
        n_pairs: pairs laid out as waterfalls.
        n_rivals: hypotheses whose evidence is drawn; the strongest of the others' is told in a line.
    """

    max_edges: int
    has_matrix: bool
    max_bins: int
    n_listed: int
    n_pairs: int
    n_rivals: int


FULL: Final = Detail(max_edges=700, has_matrix=True, max_bins=120, n_listed=300, n_pairs=5, n_rivals=20)
COMPACT: Final = Detail(max_edges=200, has_matrix=False, max_bins=48, n_listed=40, n_pairs=1, n_rivals=2)


def detail_for(n_groups: int) -> Detail:
    """Return the detail for a report of so many groups."""
    return FULL if n_groups <= MANY_GROUPS else COMPACT
