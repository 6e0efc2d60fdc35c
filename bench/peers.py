"""Speed and quality beside the peers' own packages, in one run: python bench/peers.py [--world DIR] [--json FILE].

Three rows: sketches against rensa (MinHash, MIT), template families against Drain3 (MIT), and linking against the
similarity network of the QUT Coordination Network Toolkit (MIT). All run in one process on one core after a warm-up,
and each is given the same texts. Needs the peers: pip install rensa drain3 coordination-network-toolkit (and numba for
the compiled kernels). The world is one that ``stillwatch world`` made; without one, demo, seed 1, is made first.
"""

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.campaigns.candidate import propose
from stillwatch.campaigns.family_use import family_use
from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.links.entity import fold_accounts
from stillwatch.links.family import Families, find_families
from stillwatch.links.handover import hand_overs, linked_entities, successions
from stillwatch.links.identity import ties_of
from stillwatch.links.population import Population, accounts_from, exchanges_from
from stillwatch.pipeline.ingest import ingest
from stillwatch.records.traffic import ReadOptions, read_traffic
from stillwatch.sketches import compiled
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.cues import Lexicon
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.minima import MinimaKeys, prompt_minima
from stillwatch.sketches.sketch import Sketcher
from stillwatch.sketches.texts import chunked, string_buffers
from stillwatch.sketches.tokens import tokenised

N_DOCUMENTS = 40_000
N_WORDS = 60  # of a text, as in rensa's own test
N_PAIRS = 2_000  # near-duplicates planted, and as many pairs of strangers
EDITS = (0.02, 0.05, 0.1)  # of the words replaced
PERMUTATIONS, BANDS = 128, 16  # rensa's defaults
DRAIN_LINES = 20_000
EQUAL_PROMPTS, EQUAL_TEMPLATES = 5_390, 40  # the size at which Drain3 is known to be slow
START = datetime(2026, 3, 1, tzinfo=UTC)
TOOLKIT_LINES = 20_000  # it compares every pair of messages within its window
VOCABULARY = [
    "".join(chr(97 + number // 26**place % 26) for place in range(4)) for number in range(7, 20_000 * 7 + 7, 7)
]
KEY = SketchKey.public_demo_key()


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor's seconds of a call, and what it returned."""
    begin = time.process_time()
    result = run()
    return time.process_time() - begin, result


def least_seconds(run: Callable[[], Any], n_runs: int = 5) -> float:
    """Return the processor's seconds of the fastest of some calls: what another job on the machine disturbs least."""
    return min(seconds(run)[0] for _ in range(n_runs))


def documents(n: int, seed: int) -> list[list[str]]:
    """Return word lists with a Zipf-like law over 20,000 words of letters."""
    generator = np.random.default_rng(seed)
    ranks = (20_000 ** generator.random((n, N_WORDS)) - 1).astype(int)
    return [[VOCABULARY[rank] for rank in row] for row in ranks.tolist()]


def edited(words: list[str], share: float, generator: np.random.Generator) -> list[str]:
    """Return the words with some replaced by others."""
    return [VOCABULARY[generator.integers(20_000)] if generator.random() < share else word for word in words]


def minima_of(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the keyed minima of each text: all that links read of its wording, shape (n, 32)."""
    column = pa.array(texts, pa.large_string())
    if compiled.IS_ON:
        return compiled_pass().minima(column)
    keys = MinimaKeys(KEY)
    rows = []
    for _, chunk in chunked(string_buffers(column)):
        found = prompt_minima(tokenised(chunk), keys)
        rows.append(np.concatenate([found.head, found.tail, found.body], axis=1))
    return np.concatenate(rows)


@cache
def compiled_pass() -> Any:
    """Return the pass over texts with the compiled kernels."""
    from stillwatch.sketches.compiled_pass import CompiledPass  # noqa: PLC0415 - needs numba

    return CompiledPass(KEY, CapabilityModel.load(), Lexicon.load())


def sketches_against_rensa() -> dict[str, Any]:
    """Return documents a second and recall of planted near-duplicates, ours and rensa's."""
    import rensa  # noqa: PLC0415 - a peer

    words = documents(N_DOCUMENTS, 1)
    texts = [" ".join(row) for row in words]
    minima_of(texts[:100])
    ours = least_seconds(lambda: minima_of(texts))

    def theirs_of(some: list[str]) -> Any:
        return rensa.RMinHash.digest_matrix_from_token_sets([text.split() for text in some], PERMUTATIONS, 42)

    theirs = least_seconds(lambda: theirs_of(texts))
    ready = least_seconds(lambda: rensa.RMinHash.digest_matrix_from_token_sets(words, PERMUTATIONS, 42))
    generator = np.random.default_rng(2)
    recall = {}
    for share in EDITS:
        copies = [" ".join(edited(row, share, generator)) for row in words[:N_PAIRS]]
        strangers = texts[N_PAIRS : 2 * N_PAIRS]
        a, b, c = (minima_of(part) for part in (texts[:N_PAIRS], copies, strangers))
        x, y, z = (
            np.asarray(theirs_of(part).to_rows(), np.int64).reshape(N_PAIRS, BANDS, -1)
            for part in (texts[:N_PAIRS], copies, strangers)
        )
        recall[f"{share:.0%} of the words changed"] = {
            "stillwatch": round(float(((a == b) & (a != 0)).any(axis=1).mean()), 4),
            "rensa": round(float((x == y).all(axis=2).any(axis=1).mean()), 4),
            "stillwatch, strangers": round(float(((a == c) & (a != 0)).any(axis=1).mean()), 4),
            "rensa, strangers": round(float((x == z).all(axis=2).any(axis=1).mean()), 4),
        }
    whole = sketched(texts)
    n_bytes = sum(len(text) for text in texts)
    return {
        "compiled": compiled.IS_ON,
        "keyed minima from text, documents/s": round(N_DOCUMENTS / ours),
        "rensa from text (split into words), documents/s": round(N_DOCUMENTS / theirs),
        "rensa from ready lists of words, documents/s": round(N_DOCUMENTS / ready),
        "ratio from text": round(theirs / ours, 2),
        "ratio to ready lists": round(ready / ours, 2),
        "whole sketch, documents/s": round(N_DOCUMENTS / whole),
        "whole sketch, MB of prompts/s": round(n_bytes / whole / 1e6, 1),
        "found as candidates": recall,
    }


def sketched(texts: Sequence[str]) -> float:
    """Return the seconds of whole sketches: minima, hashes, topic, capability, cues and shape."""
    sketcher = Sketcher(KEY, CapabilityModel.load())
    n = len(texts)
    batch = pa.RecordBatch.from_pydict(
        {
            "exchange_id": [str(i) for i in range(n)],
            "account_id": ["a"] * n,
            "prompt": list(texts),
        }
    )
    sketcher.sketch(batch.slice(0, 100))
    return least_seconds(lambda: sketcher.sketch(batch))


class Linked:
    """A world's sketches in the engine and as arrays, ready to be linked."""

    def __init__(self, exchanges: Path, work: Path, facts: Path | None = None) -> None:
        work.mkdir()
        self.engine = EmbeddedEngine(work, memory_bytes=4 << 30, n_threads=1)
        traffic = read_traffic([str(exchanges)], ReadOptions())
        sketcher = Sketcher(KEY, CapabilityModel.load())
        self.sketching, made = seconds(lambda: ingest(traffic, sketcher, self.engine, work, lambda _: None))
        table = pq.read_table(made.sketches)
        names = list(made.account_names)
        accounts = accounts_from(names, pq.read_table(facts) if facts else None)
        self.population = Population(accounts, exchanges_from(table, len(names)))
        self.ids = table["exchange_id"].to_pylist()
        self.engine.register_parquet("sketches", made.sketches)
        self.entities = fold_accounts(self.population)
        account = np.arange(len(names), dtype=np.int32)
        self.engine.register("entity_of", pa.table({"account": account, "entity": self.entities.of_account}))

    def families(self) -> Families:
        """Return the families of the exchanges."""
        return find_families(self.engine)

    def candidates(self) -> int:
        """Link everything that is linked before groups are weighed; return the number of candidate groups."""
        families = self.families()
        ties = ties_of(self.population, self.entities)
        handed = linked_entities(
            hand_overs(successions(self.population, self.entities)), self.population, self.entities
        )
        return len(propose(self.population, self.entities, families, ties, handed))


def subset(world: Path, n_rows: int, path: Path) -> pa.Table:
    """Write consecutive exchanges from the middle of a world's time to ``path``, and return them."""
    table = pq.read_table(world / "exchanges.parquet").sort_by("requested_at")
    table = table.slice(max(0, (len(table) - n_rows) // 2), n_rows)
    pq.write_table(table, path)
    return table


def families_against_drain3(table: pa.Table, group: dict[str, str], names: set[str], work: Path) -> dict[str, Any]:
    """Return prompts a second, purity and completeness of the clusters of campaigns' prompts, ours and Drain3's.

    Args:
        table: exchanges.
        group: who an exchange belongs to, by its id.
        names: the groups that are campaigns.
        work: a folder to be made.
    """
    from drain3 import TemplateMiner  # noqa: PLC0415 - a peer
    from drain3.template_miner_config import TemplateMinerConfig  # noqa: PLC0415

    prompts = [prompt or "" for prompt in table["prompt"].to_pylist()]
    miner = TemplateMiner(config=TemplateMinerConfig())
    theirs, clusters = seconds(lambda: [miner.add_log_message(prompt)["cluster_id"] for prompt in prompts])
    path = work.with_suffix(".parquet")
    pq.write_table(table, path)
    linked = Linked(path, work)
    ours, families = seconds(linked.families)
    best: dict[str, tuple[int, int]] = {}
    found = families.matches(np.arange(families.n))
    for family, row, n in zip(*(column.tolist() for column in found), strict=True):
        exchange = linked.ids[row]
        best[exchange] = max(best.get(exchange, (0, 0)), (n, family))
    ids = table["exchange_id"].to_pylist()
    campaign = [i for i in ids if group.get(i) in names]
    cluster = dict(zip(ids, clusters, strict=True))
    n, all_ours = len(prompts), ours + linked.sketching
    return {
        "prompts": n,
        "of campaigns": len(campaign),
        "stillwatch families, prompts/s": round(n / ours),
        "stillwatch sketches and families, prompts/s": round(n / all_ours),
        "drain3, prompts/s": round(n / theirs),
        "drain3 clusters": len(miner.drain.clusters),
        "ratio of families": round(theirs / ours, 1),
        "ratio with sketching": round(theirs / all_ours, 1),
        "stillwatch": quality({i: best[i][1] for i in ids if i in best}, group, campaign),
        "drain3": quality(cluster, group, campaign),
    }


def world_prompts(world: Path, folder: Path) -> tuple[pa.Table, dict[str, str], set[str]]:
    """Return prompts of a world, whose they are, and the names of its campaigns."""
    table = subset(world, DRAIN_LINES, folder / "drain.parquet")
    truth = pq.read_table(world / "truth_exchanges.parquet")
    ids, groups = truth["exchange_id"].to_pylist(), truth["group_id"].to_pylist()
    is_campaign = pc.equal(truth["class"], "distillation").to_pylist()
    return table, dict(zip(ids, groups, strict=True)), {g for g, yes in zip(groups, is_campaign, strict=True) if yes}


def equal_prompts() -> tuple[pa.Table, dict[str, str], set[str]]:
    """Return prompts of equal length, four fifths of them unique, the rest from templates with slots of 40 words."""
    generator = np.random.default_rng(3)
    templates = documents(EQUAL_TEMPLATES, 4)
    rows, group = [], {}
    for i, words in enumerate(documents(EQUAL_PROMPTS, 5)):
        name = ""
        if generator.random() < 0.2:
            chosen = int(generator.integers(EQUAL_TEMPLATES))
            name, words = f"template-{chosen}", templates[chosen][:20] + words[20:]  # noqa: PLW2901
        at = START + timedelta(seconds=int(generator.integers(86_400)))
        account = f"{name or 'own'}-{generator.integers(30)}"
        rows.append({"exchange_id": str(i), "account_id": account, "requested_at": at, "prompt": " ".join(words)})
        group[str(i)] = name
    return pa.Table.from_pylist(rows), group, {name for name in group.values() if name}


def quality(cluster: dict[str, int], group: dict[str, str], campaign: list[str]) -> dict[str, float]:
    """Return how clean and how whole the clusters are in which campaigns' prompts lie.

    Purity: the share of all prompts in those clusters that are of the campaign which leads there. Completeness: the
    share of a campaign's prompts in the five clusters that hold most of it, over all campaigns.
    """
    members: dict[int, dict[str, int]] = {}
    for exchange, found in cluster.items():
        inside = members.setdefault(found, {})
        inside[group.get(exchange) or "nobody"] = inside.get(group.get(exchange) or "nobody", 0) + 1
    names = {group[i] for i in campaign}
    held = {found for found in members if max(members[found], key=lambda g: (members[found][g], g)) in names}
    held = {found for found in held if sum(members[found].values()) >= 5}
    pure = sum(max(members[found].values()) for found in held) / max(sum(sum(members[f].values()) for f in held), 1)
    whole = 0
    for name in names:
        whole += sum(sorted((members[found].get(name, 0) for found in held), reverse=True)[:5])
    return {"purity": round(pure, 4), "completeness": round(whole / max(len(campaign), 1), 4), "clusters": len(held)}


def linking_against_toolkit(world: Path, folder: Path, n_events: int) -> dict[str, Any]:
    """Return events a second of linking, ours and the toolkit's similarity network.

    The toolkit links accounts whose messages are nearly alike within a minute. The like of it here are families of
    exchanges with nearly equal texts, at any distance in time, and which entity uses which; linking as a scan does it
    adds identity, hand-overs, overlaps of families and candidate groups.
    """
    from coordination_network_toolkit import compute_networks, preprocess  # noqa: PLC0415 - a peer

    from stillwatch.worlds.rivals.coordination import jaccard_similarity  # noqa: PLC0415

    path = folder / "toolkit.parquet"
    table = subset(world, n_events, path)
    at_s = pc.divide(table["requested_at"].cast("int64"), 1_000_000).to_pylist()
    rows = [
        (str(i), account, account, "", "", prompt or "", int(when), [])
        for i, (account, prompt, when) in enumerate(
            zip(table["account_id"].to_pylist(), table["prompt"].to_pylist(), at_s, strict=True)
        )
    ]
    database = str(folder / "toolkit.db")

    def network() -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            preprocess.preprocess_data(database, rows)
            compute_networks.compute_co_similar_tweet(database, 60, n_threads=1, similarity_function=jaccard_similarity)

    begin = sum(os.times()[:4])
    network()
    for process in multiprocessing.active_children():  # it computes there; who was waited for is counted
        process.join()
    theirs = sum(os.times()[:4]) - begin
    with contextlib.closing(sqlite3.connect(database)) as connection:
        edges = connection.execute("SELECT count(*) FROM co_similar_tweet_network").fetchone()[0]
    linked = Linked(path, folder / "linking", world / "accounts.parquet")
    texts, _ = seconds(lambda: family_use(linked.population, linked.entities, linked.families()))
    ours, n_candidates = seconds(linked.candidates)
    n = len(rows)
    return {
        "events": n,
        "stillwatch, texts nearly alike and their senders, events/s": round(n / texts),
        "stillwatch linking, events/s": round(n / ours),
        "stillwatch sketches and linking, events/s": round(n / (ours + linked.sketching)),
        "toolkit similarity network (60 s), events/s": round(n / theirs),
        "ratio of texts nearly alike": round(theirs / texts, 1),
        "ratio of linking": round(theirs / ours, 1),
        "ratio with sketching": round(theirs / (ours + linked.sketching), 1),
        "stillwatch candidates": n_candidates,
        "toolkit edges": edges,
    }


def linking_steps(world: Path, folder: Path, n_events: int) -> dict[str, float]:
    """Return microseconds of a processor an event that steps of linking take, the least of nine runs each.

    A step's time holds that of the steps which it calls.
    """
    from stillwatch.links import bundle, family, phrase_index  # noqa: PLC0415 - their functions are watched

    here = sys.modules[__name__]
    watched = (
        (phrase_index, "phrases_of"), (phrase_index, "shared_of_part"), (family, "entity_signatures"),
        (bundle, "_joined_pairs"), (bundle, "component_labels"), (family, "_bundles"), (here, "find_families"),
        (here, "ties_of"), (here, "successions"), (here, "propose"),
    )  # fmt: skip
    spent: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            begin = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - begin

        return run

    path = folder / "steps.parquet"
    n = len(subset(world, n_events, path))
    linked = Linked(path, folder / "steps", world / "accounts.parquet")
    linked.candidates()
    for module, name in watched:
        setattr(module, name, timed(name, getattr(module, name)))
    least: dict[str, float] = {}
    for _ in range(9):
        spent.clear()
        timed("all of linking", linked.candidates)()
        least = {name: min(least.get(name, value), value) for name, value in spent.items()}
    return {name: round(value / n * 1e6, 2) for name, value in least.items()}


def main() -> None:
    """Measure, print the rows, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--only", choices=("sketches", "families", "linking", "steps"), action="append")
    parser.add_argument("--events", type=int, default=TOOLKIT_LINES, help="to be linked")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    chosen = arguments.only or ["sketches", "families", "linking"]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = arguments.world or folder / "world"
        if not arguments.world and set(chosen) != {"sketches"}:
            from stillwatch.cli.app import main as command  # noqa: PLC0415 - only where a world is made

            with contextlib.suppress(SystemExit):
                sys.argv = ["stillwatch", "world", "--preset", "demo", "--seed", "1", "--out", str(world)]
                command()
        if "sketches" in chosen:
            found["sketches"] = sketches_against_rensa()
        if "families" in chosen:
            found["families, a world"] = families_against_drain3(
                *world_prompts(world, folder), folder / "world-prompts"
            )
            found["families, equal lengths"] = families_against_drain3(*equal_prompts(), folder / "equal-prompts")
        if "linking" in chosen:
            found["linking"] = linking_against_toolkit(world, folder, arguments.events)
        if "steps" in chosen:
            found["steps of linking, microseconds an event"] = linking_steps(world, folder, arguments.events)
    print(json.dumps(found, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
