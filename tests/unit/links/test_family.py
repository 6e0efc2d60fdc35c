"""Tests of families of exchanges on planted sketches."""

from pathlib import Path

import numpy as np
import pytest
from planted_traffic import Planted, planted

from stillwatch.links.family import LEAST_ENTITIES


def two_templates(seed: int = 0, uses: int = 10) -> tuple[Planted, dict[str, int]]:
    """Return traffic with two templates of 6 phrases amid chatter, and the template of each exchange.

    Of ten exchanges of an account, each phrase is in six or seven, so that every phrase is kept up; of five, in three.
    """
    rng = np.random.default_rng(seed)
    rows, truth = [], {}
    for template, (name, n) in enumerate((("p", 12), ("q", 9))):
        shingles = np.arange(6) + 100 * (template + 1)
        for account in range(n):
            for use in range(uses):
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
        mine = set(ids[found.matches(np.array([family])).exchange].tolist())
        assert mine == {name for name, planted_in in truth.items() if planted_in == template}
    assert set(found.n_matched.tolist()) == {4}


def test_templates_of_few_uses_lose_phrases_and_no_exchange(tmp_path: Path) -> None:
    """Where a phrase recurs for some of its users only, it may fall out of its family, which keeps its exchanges."""
    for seed in range(4):
        made, truth = two_templates(seed, uses=5)
        found = made.families(tmp_path / str(seed))
        ids = np.array(made.table["exchange_id"].to_pylist())
        of_template = [
            {truth.get(name, -1) for name in ids[found.matches(np.array([f])).exchange]} for f in range(found.n)
        ]
        assert all(len(templates) == 1 for templates in of_template)  # two templates never chain, chatter never joins
        matched = np.bincount(found.exchange, weights=found.n_matched, minlength=len(ids))
        mine = np.array([name in truth for name in ids])
        assert np.mean(matched[mine] >= 2) > 0.9
        assert not np.any(matched[~mine])


def test_kept_up_phrases_do_not_chain_with_speech_of_the_same_people(tmp_path: Path) -> None:
    """A template that all of a pool keep to is a family apart from phrases that the same people each say once."""
    rng = np.random.default_rng(5)
    rows = []
    for account in range(12):
        for use in range(8):
            once = {0: [901, 902, 903]}.get(use, [])  # a public prompt that all of them try
            said = [101, 102, 103, 104, *once, int(rng.integers(10**6, 10**9))]
            rows.append({"account": f"p{account}", "phrases": said})
    rows += [{"account": f"o{i % 40}", "phrases": rng.integers(10**6, 10**9, 5).tolist()} for i in range(200)]
    found = planted(rows).families(tmp_path)
    assert sorted(zip(found.anchor.tolist(), found.n_phrases.tolist(), strict=True)) == [(101, 4), (901, 3)]
    counted = {int(found.anchor[f]): len(found.matches(np.array([f])).exchange) for f in range(found.n)}
    assert counted == {101: 96, 901: 12}


def test_uses_of_phrases_are_counted_as_read_off_the_rows(tmp_path: Path) -> None:
    """For each phrase of a family, who used it in how many exchanges is what a look at every row gives."""
    made, truth = two_templates(3)
    found = made.families(tmp_path)
    wanted: dict[tuple[int, int], int] = {}
    for row in made.table.select(["account_id", "exchange_id", "body_minima"]).to_pylist():
        for phrase in set(row["body_minima"]) - {0} if row["exchange_id"] in truth else ():
            if phrase < 10**6:
                key = (truth[row["exchange_id"]], made.entity(row["account_id"]))
                wanted[key] = wanted.get(key, 0) + 1
    counted: dict[tuple[int, int], int] = {}
    for family in range(found.n):
        uses = found.uses(np.array([family]))
        for entity, n in zip(uses.entity.tolist(), uses.n_exchanges.tolist(), strict=True):
            key = (int(found.anchor[family]) // 100 - 1, entity)
            counted[key] = counted.get(key, 0) + n
    assert counted == wanted


@pytest.mark.parametrize(
    "rows", [[], [{"account": "a"}], [{"account": f"a{i}", "has_prompt": False} for i in range(20)]]
)
def test_traffic_without_phrases_has_no_families(rows: list[dict], tmp_path: Path) -> None:
    """No exchange, one without a phrase, and a log without prompts: no families, and no error."""
    found = planted(rows).families(tmp_path)
    assert found.n == len(found.n_phrases) == len(found.exchange) == len(found.member) == 0


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
    for name in ("n_phrases", "anchor", "first", "exchange", "n_matched"):
        assert np.array_equal(getattr(wanted, name), getattr(shuffled, name))
