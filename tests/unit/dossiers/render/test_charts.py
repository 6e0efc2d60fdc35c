"""The charts: drawings that add up to the numbers beside them."""

import dataclasses
import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from stillwatch.dossiers.case import Evidence, PairLink
from stillwatch.dossiers.drawn import Edge, Graph, Node, Release, Timeline
from stillwatch.dossiers.render.charts.activity import activity, heat_levels, sparkline
from stillwatch.dossiers.render.charts.bars import floating_bar, log_bar
from stillwatch.dossiers.render.charts.network import network
from stillwatch.dossiers.render.charts.svg import Scale, element, padded
from stillwatch.dossiers.render.charts.waterfall import waterfall

START = datetime(2026, 7, 1, tzinfo=UTC)
COUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=400)


def _timeline(counts: list[int], *releases: Release) -> Timeline:
    same = tuple(counts)
    return Timeline(START, 3600, same, same, same, same, same, (0,) * 168, releases)


def _evidence(bits: float) -> Evidence:
    return Evidence("one", "One", "content", bits, "seen", "because", ())


@given(COUNTS, st.integers(1, 120))
def test_pooling_loses_no_exchange(counts: list[int], most: int) -> None:
    """However many steps are pooled, sums stay, active accounts take the maximum, and the limit holds."""
    chart = activity(_timeline(counts), most)
    assert len(chart.bins) <= most
    assert sum(b.extraction for b in chart.bins) == sum(b.own for b in chart.bins) == sum(counts)
    assert max(b.active_accounts for b in chart.bins) == max(counts)
    assert chart.peak == max(b.extraction + b.own for b in chart.bins)


@given(COUNTS)
def test_areas_end_where_they_start(counts: list[int]) -> None:
    """A stepped area spans its box exactly once to the right, and back where it has a base."""
    for path in re.findall(r' d="([^"]*)"', activity(_timeline(counts), 500).stacked):
        steps = [int(step) for step in re.findall(r"h(-?\d+)", path)]
        assert sum(step for step in steps if step > 0) == len(counts)
        assert sum(step for step in steps if step < 0) in (0, -len(counts))
        assert all(0 <= float(y) <= 100 for y in re.findall(r"V([\d.]+)", path))


def test_releases_stand_in_time_order_and_outside_ones_are_told_but_not_drawn() -> None:
    """Marks are numbered by time; a release outside the span has no line."""
    late = Release("late", START + timedelta(days=900), 0.1)
    early = Release("early", START + timedelta(hours=5), 0.2)
    chart = activity(_timeline([1] * 10, late, early), 120)
    assert [(mark.number, mark.model) for mark in chart.marks] == [(1, "early"), (2, "late")]
    assert chart.stacked.count('class="release"') == 3
    assert 'x1="50%"' in chart.stacked


def test_nothing_seen_draws_nothing() -> None:
    """Zero activity gives no area and no division by zero."""
    assert "path" not in activity(_timeline([0, 0, 0]), 120).stacked
    assert "path" not in sparkline(_timeline([]))


@given(st.lists(st.integers(0, 10**12), min_size=168, max_size=168))
def test_heat_levels_keep_order(hours: list[int]) -> None:
    """More exchanges never get a paler cell; none are level 0 and the peak is the darkest."""
    cells = [cell for day in heat_levels(hours) for cell in day]
    assert [n for n, _ in cells] == hours
    by_count = [level for _, level in sorted(cells)]
    assert by_count == sorted(by_count)
    assert all((level == 0) == (n == 0) for n, level in cells)
    assert max(level for _, level in cells) == (6 if max(hours) else 0)


@given(st.floats(-40, 40), st.lists(st.floats(-20, 20), max_size=12), st.floats(-80, 80))
def test_waterfall_adds_up(prior: float, weights: list[float], total: float) -> None:
    """Prior, comparisons and a shown remainder end at the total, within what one decimal shows."""
    pair = PairLink("a", "b", prior, total, tuple(map(_evidence, weights)))
    steps = waterfall(pair).steps
    assert steps[0].total == prior
    assert steps[-1].total == total
    assert sum(step.bits for step in steps[:-1]) == pytest.approx(total, abs=0.0501)
    for before, step in itertools.pairwise(steps[:-1]):
        assert step.total - step.bits == pytest.approx(before.total)


def test_waterfall_shows_what_the_comparisons_leave_out() -> None:
    """A total that is not the sum gets a row of its own, so that the drawing never lies."""
    kinds = [step.kind for step in waterfall(PairLink("a", "b", -12, 3, (_evidence(10),))).steps]
    assert kinds == ["prior", "comparison", "rest", "total"]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_scale_keeps_values_inside_and_ticks_round(one: float, other: float) -> None:
    """Zero and the values lie inside the scale; ticks lie inside it and are few."""
    scale = padded([one, other])
    assert all(0 <= scale.at(value) <= 1 for value in (0.0, one, other))
    assert len(scale.ticks()) <= 8
    assert all(scale.low <= tick <= scale.high + 1e-9 * abs(scale.high) for tick in scale.ticks())


def test_not_finite_numbers_draw_nothing_wild() -> None:
    """A number that is not finite neither raises nor leaves the drawing."""
    assert floating_bar(0, float("inf"), Scale(0, float("inf")), "for")
    assert "nan" not in log_bar(0, 0, "calm")


def _graph(n: int, edges: list[tuple[int, int]]) -> Graph:
    nodes = tuple(Node(f"acct_{i}", (i % 17) / 17, (i // 17) / 18, 0.3 + 0.7 * (i % 2)) for i in range(n))
    return Graph(nodes, tuple(Edge(a, b, float(a + b)) for a, b in edges), 0)


def test_matrix_is_symmetric_and_has_each_drawn_link_twice() -> None:
    """The marks of the matrix are the drawn links in both directions, whatever the order of its rows."""
    edges = [(0, 1), (5, 299), (7, 200), (7, 201)]
    net = network(_graph(300, edges), 700)
    cells, x, y = set(), 0, 0
    for dx, dy in re.findall(r"m(-?\d+) (-?\d+)h1", net.matrix):
        x, y = x + int(dx), y + int(dy)
        cells.add((x, y))
        x += 1
    assert len(cells) == 2 * len(edges)
    assert cells == {(b, a) for a, b in cells}
    assert all(0 <= v < 300 for cell in cells for v in cell)


def test_strongest_links_are_kept() -> None:
    """Beyond the limit the weakest links go, and both counts are told."""
    net = network(_graph(40, [(0, i) for i in range(1, 40)]), 10)
    assert (net.n_edges, net.n_drawn) == (39, 10)
    assert net.n_links[39] == 1
    assert net.n_links[1] == 0


def test_every_account_has_one_dot_in_the_order_of_the_table() -> None:
    """Dots are drawn surest first, the order that the table of accounts has."""
    graph = _graph(50, [])
    net = network(graph, 10)
    assert sorted(net.order) == list(range(50))
    memberships = [graph.nodes[i].p_member for i in net.order]
    assert memberships == sorted(memberships, reverse=True)
    dots = re.findall(r"M(\d+) (\d+)h0", net.drawing)
    assert [(int(x), int(y)) for x, y in dots] == [
        (round(24 + graph.nodes[i].x * 952), round(24 + graph.nodes[i].y * 952)) for i in net.order
    ]


def test_attributes_and_text_of_elements_are_escaped() -> None:
    """A hostile value in an attribute or a text of a drawing is text."""
    drawn = element("text", "<script>\u202e", x='"><script>', class_="a")
    assert drawn == Markup('<text x="&#34;&gt;&lt;script&gt;" class="a">&lt;script&gt;⟨U+202E⟩</text>')


def test_drawing_does_not_depend_on_the_order_of_links() -> None:
    """The same graph with its links in another order gives the same drawing."""
    graph = _graph(30, [(i, (i * 7 + 1) % 30) for i in range(30) if i != (i * 7 + 1) % 30])
    turned = dataclasses.replace(graph, edges=tuple(reversed(graph.edges)))
    assert network(graph, 12) == network(turned, 12)
