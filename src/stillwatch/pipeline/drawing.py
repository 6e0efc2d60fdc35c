"""What a report draws of a finding: its timeline, its links as a graph, and a few pairs as waterfalls."""

from datetime import UTC, datetime
from typing import Final

import numpy as np

from stillwatch.assessments.sample import DAY_US, HOUR_US
from stillwatch.dossiers.case import Evidence, PairLink
from stillwatch.dossiers.drawn import Edge, Graph, Node, Release, Timeline
from stillwatch.links.comparer import Comparer
from stillwatch.links.comparison import COMPARISONS
from stillwatch.links.layout import force_layout
from stillwatch.links.population import MISSING_TIME, FloatArray, IntArray
from stillwatch.links.rows import distinct_pairs, rows_of_accounts
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.finding import Finding

MOST_NODES: Final = 300  # more cannot be told apart at a screen's width
MOST_STEPS: Final = 480  # steps of a timeline; the step grows with the span
EDGES_PER_NODE: Final = 3
N_PAIRS: Final = 3
LEAST_OF_MODEL: Final = 100  # exchanges
MOST_RELEASES: Final = 6


def instant(microseconds: int) -> datetime:
    """Return a time of the arrays as an aware datetime."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=int(microseconds % 1_000_000))


def listed_accounts(analysis: Analysis, finding: Finding) -> IntArray:
    """Return a finding's accounts, rising, without those that stand in no accusation where it accuses."""
    return finding.accounts[~(finding.is_accusation & analysis.not_accused[finding.accounts])]


def listed_rows(analysis: Analysis, finding: Finding) -> IntArray:
    """Return the slice of a finding's listed accounts, rising."""
    rows = finding.group.slice_rows
    return rows[np.isin(analysis.population.exchanges.account[rows], listed_accounts(analysis, finding))]


def timeline(analysis: Analysis, finding: Finding) -> Timeline:
    """Return a finding's activity in equal steps, hours where the span allows."""
    exchanges, accounts = analysis.population.exchanges, analysis.population.accounts
    rows, members = listed_rows(analysis, finding), listed_accounts(analysis, finding)
    all_rows = rows_of_accounts(analysis.population, members)
    at = exchanges.requested_us[all_rows]
    step = HOUR_US
    while (int(at.max()) - int(at.min())) // step >= MOST_STEPS:
        step *= 2 if step < 4 * HOUR_US else 3
    start = int(at.min()) // step * step
    n = (int(at.max()) - start) // step + 1
    in_slice = np.zeros(len(all_rows), bool)
    in_slice[np.searchsorted(all_rows, rows)] = True
    bins = (at - start) // step
    active = distinct_pairs(bins[in_slice], exchanges.account[all_rows[in_slice]])[0]

    def events(at_us: IntArray) -> tuple[int, ...]:
        index = (at_us[at_us != MISSING_TIME] - start) // step
        return tuple(np.bincount(index[(index >= 0) & (index < n)], minlength=n).tolist())

    hour_of_week = ((exchanges.requested_us[rows] // HOUR_US) + 72) % 168  # 1 January 1970 was a Thursday
    return Timeline(
        start_at=instant(start),
        step_s=step // 1_000_000,
        extraction=tuple(np.bincount(bins[in_slice], minlength=n).tolist()),
        own=tuple(np.bincount(bins[~in_slice], minlength=n).tolist()),
        active_accounts=tuple(np.bincount(active, minlength=n).tolist()),
        sign_ups=events(accounts.created_us[members]),
        bans=events(accounts.banned_us[members]),
        hour_of_week=tuple(np.bincount(hour_of_week, minlength=168).tolist()),
        releases=_releases(analysis, rows),
    )


def _releases(analysis: Analysis, rows: IntArray) -> tuple[Release, ...]:
    """Return the models that appeared after the traffic's start, and the slice's share of each a day later."""
    population, model = analysis.population, analysis.population.exchanges.keys["model"]
    at, code = population.exchanges.requested_us[rows], model.code[rows]
    found = []
    for number, name in enumerate(model.values):
        first = int(population.model_appeared_us[number])
        # a model that few use was not released, but renamed
        if first < population.begun_us + 2 * DAY_US or population.n_of_model[number] < LEAST_OF_MODEL:
            continue
        near = (at >= first + DAY_US) & (at < first + 2 * DAY_US)
        share = float(np.mean(code[near] == number)) if np.any(near) else 0.0
        found.append(Release(name, instant(first), round(share, 4)))
    return tuple(sorted(found, key=lambda release: release.first_seen_at)[:MOST_RELEASES])


def graph(analysis: Analysis, finding: Finding, comparer: Comparer) -> Graph:
    """Return the strongest links of a finding's accounts, laid out."""
    p_of = dict(zip(finding.accounts.tolist(), _p_of_accounts(analysis, finding).tolist(), strict=True))
    accounts = np.array(sorted(listed_accounts(analysis, finding).tolist(), key=lambda a: (-p_of[a], a)), np.int64)
    shown = np.sort(accounts[:MOST_NODES])
    bits = _pair_bits(analysis, shown, comparer)
    strongest = np.argsort(-bits, axis=1, kind="stable")[:, :EDGES_PER_NODE]
    pairs = sorted(
        {(min(a, int(b)), max(a, int(b))) for a in range(len(shown)) for b in strongest[a] if bits[a, b] > 0 and a != b}
    )
    left, right = np.array([a for a, _ in pairs], np.int64), np.array([b for _, b in pairs], np.int64)
    weight = bits[left, right] if pairs else np.zeros(0)
    position = force_layout(len(shown), left, right, weight)
    names = analysis.population.accounts.names
    nodes = tuple(
        Node(names[a], float(x), float(y), round(p_of[int(a)], 4)) for a, (x, y) in zip(shown, position, strict=True)
    )
    edges = tuple(Edge(a, b, round(float(w), 2)) for (a, b), w in zip(pairs, weight, strict=True))
    return Graph(nodes, edges, len(accounts) - len(shown))


def _p_of_accounts(analysis: Analysis, finding: Finding) -> FloatArray:
    """Return the group membership of each account of a finding."""
    entity = analysis.entities.of_account[finding.accounts]
    return finding.group.p_entity[np.searchsorted(finding.group.entities, entity)]


def _pair_bits(analysis: Analysis, accounts: IntArray, comparer: Comparer) -> FloatArray:
    """Return, (n, n), the bits of the rarest shared family plus those of shared identity values; the diagonal is 0."""
    entity = analysis.entities.of_account[accounts].astype(np.int64)
    used = comparer.use[entity].tocsc()
    n = len(accounts)
    bits = np.zeros((n, n))
    for family in np.unique(comparer.use[entity].indices):
        members = used.indices[used.indptr[family] : used.indptr[family + 1]]
        worth = np.log2(comparer.n_entities / comparer.family_size[family])
        block = np.ix_(members, members)
        bits[block] = np.maximum(bits[block], worth)
    position = np.full(comparer.n_entities, -1, np.int64)
    position[entity] = np.arange(n)
    for tie in analysis.ties.values():
        inside = position[tie.entity] >= 0
        value, member = tie.value[inside], position[tie.entity[inside]]
        holders = tie.n_entities()
        for start, end in _runs(value):
            if end - start >= 2:
                block = np.ix_(member[start:end], member[start:end])
                bits[block] += np.log2(comparer.n_entities / holders[value[start]])
    np.fill_diagonal(bits, 0.0)
    return bits


def _runs(sorted_values: np.ndarray) -> list[tuple[int, int]]:
    """Return the (start, end) of every run of equal values."""
    if not len(sorted_values):
        return []
    edges = np.flatnonzero(np.diff(sorted_values)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(sorted_values)], strict=True))


def pairs(analysis: Analysis, finding: Finding, comparer: Comparer) -> tuple[PairLink, ...]:
    """Return the median, the strongest and the weakest of a sample of pairs, each as a waterfall."""
    rng = np.random.default_rng(0)
    listed = listed_accounts(analysis, finding)
    entities, first = np.unique(analysis.entities.of_account[listed], return_index=True)
    if len(entities) < 2:
        return ()
    drawn = {tuple(sorted(rng.choice(len(entities), 2, replace=False).tolist())) for _ in range(60)}
    links = []
    for a, b in sorted(drawn):
        compared = comparer.compare(int(entities[a]), int(entities[b]))
        links.append(
            (comparer.prior_bits + sum(item.bits for item in compared), int(entities[a]), int(entities[b]), compared)
        )
    links.sort(key=lambda link: (-link[0], link[1], link[2]))
    chosen = dict.fromkeys((len(links) // 2, 0, len(links) - 1))
    first_account = dict(zip(entities.tolist(), listed[first].tolist(), strict=True))
    names = analysis.population.accounts.names
    return tuple(
        PairLink(
            names[first_account[a]],
            names[first_account[b]],
            round(comparer.prior_bits, 4),
            round(total, 4),
            tuple(
                Evidence(
                    c.name,
                    COMPARISONS[c.name].title,
                    COMPARISONS[c.name].channel,
                    round(c.bits, 4),
                    c.observation,
                    COMPARISONS[c.name].because,
                    COMPARISONS[c.name].needs,
                )
                for c in compared
            ),
        )
        for total, a, b, compared in (links[i] for i in list(chosen)[:N_PAIRS])
    )
