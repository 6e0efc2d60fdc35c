"""Tests of comparisons in bits: golden cases, and a u that was planted."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_traffic import planted, use_matrix
from scipy.sparse import csr_array

from stillwatch.links.comparer import Comparer, comparer
from stillwatch.links.comparison import COMPARISONS, Weights, stated_weights
from stillwatch.links.estimation import N_RANDOM_PAIRS
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME

HOUR_US = 3_600_000_000
CASES = sorted((Path(__file__).parents[2] / "golden" / "comparisons").glob("*.toml"))


def comparer_of(case: dict) -> Comparer:  # noqa: C901 - one branch for each part of a case
    """Return a comparer of two entities, 0 and 1, as a golden case describes them."""
    n = case["entities"]
    families = case.get("families", {})
    used = {0: {}, 1: {}}
    for i, name in enumerate(families):
        for entity, key in ((0, "a"), (1, "b")):
            if name in case[key].get("families", []):
                used[entity][i] = 3
    empty = not any(used.values())
    use = csr_array((n, max(len(families), 1)), dtype=np.int64) if empty else use_matrix(used, n, len(families))
    ties, times = {}, {}
    for column, holders in case.get("values", {}).items():
        names = tuple(holders)
        held = {
            (names.index(value), entity) for entity, key in ((0, "a"), (1, "b")) for value in case[key].get(column, [])
        }
        for code, name in enumerate(names):  # strangers hold what the two do not account for
            mine = sum(1 for value, _ in held if value == code)
            held |= {(code, 2 + stranger) for stranger in range(holders[name] - mine)}
        value, entity = (np.array(part, np.int32) for part in zip(*sorted(held), strict=True))
        ties[column] = Ties(column, value, entity, names)
    for name in ("sign_up", "first_request"):
        if name in case["a"] or name in case["b"]:
            times[name] = np.full(n, MISSING_TIME)
            for entity, key in ((0, "a"), (1, "b")):
                if name in case[key]:
                    times[name][entity] = int(case[key][name] * HOUR_US)
    hours = np.zeros((n, 24))
    for entity, key in ((0, "a"), (1, "b")):
        hours[entity, case[key]["hours"]] = 1.0
        hours[entity] /= max(np.linalg.norm(hours[entity]), 1.0)
    sizes = np.array([*families.values()] or [0], np.int64)
    return Comparer(weights_of(case), use, sizes, ties, times, hours)


def weights_of(case: dict) -> Weights:
    """Return the stated weights, with the u of a case and what it sets otherwise."""
    stated = stated_weights(case["entities"], case["u"])
    changed = {name: replace(stated.of[name], **rates) for name, rates in case.get("weights", {}).items()}
    return Weights(stated.n_entities, {**stated.of, **changed})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden_cases_weigh_as_written(path: Path) -> None:
    """Each case's pair gets exactly the bits that the case works out by hand, and no comparison more or less."""
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case["because"]
    assert case["source"]
    made = comparer_of(case)
    found = made.compare(0, 1)
    assert {item.name: round(item.bits, 4) for item in found} == case["expect"]["bits"]
    total = made.prior_bits + sum(item.bits for item in found)
    assert round(total, 4) == pytest.approx(case["expect"]["total_bits"], abs=2e-4)
    mirrored = {(item.name, item.bits) for item in made.compare(1, 0)}
    assert mirrored == {(item.name, item.bits) for item in found}
    assert [abs(item.bits) for item in found] == sorted((abs(item.bits) for item in found), reverse=True)


def test_golden_cases_cover_every_comparison() -> None:
    """Each comparison agrees in one golden case and disagrees in another."""
    cases = [tomllib.loads(path.read_text(encoding="utf-8"))["expect"]["bits"] for path in CASES]
    for name in COMPARISONS:
        signs = {bits[name] > 0 for bits in cases if name in bits}
        assert signs == {True, False}, name


def test_every_m_is_a_probability_with_words() -> None:
    """The table of comparisons can be read aloud: m in (0, 1), and a title, a reason and the columns it needs."""
    for comparison in COMPARISONS.values():
        assert 0 < comparison.m < 1
        assert comparison.title
        assert comparison.because
        assert comparison.needs


def test_u_is_recovered_from_a_planted_population() -> None:
    """Strangers' agreement is measured where it was planted: 1 in 5 signs up within one day, the rest far apart."""
    rng = np.random.default_rng(6)
    n = 1500
    in_wave = rng.random(n) < np.sqrt(0.2)  # two strangers agree where both were in the wave
    sign_up = np.where(in_wave, 0, rng.permutation(np.arange(1, n + 1)) * 96) * HOUR_US
    office = rng.random(n) < 0.5
    rows = [{"account": f"a{i}", "hours": 24.0 * day + (12 if office[i] else 3)} for i in range(n) for day in range(2)]
    made = planted(rows, [{"account_id": f"a{i}"} for i in range(n)])
    order = [int(name[1:]) for name in made.population.accounts.names]
    times = {
        "sign_up": sign_up[order],
        "first_request": made.population.exchanges.requested_us[made.population.exchanges.first[:-1]],
    }
    found = comparer(made.population, made.entities, csr_array((n, 1), dtype=np.int64), {}, times).weights.of
    share = np.mean(in_wave)
    for name, truth in (
        ("sign_up", share**2),
        ("hours", np.mean(office) ** 2 + np.mean(~office) ** 2),
        ("first_request", 1.0),
    ):
        slack = 4 * np.sqrt(max(truth * (1 - truth), 0.0) / N_RANDOM_PAIRS) + 2e-4  # no rate is written as 1
        assert abs(found[name].u - truth) <= slack, name
        assert 0 < found[name].u < 1


def test_u_of_a_time_that_few_have_is_still_a_probability() -> None:
    """One known time, or none, leaves u strictly between 0 and 1, so that no comparison is worth infinite bits."""
    made = planted([{"account": f"a{i}"} for i in range(6)])
    times = {"sign_up": np.array([0, *[MISSING_TIME] * 5])}
    found = comparer(made.population, made.entities, csr_array((6, 1), dtype=np.int64), {}, times).weights.of
    assert all(0 < one.u < 1 and 0 < one.m < 1 for one in found.values())


def test_alike_hours_is_a_cosine() -> None:
    """The profile of an entity has unit length, so that volume does not matter."""
    rows = [{"account": "often", "hours": 24.0 * day + 9} for day in range(50)] + [{"account": "once", "hours": 9.0}]
    made = planted(rows)
    found = comparer(made.population, made.entities, csr_array((2, 1), dtype=np.int64), {}, {})
    assert float(found.hours[0] @ found.hours[1]) == pytest.approx(1.0)
