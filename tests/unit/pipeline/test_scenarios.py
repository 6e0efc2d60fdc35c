"""The catalogue of scenarios keeps its promises."""

import pytest

from stillwatch.errors import UsageError
from stillwatch.pipeline.scenarios import DISCIPLINES, SCENARIOS, SIZES, chosen
from stillwatch.worlds.presets import load_preset

PERMANENT = {
    "tiny-report-31", "tiny-report-31-metadata", "tiny-report-31-sketches", "demo-report-31", "demo-report-32",
    "demo-report-31-without-identity", "demo-report-31-without-network", "demo-report-31-without-text",
    "hard-report-31", "hard-report-32", "hard-report-31-without-identity", "hard-report-31-without-network",
    "hard-report-31-without-text", "hard-report-31-metadata", "hard-report-31-sketches", "share5-report-31",
    "share5-report-33", "null-report-31", "null-report-32", "standard-report-7", "nulls", "adversary-none",
    "adversary-clean", "adversary-hours", "adversary-paraphrase", "adversary-bare", "adversary-small",
    "adversary-cover", "adversary-all", "adversary-no-resend", "adversary-silent", "adversary-silent-template",
    "demo-report-41", "demo-report-42", "hard-report-41", "hard-report-42", "share5-report-41", "share5-report-42",
    "null-report-41", "null-report-42", "nulls-held-out", "adversary-none-41", "adversary-clean-41",
    "adversary-hours-41", "adversary-paraphrase-41", "adversary-bare-41", "adversary-small-41", "adversary-cover-41",
    "adversary-all-41", "adversary-no-resend-41", "adversary-silent-41", "adversary-silent-template-41",
    *(f"{preset}-report-{seed}" for preset in ("demo", "hard", "share5", "null")
      for seed in (51, 61, 62, 71, 72, 81, 82, 91)),
    "nulls-held-out-2", "nulls-held-out-3", "nulls-held-out-4", "nulls-held-out-5",
    "nulls-held-out-6",
    *(f"{preset}-report-{seed}-{change}" for preset in ("demo", "hard") for seed in (51, 61, 71, 81, 91)
      for change in ("without-identity", "without-network", "without-text", "metadata", "sketches")),
    *(f"adversary-{name}-{seed}" for seed in (51, 61, 71, 81, 91) for name in (
        "none", "clean", "hours", "paraphrase", "bare", "small", "cover", "all", "no-resend", "silent",
        "silent-template")),
}  # fmt: skip


def test_ids_are_permanent():
    """None may be renamed: results of years must be comparable. One that is added is added here too."""
    assert set(SCENARIOS) == PERMANENT


def test_what_is_compared_is_of_the_same_world_and_size():
    """A change has a base that runs wherever it runs, on the same world."""
    for scenario in SCENARIOS.values():
        assert bool(scenario.change) == bool(scenario.base)
        if scenario.base:
            base = SCENARIOS[scenario.base]
            assert base.world == scenario.world
            assert base.sizes >= scenario.sizes
            assert not base.change


def test_sizes_contain_each_other():
    """Smoke is part of nightly, nightly of full."""
    smoke, nightly, full = ({one.id for one in chosen(size)} for size in SIZES)
    assert smoke < nightly < full == PERMANENT


def test_a_change_that_is_asked_for_brings_its_base():
    """Without it nothing could be compared."""
    found = chosen("smoke", ["hard-report-31-sketches"])
    assert [one.id for one in found] == ["hard-report-31", "hard-report-31-sketches"]


def test_what_does_not_exist_is_refused():
    """The refusal lists what exists."""
    with pytest.raises(UsageError, match="hard-report-31"):
        chosen("smoke", ["hard-report-99"])
    with pytest.raises(UsageError, match="nightly"):
        chosen("weekly")


def test_each_discipline_changes_one_thing_of_one_campaign():
    """The adversary's preset has one campaign, and all together is every single discipline at once."""
    assert sum(table.kind == "campaign" for table in load_preset("adversary").actors) == 1
    assert DISCIPLINES["none"][1] == {}
    single = {
        key
        for name, (_, changes) in DISCIPLINES.items()
        if name not in ("none", "all", "no-resend", "silent", "silent-template")
        for key in changes
    }
    assert set(DISCIPLINES["all"][1]) == single


def test_small_worlds_without_a_campaign_have_every_look_alike():
    """Their preset leaves none out that the large one has."""
    small, large = ({table.kind for table in load_preset(name).actors} for name in ("null-small", "null"))
    assert small == large
    assert "campaign" not in small
