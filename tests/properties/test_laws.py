"""Laws of a whole scan: what says nothing of distillation moves no score, and neither do order and names.

Every example scans a tiny world twice, once as it is and once changed, and compares what was found.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stillwatch.assessments.content import THINKING
from stillwatch.pipeline import scan as scanning
from stillwatch.pipeline.settings import Settings
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher
from stillwatch.worlds.generator import World, build_world
from stillwatch.worlds.presets import load_preset

TABLES = ("accounts", "exchanges", "memberships")
FINDINGS = ("campaigns.json", *(f"{name}.parquet" for name in TABLES))
SCRIPT_COUNTS = ("system_bytes", "prompt_bytes", "response_bytes", "n_prompt_tokens")  # a letter has 1 to 4 bytes
COUNTRIES = ("cn", "us", "ru", "de", "kp", "ir")
SEEDS = st.integers(0, 2**32 - 1)
WORLDS = st.sampled_from([0, 1])
FEW = settings(  # shrinking a seed explains nothing
    max_examples=3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)

Found = Mapping[str, bytes]
"""The files of a case that hold findings, by name."""


@cache
def world(seed: int) -> World:
    """Return a tiny world whose accounts sit close together: ten addresses of the preset are one."""
    made = build_world(load_preset("tiny"), seed=seed)
    ips = sorted(set(made.exchanges["ip"].to_pylist()) - {None})
    crowded = {address: ips[i // 10] for i, address in enumerate(ips)}
    return replace(made, exchanges=mapped(made.exchanges, "ip", crowded))


@cache
def plain(seed: int) -> Found:
    """Return what is found in a tiny world as it is."""
    made = world(seed)
    return found_in([made.exchanges], [made.accounts], made.authorisations)


def found_in(
    exchanges: Sequence[pa.Table], accounts: Sequence[pa.Table], authorisations: pa.Table, threads: int = 2
) -> Found:
    """Return what a scan of these tables finds, each table a file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = {"exchanges": exchanges, "accounts": accounts, "authorisations": [authorisations]}
        paths = {kind: [str(folder / f"{kind}{i}.parquet") for i in range(len(t))] for kind, t in tables.items()}
        for kind, parts in tables.items():
            for path, table in zip(paths[kind], parts, strict=True):
                pq.write_table(table, path)
        request = scanning.ScanRequest(
            paths["exchanges"],
            folder / "CASE",
            SketchKey.public_demo_key(),
            accounts=paths["accounts"],
            authorisations=paths["authorisations"],
            settings=Settings(threads=threads, memory_mib=512),
        )
        scanning.scan(request, lambda *_: None)
        return {name: (folder / "CASE" / name).read_bytes() for name in FINDINGS}


def rows_of(found: Found, name: str) -> list[dict]:
    """Return the rows of a table of findings."""
    return pq.read_table(pa.BufferReader(found[f"{name}.parquet"])).to_pylist()


def replaced(table: pa.Table, name: str, values: Iterable[Any]) -> pa.Table:
    """Return a table with other values in one column."""
    field = table.schema.field(name)
    return table.set_column(table.schema.get_field_index(name), field, pa.array(values, field.type))


def mapped(table: pa.Table, name: str, new: Mapping[str, str]) -> pa.Table:
    """Return a table with the values of one column renamed."""
    return replaced(table, name, [None if value is None else new[value] for value in table[name].to_pylist()])


def renaming(values: Iterable[str | None], names: Sequence[str], rng: np.random.Generator) -> dict[str, str]:
    """Return a random bijection from the distinct values into ``names``, of which there are enough."""
    old = sorted({value for value in values if value is not None})
    return dict(zip(old, (names[i] for i in rng.permutation(len(names))), strict=False))


def addresses(n: int, rng: np.random.Generator) -> list[str]:
    """Return distinct addresses from all over the world, of either version."""
    raw = rng.choice(2**32 - 1, n, replace=False).tolist()
    return [str(IPv4Address(a) if a % 2 else IPv6Address(0x20010000 << 96 | a << 60)) for a in raw]


def without_addresses(found: Found) -> tuple[str, list[list[tuple[str, int, int]]]]:
    """Return ``campaigns.json`` without the addresses that it lists, and those lists apart."""
    document = json.loads(found["campaigns.json"])
    seen = [item for c in document["campaigns"] for item in c["infrastructure"] if item["kind"] == "ip"]
    listed = [[(v["value"], v["n_accounts"], v["n_accounts_outside"]) for v in item.pop("top")] for item in seen]
    return json.dumps(document), listed


def test_the_worlds_of_these_laws_have_findings() -> None:
    """The laws below say nothing of an empty case: every world has an accusation and lists shared addresses."""
    for seed in (0, 1):
        document, listed = without_addresses(plain(seed))
        assert any(campaign["is_accusation"] for campaign in json.loads(document)["campaigns"])
        assert any(len(values) >= 2 for values in listed)


@FEW
@given(WORLDS, SEEDS)
def test_where_somebody_is_moves_no_score(seed: int, draw: int) -> None:
    """Other countries, addresses elsewhere with the same equalities, other top-level domains: the same findings.

    Nothing reads more of an address than whether two are equal, so that any bijection will do, one that tears networks
    apart as well. Only the listing of shared addresses prints any: it has them under their new names, with the same
    counts, and where more values are shared than it lists, their names may decide which of equal ones it shows.
    """
    made, rng = world(seed), np.random.default_rng(draw)
    ips = set(made.exchanges["ip"].to_pylist()) - {None}
    moved = renaming(ips, addresses(len(ips), rng), rng)
    domains = set(made.accounts["email_domain"].to_pylist()) - {None}
    mail = renaming(domains, [f"m{i}.{COUNTRIES[i % len(COUNTRIES)]}" for i in range(len(domains))], rng)
    accounts = mapped(made.accounts, "email_domain", mail)
    accounts = replaced(accounts, "declared_country", rng.choice(COUNTRIES, len(accounts)).tolist())
    found = found_in([mapped(made.exchanges, "ip", moved)], [accounts], made.authorisations)
    before, after = plain(seed), found
    for name in TABLES:
        assert after[f"{name}.parquet"] == before[f"{name}.parquet"]
    (old_text, old_lists), (new_text, new_lists) = without_addresses(before), without_addresses(after)
    assert new_text == old_text
    home = {new: old for old, new in moved.items()}
    for old_list, new_list in zip(old_lists, new_lists, strict=True):
        assert [n for _, n, _ in new_list] == [n for _, n, _ in old_list]
        counts = {address: numbers for address, *numbers in old_list}
        back = {home[address]: numbers for address, *numbers in new_list}
        assert all(counts[address] == numbers for address, numbers in back.items() if address in counts)
        if len({n for _, n, _ in old_list}) == len(old_list):
            assert back == counts


@FEW
@given(WORLDS, SEEDS)
def test_the_language_of_a_text_moves_no_score(seed: int, draw: int) -> None:
    """Columns of languages are not read, nor is what the script shows in: how many bytes and what marks a text has.

    Every bit of ``shape`` but those of thinking in tags, and every count of bytes and tokens, is drawn anew in every
    sketch; a scan of the tables with columns of language and country beside them finds the same, byte for byte.
    """
    made, rng = world(seed), np.random.default_rng(draw)
    n = len(made.exchanges)
    exchanges = made.exchanges
    for name in ("language", "prompt_language", "country", "locale"):
        exchanges = exchanges.append_column(name, pa.array(rng.choice(["zh", "en", "fa", "ru"], n).tolist()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "Sketcher", sketcher_of_other_scripts(rng, ~int(THINKING)))
        assert found_in([exchanges], [made.accounts], made.authorisations) == plain(seed)


def test_marks_of_thinking_do_count() -> None:
    """The law above can fail: with the bits of thinking drawn anew as well, other things are found."""
    made = world(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "Sketcher", sketcher_of_other_scripts(np.random.default_rng(0), int(THINKING)))
        assert found_in([made.exchanges], [made.accounts], made.authorisations) != plain(0)


def sketcher_of_other_scripts(rng: np.random.Generator, changeable: int) -> type[Sketcher]:
    """Return a sketcher that draws the changeable bits of ``shape``, and all counts of bytes and tokens, at random."""

    class OfOtherScripts(Sketcher):
        def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
            table = pa.Table.from_batches([super().sketch(batch)])
            noise = rng.integers(0, 2**32, len(table), dtype=np.uint32) & np.uint32(changeable & 0xFFFFFFFF)
            shape = table["shape"].to_numpy() ^ noise
            table = replaced(table, "shape", shape)
            for name in SCRIPT_COUNTS:
                table = replaced(table, name, rng.integers(0, 10_000, len(table)))
            (changed,) = table.combine_chunks().to_batches()
            return changed

    return OfOtherScripts


def with_repetitions(made: World) -> tuple[pa.Table, pa.Table]:
    """Return exchanges and accounts some of which stand there again, as they were, as a retry or in contradiction."""
    again = made.exchanges.slice(0, 120)
    retried = replaced(replaced(again.slice(0, 60), "response", [None] * 60), "status", [500] * 60)
    owners = made.exchanges["account_id"].slice(1000, 40)  # not those of the rows that they contradict
    stolen = replaced(again.slice(60, 40), "account_id", owners.to_pylist())
    accounts = made.accounts.slice(0, 30)
    denied = replaced(accounts.slice(0, 10), "payment_fingerprint", ["other"] * 10)
    return pa.concat_tables([made.exchanges, again, retried, stolen]), pa.concat_tables(
        [made.accounts, accounts, denied]
    )


@cache
def repeated(seed: int) -> Found:
    """Return what is found in a tiny world with repetitions, in the order of its making."""
    made = world(seed)
    exchanges, accounts = with_repetitions(made)
    return found_in([exchanges], [accounts], made.authorisations)


def dealt(table: pa.Table, n_files: int, rng: np.random.Generator) -> list[pa.Table]:
    """Return a table's rows in a random order, cut at random into files."""
    shuffled = table.take(pa.array(rng.permutation(len(table))))
    cuts = [0, *sorted(rng.integers(0, len(table), n_files - 1).tolist()), len(table)]
    return [shuffled.slice(a, b - a) for a, b in pairwise(cuts)]


@FEW
@given(WORLDS, SEEDS, st.integers(1, 5), st.integers(1, 3))
def test_where_a_row_stands_moves_nothing(seed: int, draw: int, n_files: int, threads: int) -> None:
    """Rows in any order, cut anywhere into any files, give the same bytes, repetitions and contradictions included."""
    made, rng = world(seed), np.random.default_rng(draw)
    exchanges, accounts = (dealt(table, n_files, rng) for table in with_repetitions(made))
    registry = made.authorisations.take(pa.array(rng.permutation(len(made.authorisations))))
    assert found_in(exchanges, accounts, registry, threads) == repeated(seed)


def under_new_names(found: Found, new: Mapping[str, str]) -> dict[str, Any]:
    """Return all that was found, under new names of accounts, with campaigns numbered instead of identified."""
    document = json.loads(found["campaigns.json"])
    number = {campaign["id"]: f"campaign {i}" for i, campaign in enumerate(document["campaigns"])}
    assert len(number) == len(document["campaigns"])

    def walked(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walked(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walked(item) for item in value]
        return new.get(value, number.get(value, value)) if isinstance(value, str) else value

    tables = {name: sorted(map(json.dumps, walked(rows_of(found, name)))) for name in TABLES}
    return {"document": json.dumps(walked(document)), **tables}


def renamed_world(made: World, rng: np.random.Generator) -> tuple[Found, dict[str, str]]:
    """Return what is found under new names of accounts, and the way back to the old ones."""
    old = {*made.accounts["account_id"].to_pylist(), *made.exchanges["account_id"].to_pylist()}
    new = renaming(old, [f"n{i:06d}" for i in range(2 * len(old))], rng)
    exchanges, accounts, registry = (
        mapped(table, "account_id", new) for table in (made.exchanges, made.accounts, made.authorisations)
    )
    return found_in([exchanges], [accounts], registry), {name: former for former, name in new.items()}


@FEW
@given(WORLDS, SEEDS)
def test_names_move_nothing_but_names(seed: int, draw: int) -> None:
    """Under new names in another order, everything found is the same under the old ones, but for ids of campaigns.

    An id of a campaign is made from its families, its first exchange and the names of its accounts, so that it
    changes with them; which campaigns there are, and in what order, does not.
    """
    found, back = renamed_world(world(seed), np.random.default_rng(draw))
    assert under_new_names(found, back) == under_new_names(plain(seed), {})


def test_names_move_nothing_where_times_are_coarse() -> None:
    """In a log that tells days only, names of accounts move nothing either.

    Accounts with one first day, last day and number of exchanges are put in the order of their exchange ids; that order
    reaches the signatures of phrases and the draw of controls.
    """
    made = world(0)
    days = pc.floor_temporal(made.exchanges["requested_at"], unit="day").to_pylist()
    coarse = replace(made, exchanges=replaced(made.exchanges, "requested_at", days))
    found, back = renamed_world(coarse, np.random.default_rng(5))
    plainly = found_in([coarse.exchanges], [coarse.accounts], coarse.authorisations)
    assert under_new_names(found, back) == under_new_names(plainly, {})
