"""Tests of families of exchanges on planted sketches."""

from pathlib import Path

import numpy as np
from planted_traffic import Planted, planted

from stillwatch.links.family import LEAST_ENTITIES


def two_templates(seed: int = 0) -> tuple[Planted, dict[str, int]]:
    """Return traffic with two templates of 6 phrases amid chatter, and the template of each exchange."""
    rng = np.random.default_rng(seed)
    rows, truth = [], {}
    for template, (name, n) in enumerate((("p", 12), ("q", 9))):
        shingles = np.arange(6) + 100 * (template + 1)
        for account in range(n):
            for use in range(5):
                said = [*rng.choice(shingles, 4, replace=False).tolist(), int(rng.integers(10**6, 10**9))]
                truth[f"{name}{account}-{use}"] = template
                rows.append({"account": f"{name}{account}", "exchange_id": f"{name}{account}-{use}", "phrases": said})
    for account in range(60):
        rows += [{"account": f"o{account}", "phrases": rng.integers(10**6, 10**9, 6).tolist()} for _ in range(4)]
    return planted(rows), truth


def test_planted_templates_are_recovered_exchange_by_exchange(tmp_path: Path) -> None:
    """Each template is one family that holds exactly its exchanges; chatter is in none."""
    made, truth = two_templates()
    found = made.families(tmp_path)
    ids = np.array(made.table["exchange_id"].to_pylist())
    assert found.n == 2
    assert sorted(found.n_phrases.tolist()) == [6, 6]
    assert sorted(found.anchor.tolist()) == [100, 200]
    for family in range(2):
        template = int(found.anchor[family]) // 100 - 1
        mine = set(ids[found.exchange[found.family == family]].tolist())
        assert mine == {name for name, planted_in in truth.items() if planted_in == template}
    assert set(found.n_matched.tolist()) == {4}


def test_too_few_entities_make_no_family(tmp_path: Path) -> None:
    """A template that one entity fewer than the least uses is left alone, however often they use it."""
    for n, expected in ((LEAST_ENTITIES - 1, 0), (LEAST_ENTITIES, 1)):
        rows = [{"account": f"a{i % n}", "phrases": [11, 12, 13]} for i in range(40)]
        assert planted(rows).families(tmp_path).n == expected


def test_a_lone_shingle_is_no_family(tmp_path: Path) -> None:
    """One phrase that many share, with nothing else in common, is chance speech."""
    rows = [{"account": f"a{i}", "phrases": [11, 1000 + i]} for i in range(30)]
    assert planted(rows).families(tmp_path).n == 0


def test_families_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    """Planted rows in any order give the same families of the same exchanges."""
    rng = np.random.default_rng(8)
    rows = [
        {"account": f"a{i % 9}", "exchange_id": f"x{i}", "hours": i, "phrases": [11 + i % 2 * 10, 12 + i % 2 * 10]}
        for i in range(60)
    ]
    wanted = planted(rows).families(tmp_path)
    shuffled = planted([rows[i] for i in rng.permutation(len(rows))]).families(tmp_path)
    assert wanted.n > 0
    for name in ("n_phrases", "anchor", "family", "exchange", "n_matched"):
        assert np.array_equal(getattr(wanted, name), getattr(shuffled, name))
