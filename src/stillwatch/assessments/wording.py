"""What a weighed observation says to a reader: the number, the range that was expected, and where the number lies.

The sentence is made from the value, never from the expectation alone, so that it holds on every side of the range.
"""

from math import inf

from stillwatch.assessments.catalogue import KINDS, P_DIGITS
from stillwatch.assessments.hypothesis import Expectation
from stillwatch.assessments.observation import Observation, described, told

WITHIN, BELOW, ABOVE = "within", "below", "above"


def place_of(expectation: Expectation, value: float) -> str:
    """Return where a value lies: ``within``, ``below`` or ``above`` the range, in the terms that the reader sees.

    Of a test the reader sees the p-value, which is the larger the fewer digits it has.
    """
    turned = KINDS[expectation.observation].unit == P_DIGITS
    if value < expectation.at_least:
        return ABOVE if turned else BELOW
    if value > expectation.at_most:
        return BELOW if turned else ABOVE
    return WITHIN


def seen_words(expectation: Expectation, seen: Observation) -> str:
    """Return an observation's value as a sentence, with the digits that its place in the expected range needs."""
    return told(seen, edges_of(expectation))


def expected_words(expectation: Expectation, seen: Observation, bits: float) -> str:
    """Return where the value lies in what a hypothesis expects, as ``below the expected range (at least 15%)``.

    Guarantee: where the weight has the other sign than such a place mostly has, the words say why: the range is one
    that groups of the kind turned out to show less often than others, or the value lies at its edge.
    """
    words = range_words(expectation)
    if seen.value is None:
        return f"expected: {words}"
    place = place_of(expectation, seen.value)
    if expectation.m < expectation.u:
        return f"{place} the range ({words}), which groups of this kind show less often than others"
    at_edge = bits != 0.0 and expectation.m != expectation.u and (bits > 0.0) != (place == WITHIN)
    return f"{place} the expected range ({words}){', at its edge' if at_edge else ''}"


def controls_words(seen: Observation) -> str:
    """Return what matched controls show of the same, as ``3% on average (0% to 8%)``; nothing where there are none."""
    if seen.comparison is None or seen.kind.unit == P_DIGITS:
        return ""
    mean, low, high = (
        "" if end is None else described(seen.kind, end).split(" ")[0]
        for end in (seen.comparison, seen.comparison_low, seen.comparison_high)
    )
    if seen.n_compared < 2 or not low or not high:
        return mean
    return f"{mean} in each" if low == high == mean else f"{mean} on average ({low} to {high})"


def edges_of(expectation: Expectation) -> tuple[float, ...]:
    """Return the ends of the expected range that there are."""
    return tuple(end for end in (expectation.at_least, expectation.at_most) if -inf < end < inf)


def range_words(expectation: Expectation) -> str:
    """Return a range in words; digits of a p-value as the p-value that they stand for."""
    unit = KINDS[expectation.observation].unit
    low, high = expectation.at_least, expectation.at_most
    if unit == P_DIGITS:
        return f"p of at most {_p_value(low)}" if low > -inf else f"p of at least {_p_value(high)}"
    if low > -inf and high < inf:
        return f"between {_bound(low, unit)} and {_bound(high, unit)}"
    return f"at least {_bound(low, unit)}" if low > -inf else f"at most {_bound(high, unit)}"


def _p_value(digits: float) -> str:
    """Return the p-value that digits stand for, written out: 0.001, and 1 in 10 million below a thousandth."""
    return f"{10.0**-digits:g}" if digits <= 3 else f"1 in {10.0**digits:,.0f}"


def _bound(value: float, unit: str) -> str:
    return f"{100.0 * value:g}%" if unit.startswith("share of") else f"{value:g}"
