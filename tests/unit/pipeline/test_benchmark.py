"""What the benchmark makes of its jobs' results."""

from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.pipeline.benchmark import run_benchmark
from stillwatch.pipeline.benchmark_job import adversary_cost, make_world, world_folder
from stillwatch.pipeline.benchmark_plan import BenchmarkRequest, Job
from stillwatch.pipeline.benchmark_summary import summarised, upper_bound
from stillwatch.pipeline.benchmark_table import COLUMNS, markdown, tables
from stillwatch.pipeline.scenarios import DISCIPLINES, SCENARIOS, WorldRecipe
from stillwatch.worlds.metrics.truth import read_truth

REQUEST = BenchmarkRequest("smoke", Path("worlds"))
SCAN = {
    "status": "done", "seconds": 4.0, "peak_bytes": 2**30, "exchanges": 100, "accounts": 10, "n_accused": 3,
    "n_correct": 2, "precision": 2 / 3, "recall": 0.5, "digests": {"campaigns.json": "a"}, "agreement": 0.4,
    "recall_by_campaign": {"distillation-x": [2, 4]}, "accused_by_class": {"classroom": [1, 5], "organic": [0, 2]},
    "accused_groups_by_class": {"classroom": 1}, "low_volume": {"recall": 0.5}, "registered_accused": 0,
    "relay_or_distillation": None, "authorised_called_distillation": 0, "top_1": 0.5, "exchange_auc": 0.9,
    "account_calibration_error": 0.01, "exchange_calibration_error": 0.02,
}  # fmt: skip
RIVAL = {**SCAN, "seconds": 2.0, "recall_at_low_rate": 0.25}
WORLD = {"n_groups_accused": 0, "n_accused": 0, "accounts": 50, "exchanges": 500, "seconds": 1.0}


def job(name, system="stillwatch"):
    """A job of a scenario."""
    return Job(f"{name} {system}", SCENARIOS[name], system, {})


def document(*found):
    """The document of some results."""
    scenarios = [SCENARIOS[name] for name in dict.fromkeys(one.scenario.id for one, _ in found)]
    return {**summarised(REQUEST, scenarios, [], found), "seconds": 1.0}


def test_speed_is_a_ratio_to_stillwatch_on_the_same_world():
    """A rival of half its seconds is twice as fast; a changed scan is compared with its base."""
    found = document(
        (job("tiny-report-31"), SCAN),
        (job("tiny-report-31", "minhash"), RIVAL),
        (job("tiny-report-31-metadata"), {**SCAN, "seconds": 8.0}),
    )
    assert [row["speed_ratio"] for row in found["rows"]] == [1, 2, 0.5]
    assert found["rivals"]["minhash"]["setting"]


def test_sketches_that_give_another_case_are_a_failure():
    """Equal digests pass; another one fails and says why."""
    base = (job("tiny-report-31"), SCAN)
    same = document(base, (job("tiny-report-31-sketches"), SCAN))
    other = document(base, (job("tiny-report-31-sketches"), {**SCAN, "digests": {"campaigns.json": "b"}}))
    assert same["failures"] == []
    assert same["rows"][1]["is_same_case"] is True
    assert "another case" in other["failures"][0]


def test_a_rival_that_is_not_there_or_too_slow_is_no_failure():
    """It has a row that says so; one that crashes is a failure."""
    states = ("not installed", "did not finish", "failed")
    found = document(*((job("tiny-report-31", "minhash"), {"status": one, "problem": one}) for one in states))
    assert [row["status"] for row in found["rows"]] == list(states)
    assert found["failures"] == ["tiny-report-31 minhash: failed"]


def test_small_worlds_give_one_row():
    """Worlds of all jobs are counted together; one that cannot be scanned is a failure and no clean world."""
    guilty = {**WORLD, "n_groups_accused": 1, "n_accused": 4, "seed": 7}
    results = [{"status": "done", "peak_bytes": 5, "worlds": worlds} for worlds in ([WORLD, guilty], [WORLD])]
    row = document(*((job("nulls"), one) for one in results))["rows"][0]
    assert (row["n_worlds"], row["n_worlds_accusing"], row["seeds_accusing"]) == (3, 1, [7])
    assert row["false_positive_rate"] == 4 / 150
    broken = {"status": "done", "peak_bytes": 5, "worlds": [WORLD, {"seed": 8, "problem": "it broke"}]}
    found = document((job("nulls"), broken))
    assert (found["rows"][0]["n_worlds"], found["rows"][0]["seeds_refused"]) == (1, [8])
    assert "it broke" in found["failures"][0]


def test_no_alarm_in_200_worlds_bounds_the_share_at_1_5_percent():
    """The exact bound: one minus the 200th root of 5%."""
    assert upper_bound(0, 200) == pytest.approx(1 - 0.05 ** (1 / 200))
    assert upper_bound(3, 3) == 1
    assert upper_bound(0, 0) is None


COST = {"accounts": 1234.5, "pools": 9.9, "requests_per_accepted": 1.5, "requests": 1_500_000.0}


def test_tables_have_a_cell_for_every_column():
    """Whatever became of a job."""
    found = document(
        (job("tiny-report-31"), SCAN),
        (job("tiny-report-31", "minhash"), {"status": "did not finish", "problem": "stopped after 60 s"}),
        (job("nulls"), {"status": "done", "peak_bytes": 5, "worlds": [WORLD]}),
        (job("adversary-none"), {**SCAN, "cost": COST}),
        (job("adversary-none-41"), {**SCAN, "cost": COST}),
    )  # fmt: skip
    shown = tables(found)
    assert all(len(cells) == len(columns) for _, columns, rows in shown for cells in rows)
    assert shown[0][1] == COLUMNS
    page = markdown(found)
    assert "| adversary-none | no discipline" in page
    assert "| adversary-none-41 | no discipline" in page
    assert "did not finish" in page
    assert "classroom 1/5" in page


def test_an_unknown_rival_is_refused(tmp_path):
    """Before anything runs, naming those that exist."""
    with pytest.raises(UsageError, match="self-join"):
        run_benchmark(BenchmarkRequest("smoke", tmp_path / "worlds", rivals=("clio",)), lambda *_: None)
    assert not (tmp_path / "worlds").exists()


def test_a_kept_world_is_found_by_everything_it_depends_on(tmp_path):
    """Another seed, side or campaign is another folder; the same recipe is the same."""
    recipes = [
        WorldRecipe("tiny", 1), WorldRecipe("tiny", 2), WorldRecipe("tiny", 1, "tune"),
        WorldRecipe("tiny", 1, campaign={"cover": 0.5}),
    ]  # fmt: skip
    assert len({world_folder(recipe, tmp_path) for recipe in recipes}) == len(recipes)
    assert world_folder(recipes[0], tmp_path) == world_folder(WorldRecipe("tiny", 1), tmp_path)


def test_the_cost_of_a_small_adversary(tmp_path):
    """Cover costs requests and no accounts: 15 accounts of 3 requests a day need some 11,000 a million a month."""
    _, campaign = DISCIPLINES["small"]
    make_world(WorldRecipe("adversary", 31, campaign={**campaign, "cover": 0.5}), tmp_path)
    assert len(read_truth(tmp_path).members()) == 15
    cost = adversary_cost(tmp_path)
    assert 1.8 < cost["requests_per_accepted"] < 3
    assert 9_000 < cost["accounts"] < 16_000
    assert cost["pools"] == pytest.approx(cost["accounts"] / 15)
