"""The links of a group as a drawing and as a matrix, from positions that were laid out before."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from stillwatch.dossiers.drawn import Edge, Graph
from stillwatch.dossiers.render.charts.svg import element

SIZE: Final = 1000  # of the drawing's own coordinates
MARGIN: Final = 24
SURE: Final = 0.5  # membership above which a dot is filled
FEW_NODES: Final = 60  # few nodes are drawn larger
HILBERT_BITS: Final = 8  # 256 by 256 cells tell 300 nodes apart
EDGE_CLASSES: Final = 3  # thin, middle, thick, by thirds of the strongest link


@dataclass(frozen=True, slots=True)
class Network:
    """Both drawings, and how many links there are and are drawn; ``n_links`` counts the drawn links a node."""

    drawing: Markup
    matrix: Markup
    n_edges: int
    n_drawn: int
    n_links: tuple[int, ...]
    order: tuple[int, ...]  # the nodes as drawn, surest first


def network(graph: Graph, max_edges: int) -> Network:
    """Return the drawings of a graph with its strongest links, for more turn into a smudge.

    The rows of the matrix follow a space-filling curve through the drawing, so that neighbours stand together.
    """
    strongest = sorted(graph.edges, key=lambda edge: (-edge.bits, edge.a, edge.b))[:max_edges]
    order = tuple(sorted(range(len(graph.nodes)), key=lambda i: (-graph.nodes[i].p_member, i)))
    degrees = Counter(index for edge in strongest for index in (edge.a, edge.b))
    return Network(
        _drawing(graph, strongest, order),
        _matrix(graph, strongest),
        len(graph.edges),
        len(strongest),
        tuple(degrees[i] for i in range(len(graph.nodes))),
        order,
    )


def _drawing(graph: Graph, edges: list[Edge], order: tuple[int, ...]) -> Markup:
    places = [(_place(node.x), _place(node.y)) for node in graph.nodes]
    top = max((edge.bits for edge in edges), default=0.0)
    paths: list[list[str]] = [[] for _ in range(EDGE_CLASSES)]
    for edge in edges:
        (x1, y1), (x2, y2) = places[edge.a], places[edge.b]
        rank = min(EDGE_CLASSES - 1, int(edge.bits / top * EDGE_CLASSES)) if top > 0 and edge.bits > 0 else 0
        paths[rank].append(f"M{x1} {y1}L{x2} {y2}")
    lines = [element("path", class_=f"e{rank}", d="".join(parts)) for rank, parts in enumerate(paths) if parts]
    dots = [
        element("path", class_=tone, d="".join(f"M{places[i][0]} {places[i][1]}h0" for i in chosen))
        for tone, chosen in (
            ("dots sure", [i for i in order if graph.nodes[i].p_member >= SURE]),
            ("dots", [i for i in order if graph.nodes[i].p_member < SURE]),
        )
        if chosen
    ]
    size = "network few" if len(places) <= FEW_NODES else "network"
    return element("svg", *lines, *dots, class_=size, viewBox=f"0 0 {SIZE} {SIZE}", aria_hidden="true")


def _matrix(graph: Graph, edges: list[Edge]) -> Markup:
    n = len(graph.nodes)
    curve = sorted(range(n), key=lambda i: (_hilbert(graph.nodes[i].x, graph.nodes[i].y), i))
    row_of = {node: row for row, node in enumerate(curve)}
    pairs = {(row_of[edge.a], row_of[edge.b]) for edge in edges}
    order = sorted(pairs | {(b, a) for a, b in pairs})
    cells, x, y = [], 0, 0
    for row, column in order:
        cells.append(f"m{column - x} {row - y}h1")
        x, y = column + 1, row
    box = f"0 -.5 {max(1, n)} {max(1, n)}"  # a stroke lies half above its line
    return element(
        "svg",
        element("path", d="".join(cells) or None),
        class_="matrix",
        viewBox=box,
        aria_hidden="true",
        shape_rendering="crispEdges",
    )


def _hilbert(x: float, y: float) -> int:
    """Return the place of a point along the Hilbert curve of a fine grid over the unit square.

    Source: Hilbert 1891, "Ueber die stetige Abbildung einer Linie auf ein Flaechenstueck".
    """
    side = 1 << HILBERT_BITS
    column, row = (min(side - 1, max(0, int(v * side))) for v in (x, y))
    place, half = 0, side >> 1
    while half:
        right, below = int(bool(column & half)), int(bool(row & half))
        place += half * half * ((3 * right) ^ below)
        if not below:  # turn the quadrant so that the curve stays in one piece
            if right:
                column, row = side - 1 - column, side - 1 - row
            column, row = row, column
        half >>= 1
    return place


def _place(fraction: float) -> int:
    return round(MARGIN + fraction * (SIZE - 2 * MARGIN))
