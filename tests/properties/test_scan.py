"""Laws of a whole scan on a tiny world: what may change nothing changes nothing."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.pipeline.settings import Settings
from stillwatch.records.schema import AUTHORISATIONS
from stillwatch.sketches.key import SketchKey
from stillwatch.worlds.generator import World, build_world
from stillwatch.worlds.presets import load_preset

FINDINGS = ("campaigns.json", "accounts.parquet", "exchanges.parquet", "memberships.parquet", "members.parquet",
            "slices.parquet", "observations.parquet", "organisations.parquet")  # fmt: skip


@dataclass(frozen=True)
class Scanned:
    """A case as it lies on disk."""

    folder: Path

    def bytes_of(self) -> dict[str, bytes]:
        """Return the files that hold findings."""
        return {name: (self.folder / name).read_bytes() for name in FINDINGS}

    @property
    def document(self) -> dict:
        """Return ``campaigns.json``."""
        return json.loads((self.folder / "campaigns.json").read_bytes())

    def table(self, name: str) -> list[dict]:
        """Return a table's rows."""
        return pq.read_table(self.folder / f"{name}.parquet").to_pylist()


def scanned(
    folder: Path,
    exchanges: list[pa.Table],
    accounts: pa.Table | None,
    authorisations: pa.Table | None,
    threads: int = 2,
    p_leading: float = 0.8,
) -> Scanned:
    """Write these tables and return the case of their scan."""
    folder.mkdir()
    for i, table in enumerate(exchanges):
        (folder / "traffic").mkdir(exist_ok=True)
        pq.write_table(table, folder / "traffic" / f"part{i}.parquet")
    given = {}
    for name, table in (("accounts", accounts), ("authorisations", authorisations)):
        if table is not None:
            pq.write_table(table, folder / f"{name}.parquet")
            given[name] = [str(folder / f"{name}.parquet")]
    settings = Settings(threads=threads, memory_mib=512, p_leading=p_leading)
    request = ScanRequest(
        [str(folder / "traffic")], folder / "CASE", SketchKey.public_demo_key(), settings=settings, **given
    )
    scan(request, lambda *_: None)
    return Scanned(folder / "CASE")


@pytest.fixture(scope="module")
def world() -> World:
    """Return a tiny world."""
    return build_world(load_preset("tiny"), seed=0)


@pytest.fixture(scope="module")
def plain(world: World, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Return the case of the tiny world as it is."""
    folder = tmp_path_factory.mktemp("plain") / "scan"
    return scanned(folder, [world.exchanges], world.accounts, world.authorisations)


def replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return a table with one column replaced."""
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)


def renaming(world: World) -> dict[str, str]:
    """Return a new name for every account, in an order that has nothing to do with the old one."""
    rng = np.random.default_rng(17)
    old = sorted({*world.accounts["account_id"].to_pylist(), *world.exchanges["account_id"].to_pylist()})
    return {name: f"n{number:05d}" for name, number in zip(old, rng.permutation(len(old)).tolist(), strict=True)}


def renamed(column: pa.ChunkedArray, names: dict[str, str]) -> pa.Array:
    """Return a column of account ids under their new names."""
    return pa.array([None if name is None else names[name] for name in column.to_pylist()], pa.string())


def test_the_plain_case_finds_something(plain: Scanned) -> None:
    """The laws below say nothing of an empty case: the tiny world has campaigns with members and slices."""
    assert len(plain.document["campaigns"]) >= 2
    assert any(campaign["is_accusation"] for campaign in plain.document["campaigns"])
    assert len(plain.table("exchanges")) > 100


def test_detection_is_blind_to_nations(world: World, plain: Scanned, tmp_path: Path) -> None:
    """Shuffling the declared countries over accounts, or dropping them all, changes no byte of the findings."""
    n = len(world.accounts)
    countries = world.accounts["declared_country"].combine_chunks()
    shuffled = countries.take(pa.array(np.random.default_rng(1).permutation(n)))
    assert not shuffled.equals(countries)
    for name, column in (("shuffled", shuffled), ("none", pa.nulls(n, pa.string()))):
        accounts = replaced(world.accounts, "declared_country", column)
        found = scanned(tmp_path / name, [world.exchanges], accounts, world.authorisations)
        assert found.bytes_of() == plain.bytes_of()


def test_the_order_of_rows_files_and_threads_changes_nothing(world: World, plain: Scanned, tmp_path: Path) -> None:
    """Rows in any order, over any number of files, with any number of workers, give the same bytes."""
    rng = np.random.default_rng(2)
    exchanges = world.exchanges.take(pa.array(rng.permutation(len(world.exchanges))))
    accounts = world.accounts.take(pa.array(rng.permutation(len(world.accounts))))
    registry = world.authorisations.take(pa.array(rng.permutation(len(world.authorisations))))
    parts = [exchanges.slice(start, 1500) for start in range(0, len(exchanges), 1500)]
    found = scanned(tmp_path / "shuffled", parts, accounts, registry, threads=1)
    assert found.bytes_of() == plain.bytes_of()


def test_groups_looked_at_by_several_processes_change_nothing(
    world: World, plain: Scanned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups tested, observed, assembled and written by one process or by three give the same bytes in every file."""
    monkeypatch.setattr("stillwatch.pipeline.scan.LEAST_SIDE_BY_SIDE", 0)
    found = scanned(tmp_path / "three", [world.exchanges], world.accounts, world.authorisations, threads=3)
    names = sorted(path.name for path in plain.folder.iterdir() if path.name != "run.json")
    assert {"report.html", "campaigns.json", "observations.parquet", "families.parquet"} < set(names)
    different = [name for name in names if (found.folder / name).read_bytes() != (plain.folder / name).read_bytes()]
    assert different == []


def test_names_of_accounts_change_nothing_but_names(world: World, plain: Scanned, tmp_path: Path) -> None:
    """Under new names in another alphabetical order, each account has its membership and each campaign its members."""
    names = renaming(world)
    exchanges = replaced(world.exchanges, "account_id", renamed(world.exchanges["account_id"], names))
    accounts = replaced(world.accounts, "account_id", renamed(world.accounts["account_id"], names))
    registry = replaced(world.authorisations, "account_id", renamed(world.authorisations["account_id"], names))
    found = scanned(tmp_path / "renamed", [exchanges], accounts, registry)
    before = {names[row["account_id"]]: row for row in plain.table("accounts")}
    after = {row["account_id"]: row for row in found.table("accounts")}
    assert {name: row["p_member"] for name, row in after.items()} == {
        name: row["p_member"] for name, row in before.items()
    }
    assert {name: row["reasons"] for name, row in after.items()} == {
        name: row["reasons"] for name, row in before.items()
    }

    def partition(case: Scanned, new: dict[str, str]) -> list:
        return sorted(
            (
                sorted(new.get(a, a) for a in c["accounts"]),
                c["leading_hypothesis"],
                c["q_value"],
                c["exchanges"],
                c["hypotheses"],
            )
            for c in case.document["campaigns"]
        )

    assert [row[:4] for row in partition(found, {})] == [row[:4] for row in partition(plain, names)]
    assert json.dumps([row[4] for row in partition(found, {})]) == json.dumps(
        [row[4] for row in partition(plain, names)]
    )
    slices = [{row["exchange_id"]: row["p_extraction"] for row in case.table("exchanges")} for case in (plain, found)]
    assert slices[0] == slices[1]


def test_a_missing_accounts_table_switches_off_exactly_its_evidence(
    world: World, plain: Scanned, tmp_path: Path
) -> None:
    """Without the accounts table the run says which evidence it lacks, uses none of it, and keeps all the other."""
    found = scanned(tmp_path / "bare", [world.exchanges], None, None)
    account_columns = set(world.accounts.column_names) - {"account_id"}
    for case in (plain, found):
        missing = {item["name"]: set(item["missing"]) for item in case.document["missing"]}
        for campaign in case.document["campaigns"]:
            used = {e["name"]: set(e["needs"]) for h in campaign["hypotheses"] for e in h["evidence"]}
            assert not set(used) & set(missing)
            assert all(
                indicator["value"] is None for indicator in campaign["indicators"] if indicator["name"] in missing
            )
            assert not {test["name"] for test in campaign["tests"]} & set(missing)
    newly = {item["name"]: set(item["missing"]) for item in found.document["missing"]}
    for item in plain.document["missing"]:
        newly.pop(item["name"], None)
    assert newly
    assert all(columns <= account_columns for columns in newly.values())
    assert {"identity_reuse", "sign_up_burst", "verified_share", "banned_share", "shared_payment"} <= set(newly)
    tests = {test["name"] for campaign in found.document["campaigns"] for test in campaign["tests"]}
    of_exchanges = {"passed_on", "passed_on_elsewhere", "passed_round", "pivot_burst", "turn_taking", "shared_silence"}
    assert tests <= {"shared_ip", "first_request_burst", "last_request_burst", *of_exchanges}


def test_every_account_with_traffic_has_a_row_and_every_number_its_range(world: World, plain: Scanned) -> None:
    """The tables hold what they promise: all accounts, members' exchanges alone, probabilities in [0, 1]."""
    accounts = {row["account_id"]: row for row in plain.table("accounts")}
    assert set(accounts) == set(world.exchanges["account_id"].to_pylist())
    ids = {campaign["id"] for campaign in plain.document["campaigns"]}
    members = {}
    for row in plain.table("memberships"):
        members.setdefault(row["account_id"], []).append(row)
        assert 0 <= row["p_member"] <= 1
        assert row["campaign_id"] in ids
    for name, row in accounts.items():
        assert 0 <= row["p_member"] <= 1
        assert (row["campaign_id"] is None) == (name not in members)
        assert row["p_member"] >= max((m["p_member"] for m in members.get(name, [])), default=0.0) - 1e-6
        assert row["reasons"] or name not in members
    owner = dict(
        zip(world.exchanges["exchange_id"].to_pylist(), world.exchanges["account_id"].to_pylist(), strict=True)
    )
    exchanges = plain.table("exchanges")
    assert len({row["exchange_id"] for row in exchanges}) == len(exchanges)
    assert {owner[row["exchange_id"]] for row in exchanges} == set(members)
    assert len(exchanges) == sum(account in members for account in owner.values())
    for row in exchanges:
        assert 0 <= row["p_extraction"] <= 1
        assert row["campaign_id"] is None or row["campaign_id"] in ids
        assert row["campaign_id"] is not None or row["p_extraction"] == 0
    funnel = plain.document["funnel"]
    assert funnel["read"] == funnel["used"] + funnel["quarantined"] + funnel["out_of_scope"] == len(world.exchanges)


def test_a_registered_account_is_never_accused(world: World, plain: Scanned, tmp_path: Path) -> None:
    """Members of an accused group whom the registry names stand nowhere in an accusation and have no probability."""
    accused = next(campaign for campaign in plain.document["campaigns"] if campaign["is_accusation"])
    lucky = accused["accounts"][:2]
    rows = [{"account_id": name, "scope": "evaluation", "reference": f"r-{name}"} for name in lucky]
    registry = pa.concat_tables([world.authorisations, pa.Table.from_pylist(rows, schema=AUTHORISATIONS)])
    # a registered share is evidence against the group as well: the level is lowered, or it might not accuse at all
    found = scanned(tmp_path / "lucky", [world.exchanges], world.accounts, registry, p_leading=0.51)
    accusations = [campaign for campaign in found.document["campaigns"] if campaign["is_accusation"]]
    assert any(set(accused["accounts"][2:]) & set(campaign["accounts"]) for campaign in accusations)
    for campaign in accusations:
        for name in lucky:
            assert f'"{name}"' not in json.dumps(campaign)
    accusing = {campaign["id"] for campaign in accusations}
    named = {row["account_id"] for row in found.table("memberships") if row["campaign_id"] in accusing}
    assert not named & set(lucky)
    by_name = {row["account_id"]: row for row in found.table("accounts")}
    for name in lucky:
        assert by_name[name]["campaign_id"] not in accusing
        is_told = any("registry" in reason for reason in by_name[name]["reasons"])
        assert is_told or by_name[name]["campaign_id"] is None  # two registered members are too few for a group
    theirs = set(
        world.exchanges.filter(pc.is_in(world.exchanges["account_id"], pa.array(lucky)))["exchange_id"].to_pylist()
    )
    assert not {row["exchange_id"] for row in found.table("exchanges") if row["campaign_id"] in accusing} & theirs


def test_no_text_is_left_behind(world: World, plain: Scanned) -> None:
    """No prompt, system prompt or answer stands in any file of the case."""
    texts = {
        text[:60]
        for column in ("prompt", "system_prompt", "response")
        for text in world.exchanges[column].to_pylist()
        if text is not None and len(text) >= 60
    }
    assert len(texts) > 500
    for path in plain.folder.rglob("*"):
        content = path.read_bytes().decode("utf-8", errors="ignore")
        assert not [text for text in texts if text in content]
