"""Evidence is taken away column by column, and sketches stand for text."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import UsageError
from stillwatch.pipeline.ablation import ABLATIONS, TABLES, take_away
from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.pipeline.sketched_scan import SKETCHES_FILE, scan_sketched, sketch_world
from stillwatch.records.schema import ACCOUNTS, EXCHANGES
from stillwatch.sketches.key import SketchKey
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.presets import load_preset

COMPARED = ("campaigns.json", "accounts.parquet", "exchanges.parquet")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The tiny world."""
    folder = tmp_path_factory.mktemp("world")
    write_world(build_world(load_preset("tiny"), 3), folder)
    return folder


def request(tables, out):
    """A scan of a folder's tables with the demonstration key."""
    files = {name: [str(tables / f"{name}.parquet")] for name in TABLES}
    return ScanRequest(files["exchanges"], out, SketchKey.public_demo_key(), files["accounts"], files["authorisations"])


@pytest.mark.parametrize("name", ABLATIONS)
def test_exactly_the_named_columns_go(world, tmp_path, name):
    """Every other column, and every row, stays."""
    take_away(name, world, tmp_path)
    for table in TABLES:
        before, after = (pq.read_table(folder / f"{table}.parquet") for folder in (world, tmp_path))
        gone = ABLATIONS[name].get(table, frozenset())
        assert set(before.column_names) - set(after.column_names) == gone
        assert after.equals(before.select(after.column_names))


def test_ablated_columns_exist():
    """A misspelt column would take nothing away."""
    known = {"exchanges": set(EXCHANGES.names), "accounts": set(ACCOUNTS.names)}
    assert all(columns <= known[table] for part in ABLATIONS.values() for table, columns in part.items())


def test_an_unknown_family_is_refused(world, tmp_path):
    """The refusal names those that exist."""
    with pytest.raises(UsageError, match="identity"):
        take_away("rhythm", world, tmp_path)


def test_sketches_made_elsewhere_give_the_same_case(world, tmp_path):
    """Byte for byte, though the input has no text at all."""
    key = SketchKey.public_demo_key()
    sketch_world(world, tmp_path / "tables", key)
    assert not {"prompt", "system_prompt", "response"} & set(
        pq.read_schema(tmp_path / "tables/exchanges.parquet").names
    )
    scan(request(world, tmp_path / "of-texts"), lambda *_: None)
    made = request(tmp_path / "tables", tmp_path / "of-sketches")
    scan_sketched(made, tmp_path / "tables" / SKETCHES_FILE, lambda *_: None)
    for name in COMPARED:
        assert (tmp_path / "of-sketches" / name).read_bytes() == (tmp_path / "of-texts" / name).read_bytes()


def test_kept_sketches_follow_the_order_of_the_traffic(world, tmp_path):
    """The order of rows in the sketches' file says nothing."""
    tables = tmp_path / "tables"
    sketch_world(world, tables, SketchKey.public_demo_key())
    table = pq.read_table(tables / SKETCHES_FILE)
    pq.write_table(table.take(pa.array(range(len(table) - 1, -1, -1))), tables / "turned.parquet")
    found = []
    for name in (SKETCHES_FILE, "turned.parquet"):
        out = tmp_path / f"case-{name}"
        scan_sketched(request(tables, out), tables / name, lambda *_: None)
        found.append((out / "campaigns.json").read_bytes())
    assert found[0] == found[1]
