"""Tests of rival hypotheses: weights that can be read aloud, halving, and golden cases."""

import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import (
    RELEASED_WEIGHTS,
    Expectation,
    HypothesisKind,
    read_weights,
    released_weights,
    weigh,
)
from stillwatch.assessments.indicator import PUBLISHED
from stillwatch.assessments.observation import Observation
from stillwatch.errors import SettingsError

CASES = sorted((Path(__file__).parents[2] / "golden" / "hypotheses").glob("*.toml"))
NAMES = {
    *("distillation", "relay", "evaluation_harness", "labelling_pipeline", "one_prompt_application", "public_tool"),
    *("enterprise", "classroom", "continuous_integration", "stolen_keys", "trial_farm", "authorised_customer"),
    *("unrelated", "business_queue", "task_workers", "routed_application", "private_evaluation", "exercise_list"),
}


def observed(**values: float | None) -> dict[str, Observation]:
    """Return observations with these values, and every other one unknown."""
    return {name: Observation(kind, values.get(name), None) for name, kind in KINDS.items()}


def expecting(name: str, *expects: tuple[str, float, float], prior: float = 0.5) -> HypothesisKind:
    """Return a hypothesis that expects observations of at least one half, with m and u."""
    return HypothesisKind(name, name, prior, tuple(Expectation(o, 0.5, np.inf, m, u, "reason") for o, m, u in expects))


def kinds_of(case: dict) -> tuple[HypothesisKind, ...]:
    """Return the hypotheses that a golden case states."""
    return tuple(
        HypothesisKind(
            name,
            name,
            stated["prior"],
            tuple(
                Expectation(
                    e["observation"], e.get("at_least", -np.inf), e.get("at_most", np.inf), e["m"], e["u"], "reason"
                )
                for e in stated.get("expects", [])
            ),
        )
        for name, stated in case["hypothesis"].items()
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden_cases_weigh_as_written(path: Path) -> None:
    """Each case's hypotheses get the bits and the posteriors that the case works out by hand."""
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert case["because"]
    assert case["source"]
    found = weigh(kinds_of(case), observed(**case["observed"]))
    assert {item.name: round(item.bits, 4) for item in found} == case["expect"]["bits"]
    assert {item.name: round(item.posterior, 4) for item in found} == case["expect"]["posterior"]
    evidence = {f"{item.name}.{e.expectation.observation}": round(e.bits, 4) for item in found for e in item.evidence}
    assert evidence == case["expect"]["evidence"]
    assert found[0].posterior == max(item.posterior for item in found)


def test_released_weights_know_every_rival_and_only_known_observations() -> None:
    """The released file names each rival once, with positive priors that add up to one, and known observations."""
    kinds = released_weights()
    assert {kind.name for kind in kinds} == NAMES
    assert len(kinds) == len(NAMES)
    assert all(kind.prior > 0 for kind in kinds)
    assert all(kind.title for kind in kinds)
    assert sum(kind.prior for kind in kinds) == pytest.approx(1.0, abs=0.4)
    for kind in kinds:
        assert kind.expects
        for e in kind.expects:
            assert e.observation in KINDS
            assert 0 < e.m < 1
            assert 0 < e.u < 1
            assert e.at_least <= e.at_most
            assert np.isfinite(e.at_least) or np.isfinite(e.at_most), (kind.name, e.observation)
            assert e.because


def test_released_weights_are_named_as_their_file() -> None:
    """A case names the weights it used; the file says the same name of itself, and where its numbers come from."""
    text = (files("stillwatch.assessments") / "weights" / f"{RELEASED_WEIGHTS}.toml").read_text(encoding="utf-8")
    parsed = tomllib.loads(text)
    assert parsed["name"] == RELEASED_WEIGHTS
    assert parsed["source"]


def test_no_hypothesis_looks_at_a_country() -> None:
    """No observation needs a country, a language or an address's geography."""
    for kind in KINDS.values():
        assert not {"declared_country"} & set(kind.needs)
        assert not any(word in kind.name for word in ("country", "language", "script"))


def test_published_indicators_are_observed() -> None:
    """Each published indicator is measured by an observation that exists, names its source and its honest reading."""
    for indicator in PUBLISHED:
        assert indicator.observation in KINDS
        assert indicator.source
        assert indicator.innocent_reading
    assert len({indicator.observation for indicator in PUBLISHED}) == len(PUBLISHED)


def test_unknown_weights_are_refused() -> None:
    """A name that was never released is an error of the settings."""
    with pytest.raises(SettingsError, match="cannot be read"):
        released_weights("hypotheses-1999-01")


def test_without_observations_the_priors_stand() -> None:
    """Nothing seen is nothing proved: the posteriors are the priors, scaled to one."""
    kinds = released_weights()
    total = sum(kind.prior for kind in kinds)
    found = {item.name: item for item in weigh(kinds, observed())}
    for kind in kinds:
        assert found[kind.name].posterior == pytest.approx(kind.prior / total)
        assert found[kind.name].evidence == ()


def test_within_one_channel_each_further_piece_counts_half() -> None:
    """The strongest counts whole, the next one half, the third a quarter; for and against apart; channels apart."""
    content = ("thinking_tags", "trainable_share", "capability_focus")
    assert {KINDS[name].channel for name in content} == {"content"}
    kind = expecting(
        "h", *((name, m, 0.1) for name, m in zip(content, (0.8, 0.4, 0.2), strict=True)), ("no_ramp", 0.4, 0.1)
    )
    seen = dict.fromkeys((*content, "no_ramp"), 0.9)
    (found,) = weigh((kind,), observed(**seen))
    assert {e.expectation.observation: e.bits for e in found.evidence} == pytest.approx(
        {"thinking_tags": 3.0, "trainable_share": 1.0, "capability_focus": 0.25, "no_ramp": 2.0}
    )
    (against,) = weigh((kind,), observed(**{**seen, "trainable_share": 0.1}))
    bits = {e.expectation.observation: e.bits for e in against.evidence}
    assert bits["trainable_share"] == pytest.approx(np.log2(0.6 / 0.9))  # whole: the first against in its channel
    assert bits["capability_focus"] == pytest.approx(0.5)


def test_a_range_includes_its_ends() -> None:
    """At least and at most mean what they say, and a value on the edge is within."""
    kind = HypothesisKind("h", "h", 0.5, (Expectation("active_days", 3, 5, 0.8, 0.4, "reason"),))
    inside = {v: weigh((kind,), observed(active_days=v))[0].evidence[0].bits > 0 for v in (2.99, 3.0, 4.0, 5.0, 5.01)}
    assert inside == {2.99: False, 3.0: True, 4.0: True, 5.0: True, 5.01: False}


def test_a_miss_costs_at_most_what_the_weights_say() -> None:
    """What whoever is guilty can have for nothing clears nobody; where it is met it counts in full."""
    text = """
        [[hypothesis]]
        name = "h"
        title = "h"
        prior = 0.5
        expects = [{ observation = "active_days", at_least = 3, m = 0.98, u = 0.5, most_against = 1.0, because = "r" }]
        """
    bits = [weigh(read_weights(text, "test"), observed(active_days=days))[0].evidence[0].bits for days in (1.0, 9.0)]
    assert bits == pytest.approx([-1.0, np.log2(0.98 / 0.5)])
    with pytest.raises(SettingsError, match="at most so many bits"):
        read_weights(text.replace("most_against = 1.0", "most_against = -1.0"), "test")


@pytest.mark.parametrize(
    "free", ["mixed_talk", "one_address_share", "alone_share", "own_subjects", "favourites", "thinking_tags"]
)
def test_no_released_weight_acquits_for_what_is_free(free: str) -> None:
    """One address, single turns, bursts, dealing by account: a miss takes at most one bit from distillation."""
    (distillation,) = (kind for kind in released_weights() if kind.name == "distillation")
    limits = [expected.most_against for expected in distillation.expects if expected.observation == free]
    assert limits
    assert max(limits) <= 1.0


def test_evidence_is_listed_strongest_first_and_says_what_was_seen() -> None:
    """A reader sees the heaviest piece first, each with the number behind it."""
    for item in weigh(released_weights(), observed(**dict.fromkeys(KINDS, 0.4))):
        weights = [abs(e.bits) for e in item.evidence]
        assert weights == sorted(weights, reverse=True)
        assert all(any(c.isdigit() for c in e.observed) for e in item.evidence)
