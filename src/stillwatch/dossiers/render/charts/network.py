"""The links of a group as a drawing and as a matrix, from positions that were laid out before."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from stillwatch.dossiers.case import Edge, Graph
from stillwatch.dossiers.render.charts.svg import element

SIZE: Final = 1000  # of the drawing's own coordinates
MARGIN: Final = 24
MAX_EDGES: Final = 700  # the strongest are drawn; more turns into a smudge
EDGE_CLASSES: Final = 3  # thin, middle, thick, by thirds of the strongest link


@dataclass(frozen=True, slots=True)
class Network:
    """Both drawings, and how many links there are and are drawn; ``n_links`` counts the drawn links a node."""

    drawing: Markup
    matrix: Markup
    n_edges: int
    n_drawn: int
    n_links: tuple[int, ...]


def network(graph: Graph) -> Network:
    """Return the drawing of a graph; the rows of the matrix are in the order of the nodes."""
    strongest = sorted(graph.edges, key=lambda edge: (-edge.bits, edge.a, edge.b))[:MAX_EDGES]
    degrees = Counter(index for edge in strongest for index in (edge.a, edge.b))
    return Network(
        _drawing(graph, strongest),
        _matrix(len(graph.nodes), strongest),
        len(graph.edges),
        len(strongest),
        tuple(degrees[i] for i in range(len(graph.nodes))),
    )


def _drawing(graph: Graph, edges: list[Edge]) -> Markup:
    places = [(_place(node.x), _place(node.y)) for node in graph.nodes]
    top = max((edge.bits for edge in edges), default=0.0)
    paths: list[list[str]] = [[] for _ in range(EDGE_CLASSES)]
    for edge in edges:
        (x1, y1), (x2, y2) = places[edge.a], places[edge.b]
        rank = min(EDGE_CLASSES - 1, int(edge.bits / top * EDGE_CLASSES)) if top > 0 and edge.bits > 0 else 0
        paths[rank].append(f"M{x1} {y1}L{x2} {y2}")
    lines = [element("path", class_=f"e{rank}", d="".join(parts)) for rank, parts in enumerate(paths) if parts]
    radius = 13 if len(places) <= 60 else 8  # few nodes can be larger
    dots = [
        element("circle", cx=x, cy=y, r=radius, class_="sure" if node.p_member >= 0.5 else None)
        for node, (x, y) in zip(graph.nodes, places, strict=True)
    ]
    return element("svg", *lines, *dots, class_="network", viewBox=f"0 0 {SIZE} {SIZE}", aria_hidden="true")


def _matrix(n: int, edges: list[Edge]) -> Markup:
    order = sorted({(edge.a, edge.b) for edge in edges} | {(edge.b, edge.a) for edge in edges})
    cells = "".join(f"M{column} {row}.5h1" for row, column in order)
    box = f"0 0 {max(1, n)} {max(1, n)}"
    return element("svg", element("path", d=cells), class_="matrix", viewBox=box, aria_hidden="true", shape_rendering="crispEdges")


def _place(fraction: float) -> int:
    return round(MARGIN + fraction * (SIZE - 2 * MARGIN))
