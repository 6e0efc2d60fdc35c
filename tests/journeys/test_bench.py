"""``stillwatch bench`` on the smallest world: its structure, and what must hold in any run."""

import json

import pytest
from console import stillwatch

SCENARIOS = ("tiny-report-31", "tiny-report-31-sketches", "tiny-report-31-metadata")
RIVALS = ("self-join", "shared-infrastructure", "mmd-100")  # those that need no further package
SHARES = ("precision", "recall", "false_positive_rate", "exchange_auc", "top_1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the printed document."""
    folder = tmp_path_factory.mktemp("bench")
    options = [part for name in SCENARIOS for part in ("--scenarios", name)]
    options += [part for name in RIVALS for part in ("--rivals", name)]
    done = stillwatch("bench", *options, "--out", folder, "--markdown", folder / "table.md", "--json")
    assert done.status == 0, done.err
    return folder, done


def test_every_system_has_a_row(run):
    """Ours on each scenario, each rival where rivals run; nothing failed and nothing is on standard error."""
    _, done = run
    rows = {(row["scenario"], row["system"]): row["status"] for row in done.document["rows"]}
    wanted = {(name, "stillwatch") for name in SCENARIOS} | {(SCENARIOS[0], name) for name in RIVALS}
    assert rows == dict.fromkeys(wanted, "done")
    assert done.document["failures"] == []
    assert done.err == ""


def test_numbers_are_possible(run):
    """Shares lie in [0, 1], counts fit each other, each row has its time and memory."""
    _, done = run
    for row in done.document["rows"]:
        assert all(row.get(name) is None or 0 <= row[name] <= 1 for name in SHARES)
        assert row["n_correct"] <= row["n_accused"]
        assert row["n_correct"] == sum(hits for hits, _ in row["recall_by_campaign"].values())
        assert row["n_members"] == 45  # the three pools of the preset
        assert row["seconds"] > 0
        assert row["peak_bytes"] > 2**20
        assert row["speed_ratio"] > 0


def test_promises_hold(run):
    """Sketches give the same case as texts, no registered account is accused, none of them is called distillation."""
    _, done = run
    own = [row for row in done.document["rows"] if row["system"] == "stillwatch"]
    assert [row["is_same_case"] for row in own if row["scenario"].endswith("sketches")] == [True]
    assert {row["registered_accused"] for row in own} == {0}
    assert {row["authorised_called_distillation"] for row in own} == {0}


def test_files_say_the_same(run):
    """The results' file is what was printed, the page has every row, and only worlds are kept beside them."""
    folder, done = run
    kept = json.loads((folder / "results.json").read_bytes())
    assert {**kept, "exit_status": 0} == done.document
    page = (folder / "table.md").read_text(encoding="utf-8")
    assert all(f"| {row['scenario']} | {row['system']} |" in page for row in kept["rows"])
    assert sorted(path.name for path in folder.iterdir()) == ["results.json", "table.md", "worlds"]
    assert len(list((folder / "worlds").iterdir())) == 1


def test_what_does_not_exist_is_refused(tmp_path):
    """Exit status 2, with what exists, and no folder."""
    done = stillwatch("bench", "--scenarios", "easy-report-1", "--out", tmp_path / "out")
    assert done.status == 2
    assert "hard-report-31" in done.err
    assert not (tmp_path / "out").exists()


def test_the_list_names_scenarios_and_rivals(tmp_path):
    """Without running anything."""
    done = stillwatch("bench", "--list", cwd=tmp_path)
    assert done.status == 0
    assert {"nulls", "share5-report-31", "minhash"} <= set(done.out.split())
    assert list(tmp_path.iterdir()) == []
