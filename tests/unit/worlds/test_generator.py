"""Worlds as a whole: the same bytes from the same seed, valid tables, truth that joins, and streaming."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from stillwatch.cli.world import world as world_command
from stillwatch.errors import OutputError, SettingsError, UsageError
from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS, EXCHANGES
from stillwatch.worlds import generator
from stillwatch.worlds.account import kinds
from stillwatch.worlds.generator import World, build_world, write_world
from stillwatch.worlds.presets import ActorTable, load_preset, preset_names
from stillwatch.worlds.stream import stream_world

TINY = load_preset("tiny")
WORLD = build_world(TINY, 1)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file in a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def campaign_rows(world: World) -> list[dict[str, object]]:
    """Return the exchanges of the campaign's accounts."""
    members = world.truth_accounts.filter(pc.equal(world.truth_accounts["class"], "distillation"))["account_id"]
    return world.exchanges.filter(pc.is_in(world.exchanges["account_id"], members.combine_chunks())).to_pylist()


def test_tables_have_the_published_columns() -> None:
    """A world's tables are exactly the tables that every boundary knows."""
    assert WORLD.exchanges.schema == EXCHANGES
    assert WORLD.accounts.schema == ACCOUNTS
    assert WORLD.authorisations.schema == AUTHORISATIONS


def test_ids_are_unique_and_the_truth_joins() -> None:
    """Every exchange and every account has exactly one row of truth, and every exchange a known account."""
    for table, truth, key in (
        (WORLD.exchanges, WORLD.truth_exchanges, "exchange_id"),
        (WORLD.accounts, WORLD.truth_accounts, "account_id"),
    ):
        ids = table[key].to_pylist()
        assert len(set(ids)) == len(ids)
        assert set(ids) == set(truth[key].to_pylist())
    assert set(WORLD.exchanges["account_id"].to_pylist()) <= set(WORLD.accounts["account_id"].to_pylist())


def test_rows_come_in_times_order_within_the_window() -> None:
    """Order tells no actor apart: exchanges stand in time's order, and all within the window."""
    times = WORLD.exchanges["requested_at"].to_pylist()
    assert times == sorted(times)
    assert TINY.window.start_at <= times[0]
    assert times[-1] < TINY.window.start_at + timedelta(days=TINY.window.days)


def test_tokens_follow_the_text() -> None:
    """Tokens fit the texts: output holds reasoning, input holds the cached part and grows along a conversation."""
    talks: dict[str, list[dict[str, object]]] = {}
    for row in WORLD.exchanges.to_pylist():
        assert row["output_tokens"] >= row["reasoning_tokens"] >= 0
        assert row["input_tokens"] >= row["cached_tokens"] >= 0
        assert (row["response"] is None) == (row["status"] != 200)
        assert row["response"] is not None or (row["output_tokens"] == 0 and not row["refused"])
        assert row["input_tokens"] >= len(row["prompt"].encode()) / 6  # a token is seldom longer than six bytes
        if row["conversation_id"]:
            talks.setdefault(row["conversation_id"], []).append(row)
    grown = [
        rows[-1]["input_tokens"] > rows[0]["input_tokens"]
        for rows in (sorted(rows, key=lambda row: row["turn"]) for rows in talks.values())
        if len(rows) > 3
    ]
    assert sum(grown) > 0.95 * len(grown) > 10


def test_failures_are_as_rare_as_in_real_life() -> None:
    """Statuses other than 200 stay at about a percent or two, with more than one kind."""
    statuses = WORLD.exchanges["status"].to_pylist()
    failed = [status for status in statuses if status != 200]
    assert 0.003 < len(failed) / len(statuses) < 0.05
    assert len(set(failed)) >= 3


def test_the_summary_counts_the_tables() -> None:
    """The counts by class in the summary are those of the truth."""
    summary = WORLD.summary
    assert sum(summary["exchanges"].values()) == WORLD.exchanges.num_rows
    assert sum(summary["accounts"].values()) == WORLD.accounts.num_rows
    assert summary["releases"] == [{"day": 3.4, "model": "onyx-2"}]
    assert summary["groups"]["distillation"] == 3


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, file_format: str) -> None:
    """Two runs with one seed write identical files; another seed writes others."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_world(build_world(TINY, seed), tmp_path / name, file_format)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


def test_streaming_writes_the_same_rows(tmp_path: Path) -> None:
    """A streamed world holds the same rows in the same order as one made in memory, and leaves no spill behind."""
    write_world(WORLD, tmp_path / "held", "jsonl")
    summary = stream_world(TINY, 1, tmp_path / "streamed", file_format="jsonl")
    assert summary == WORLD.summary
    assert digests(tmp_path / "held") == digests(tmp_path / "streamed")


def test_a_world_does_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    """Parts that two processes make are the same bytes, tables and summary, as those of one."""
    alone = stream_world(TINY, 1, tmp_path / "alone", n_processes=1)
    together = stream_world(TINY, 1, tmp_path / "together", n_processes=2)
    assert alone == together == WORLD.summary
    assert digests(tmp_path / "alone") == digests(tmp_path / "together")


def test_adding_an_actor_changes_no_other() -> None:
    """With a further actor in front, every earlier account and exchange is still there, unchanged."""
    extra = ActorTable("campaign", 1, {"name": "extra", "n_accounts": 8, "per_day": 3.0})
    more = build_world(replace(TINY, actors=(extra, *TINY.actors)), 1)
    known = set(WORLD.exchanges["exchange_id"].to_pylist())
    kept = [row for row in more.exchanges.to_pylist() if row["exchange_id"] in known]
    assert kept == WORLD.exchanges.to_pylist()
    assert more.accounts.num_rows == WORLD.accounts.num_rows + 8


def test_the_report_side_shares_no_campaign_text() -> None:
    """Long prompts of campaign accounts on the reporting side occur on the tuning side nowhere."""
    tune = {row["prompt"] for row in campaign_rows(WORLD) if len(str(row["prompt"])) > 60}
    report = {row["prompt"] for row in campaign_rows(build_world(TINY, 1, "report")) if len(str(row["prompt"])) > 60}
    assert len(tune) > 100 < len(report)
    assert not tune & report


def test_a_world_without_campaigns_has_no_tells() -> None:
    """Without a campaign every AUC is unknown, not nought."""
    honest = replace(TINY, actors=tuple(table for table in TINY.actors if table.kind != "campaign"))
    summary = build_world(honest, 1).summary
    assert "distillation" not in summary["accounts"]
    assert set(summary["column_auc"].values()) == {None}


def test_every_preset_loads_and_knows_its_actors() -> None:
    """Presets name only actors that exist; the large ones hold every look-alike."""
    generator.load_actors()
    shipped = {"adversary", "demo", "hard", "june", "null", "null-small", "share5", "standard", "tiny"}
    assert set(preset_names()) == shipped
    for name in preset_names():
        preset = load_preset(name)
        used = {table.kind for table in preset.actors}
        assert used <= set(kinds())
        if name != "tiny":
            assert set(kinds()) - used <= {"campaign"}
        assert ("campaign" in used) == (not name.startswith("null"))
    assert load_preset("june").is_streamed


def test_refusals_name_what_is_wrong(tmp_path: Path) -> None:
    """Wrong presets, kinds, formats and folders are refused with the place and the choices."""
    with pytest.raises(UsageError, match="demo, hard"):
        load_preset("nonsense")
    bad = tmp_path / "bad.toml"
    for text in ("days = ", "colour = 1", "name = 'x'\nstart = 2026-03-02\ndays = 1"):
        bad.write_text(text)
        with pytest.raises(SettingsError):
            load_preset(str(bad))
    with pytest.raises(SettingsError, match="unknown kind"):
        build_world(replace(TINY, actors=(ActorTable("martian", 1, {}),)), 1)
    with pytest.raises(SettingsError, match="unfit parameters"):
        build_world(replace(TINY, actors=(ActorTable("organic", 1, {"accounts": 1, "colour": 2}),)), 1)
    with pytest.raises(UsageError, match="parquet or jsonl"):
        write_world(WORLD, tmp_path, "xml")
    with pytest.raises(OutputError):
        write_world(WORLD, bad / "under", "jsonl")


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a table cannot be written, neither its file nor a draft of it is left."""

    def fail(table: object) -> bytes:
        raise OSError("no space")

    monkeypatch.setattr(generator, "json_lines", fail)
    with pytest.raises(OutputError, match="no space"):
        write_world(WORLD, tmp_path, "jsonl")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_and_says_what_it_made(tmp_path: Path) -> None:
    """The command leaves five tables and world.json, prints that document with --json, and refuses with status 2."""
    app = typer.Typer()
    app.command()(world_command)
    runner = CliRunner()
    done = runner.invoke(app, ["--preset", "tiny", "--seed", "1", "--out", str(tmp_path / "w"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads((tmp_path / "w" / "world.json").read_text()) == WORLD.summary
    assert pq.read_table(tmp_path / "w" / "exchanges.parquet").num_rows == WORLD.exchanges.num_rows
    assert len(list((tmp_path / "w").iterdir())) == 6
    shown = runner.invoke(app, ["--preset", "tiny", "--out", str(tmp_path / "x")])
    assert "distillation" in shown.stdout
    assert "AUC" in shown.stdout
    refused = runner.invoke(app, ["--preset", "tiny", "--split", "train", "--out", str(tmp_path / "y")])
    assert refused.exit_code == 2
    assert "tune or report" in refused.stderr
