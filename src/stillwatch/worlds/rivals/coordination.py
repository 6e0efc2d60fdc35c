"""The academic standard for coordinated posting: accounts that send the same, or alike, text within a window of time.

Source: QUT Coordination Network Toolkit 1.5 (MIT); Graham et al. 2020, Like a virus.
"""

import contextlib
import importlib
import io
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.links.community import communities
from stillwatch.worlds.rivals.pairs import Edges, at_least, cluster_means_as_scores, strengths_as_scores
from stillwatch.worlds.rivals.rival import Scored, Traffic

ALIKE = "compute_co_similar_tweet"
WEIGHTS = (1.0, 2.0, 5.0)  # least number of coordinated messages of a pair
RESOLUTIONS = (1.0, 10.0)


@dataclass(frozen=True)
class CoordinationNetwork:
    """The toolkit's network of accounts and communities of it; score: weight inside the community.

    Args:
        table: the toolkit's network table.
        window_s: seconds within which two messages count as coordinated.
    """

    name: str
    function: str
    table: str
    window_s: int
    setting: str
    source: str = "Coordination Network Toolkit 1.5 (MIT), the package"
    modules: tuple[str, ...] = ("coordination_network_toolkit", "networkit")

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return an answer for each least weight and resolution."""
        networks = importlib.import_module("coordination_network_toolkit.compute_networks")
        preprocess = importlib.import_module("coordination_network_toolkit.preprocess")
        with tempfile.TemporaryDirectory() as folder:
            database = str(Path(folder) / "messages.db")
            with contextlib.redirect_stdout(io.StringIO()):  # it tells its progress on standard output
                preprocess.preprocess_data(database, _messages(traffic))
                extra = {"similarity_function": jaccard_similarity} if self.function == ALIKE else {}
                getattr(networks, self.function)(database, self.window_s, n_threads=1, **extra)
            edges = _edges(database, self.table)
        n = len(traffic.account_ids)
        answers = []
        for least in WEIGHTS:
            kept = at_least(edges, least)
            for gamma in RESOLUTIONS:
                label = communities(n, *kept, gamma)
                strengths = strengths_as_scores(n, label, kept)
                setting = f"weight {least:g}, resolution {gamma:g}"
                answers.append(Scored(f"{setting}, by account", *strengths))
                answers.append(Scored(f"{setting}, by community", *cluster_means_as_scores(*strengths)))
        return answers


def jaccard_similarity(a: str, b: str) -> float:
    """Return the toolkit's own likeness of two token sets, which fails there where both texts have no token."""
    one, other = set(a.split()), set(b.split())
    return len(one & other) / len(one | other) if one or other else 0.0


def _messages(traffic: Traffic) -> Iterator[tuple[Any, ...]]:
    rows = traffic.exchanges
    at_s = rows["requested_at"].cast("int64").to_numpy() // 1_000_000
    prompts = rows["prompt"].to_pylist()
    for row, (account, prompt) in enumerate(zip(traffic.owners().tolist(), prompts, strict=True)):
        if prompt:
            yield str(row), account, str(account), "", "", prompt, int(at_s[row]), []


def _edges(database: str, table: str) -> Edges:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f"SELECT user_1, user_2, weight FROM {table}").fetchall()  # noqa: S608 - our names
    pairs: dict[tuple[int, int], float] = {}
    for one, other, weight in rows:
        if one != other:
            pair = (min(int(one), int(other)), max(int(one), int(other)))
            pairs[pair] = max(pairs.get(pair, 0.0), float(weight))
    ends = np.array(sorted(pairs), np.int64).reshape(len(pairs), 2)
    return ends[:, 0].copy(), ends[:, 1].copy(), np.array([pairs[a, b] for a, b in ends.tolist()], np.float64)
