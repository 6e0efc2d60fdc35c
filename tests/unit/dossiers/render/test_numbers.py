"""Numbers in words: signs, digits and units that do not claim more than is known."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stillwatch.dossiers.render import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0%"), (1, "100%"), (0.9996, ">99.9%"), (0.0004, "<0.1%"), (0.5, "50%"), (0.1234, "12.3%"), (0.999, "99.9%")],
)
def test_share_never_rounds_to_certainty(value: float, shown: str) -> None:
    """Only exactly 0 and 1 are shown as 0% and 100%."""
    assert numbers.share(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "<1%"), (1, ">99%"), (0.999999, ">99%"), (0.9904, "99%"), (0.99, "99%"), (0.0096, "1%"), (0.004, "<1%")],
)  # fmt: skip
def test_certainty_goes_no_further_than_calibration(value: float, shown: str) -> None:
    """A posterior or a membership never shows a row of nines that no calibration carries."""
    assert numbers.certainty(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(4.1e-6, "4.1\u00d710⁻⁶"), (0.05, "0.05"), (1.0, "1"), (0.0, "0"), (1e-300, "1.0\u00d710⁻³⁰⁰"), (0.999, "1")],
)
def test_small_probabilities_keep_their_exponent(value: float, shown: str) -> None:
    """Small p-values are written with an exponent and never as 0."""
    assert numbers.probability(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(4.25, "+4.2"), (-1.0, "\u22121.0"), (0.01, "0.0"), (-0.04, "0.0"), (12, "+12.0")]
)
def test_bits_carry_their_sign(value: float, shown: str) -> None:
    """Bits have a sign unless they round to nothing."""
    assert numbers.bits(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(10, "1,024 to 1"), (0, "1.0 to 1"), (-3, "1 to 8.0"), (30, "about 10⁹ to 1"), (1e9, "about 10³⁰¹ to 1")],
)
def test_odds_follow_bits(value: float, shown: str) -> None:
    """Ten bits are odds of a thousand; no number of bits overflows."""
    assert numbers.odds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (999, "999"),
        (9_999, "9,999"),
        (12_345, "12.3k"),
        (611_302, "611k"),
        (3_412_876, "3.4M"),
        (2_000_000_000, "2.0bn"),
    ],
)
def test_compact_counts(value: int, shown: str) -> None:
    """Counts below ten thousand keep all digits."""
    assert numbers.compact(value) == shown


def test_times_are_told_in_utc() -> None:
    """A time of another zone is told in UTC, and says so."""
    moment = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert numbers.instant(moment) == "30 Jun 2026, 23:30 UTC"
    assert numbers.day(datetime(2026, 9, 14, tzinfo=UTC)) == "14 Sep 2026"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(21_600, "6 hours"), (86_400, "1 day"), (5_400, "1.5 hours"), (1, "1 second")]
)
def test_spans(seconds: int, shown: str) -> None:
    """Lengths of time are told in their largest unit."""
    assert numbers.span(seconds) == shown
