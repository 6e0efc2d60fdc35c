"""One key, one world: the same bytes, however the rows lie and however many threads there are."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from console import stillwatch

from stillwatch.worlds.generator import json_lines

SAME = (
    "accounts.parquet", "activity.parquet", "campaigns.json", "comparisons.parquet", "exchanges.parquet",
    "families.parquet", "members.parquet", "memberships.parquet", "observations.parquet", "organisations.parquet",
    "profiles.parquet", "report.html", "slices.parquet", "values.parquet",
)  # fmt: skip
STRONG = 0.001  # a fiftieth of the level: no key's draw brings a group from there to the other side of it
SAME_SHARE = 0.8  # of all accounts of two groups that are one


def shuffled(table, seed):
    """A table's rows in another order."""
    return table.take(np.random.default_rng(seed).permutation(len(table)))


def one_thread(tiny, folder):
    """The same files, with one thread."""
    (folder / "settings.toml").write_text("threads = 1\n")
    return [*tiny.inputs, "--settings", folder / "settings.toml"]


def shuffled_rows(tiny, folder):
    """Rows of all tables in another order, with three threads."""
    (folder / "settings.toml").write_text("threads = 3\n")
    for name in ("exchanges", "accounts", "authorisations"):
        pq.write_table(shuffled(pq.read_table(tiny.world / f"{name}.parquet"), 5), folder / f"{name}.parquet")
    options = [p for name in ("accounts", "authorisations") for p in (f"--{name}", folder / f"{name}.parquet")]
    return [folder / "exchanges.parquet", *options, "--key-file", tiny.key, "--settings", folder / "settings.toml"]


def several_files(tiny, folder):
    """Shuffled rows over four files of two kinds, whose names are in another order."""
    table = shuffled(pq.read_table(tiny.world / "exchanges.parquet"), 9)
    (folder / "logs").mkdir()
    quarter = len(table) // 4 + 1
    for i in range(4):
        part = table.slice(i * quarter, quarter)
        if i % 2:
            (folder / "logs" / f"{9 - i}.jsonl").write_bytes(json_lines(part))
        else:
            pq.write_table(part, folder / "logs" / f"{9 - i}.parquet", row_group_size=97)
    return [folder / "logs", *tiny.inputs[1:]]


@pytest.mark.parametrize("variant", [one_thread, shuffled_rows, several_files])
def test_same_bytes(tiny, tmp_path, variant):
    """Order, files and threads change nothing of what is found."""
    done = stillwatch("scan", *variant(tiny, tmp_path), "--out", tmp_path / "case", "--json")
    assert done.status == 0, done.err
    assert done.document["counts"] == tiny.summary["counts"]
    different = [name for name in SAME if (tmp_path / "case" / name).read_bytes() != (tiny.case / name).read_bytes()]
    assert different == []


def groups_of(case, most_q=1.0):
    """The groups of a case up to a q-value: their accounts, and the hypothesis that leads."""
    groups = json.loads((case / "campaigns.json").read_bytes())["campaigns"]
    return [(set(one["accounts"]), one["leading_hypothesis"]) for one in groups if one["q_value"] <= most_q]


def test_another_key_finds_the_same_strong_groups(tiny, tmp_path):
    """A fresh key changes ids, not who is in a group that is far beyond chance, nor what it is called.

    A key draws the sample of phrases anew, so that a group near the level may come, go or change its name by it: that
    is not promised. The run says that it forgot the key.
    """
    done = stillwatch("scan", *tiny.inputs[:-2], "--out", tmp_path / "case")
    assert done.status == 0
    assert "stillwatch key new FILE" in done.err
    for here, there in ((tmp_path / "case", tiny.case), (tiny.case, tmp_path / "case")):
        strong = groups_of(here, STRONG)
        assert "distillation" in {hypothesis for _, hypothesis in strong}
        for accounts, hypothesis in strong:
            share, called = max((len(accounts & o) / len(accounts | o), name) for o, name in groups_of(there))
            assert share >= SAME_SHARE
            assert called == hypothesis
