"""Observations of a group: values of the catalogue's kinds, beside those of matched controls, and their words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import Final

from stillwatch.assessments.catalogue import KINDS, P_DIGITS, ObservationKind
from stillwatch.assessments.sample import Sample
from stillwatch.assessments.sampling_error import SamplingError, p_within


@dataclass(frozen=True, slots=True)
class Observation:
    """A kind of observation, its value on the group, and the same on matched controls; null where not known.

    Args:
        kind: what was observed.
        value: on the group.
        comparison: the mean over matched controls.
        comparison_low: the least of them.
        comparison_high: the most of them.
        n_compared: control groups on which it could be made.
        error: how far the value could have come out otherwise; null: not known, or it was not sampled.
        basis: of the outcome of a test, what was counted and how its p-value was computed, in words.
    """

    kind: ObservationKind
    value: float | None
    comparison: float | None
    comparison_low: float | None = None
    comparison_high: float | None = None
    n_compared: int = 0
    error: SamplingError | None = None
    basis: str = ""

    def p_within(self, at_least: float, at_most: float) -> float | None:
        """Return the probability that the true value lies in a range; null where nothing was observed."""
        return None if self.value is None else p_within(self.value, self.error, at_least, at_most)


MOST_DIGITS: Final = 7  # of a written number; beyond, all of it
RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
EXACT: Final = 1e-9  # what two numbers may differ by and be one: the last bits of a sum


def observe(sample: Sample) -> dict[str, Observation]:
    """Return every observation of a group, without controls beside it."""
    return {kind.name: Observation(kind, kind.measure(sample), None) for kind in KINDS.values()}


def beside_controls(observations: Mapping[str, Observation], controls: tuple[Sample, ...]) -> dict[str, Observation]:
    """Return observations with the mean of the same on matched controls; the outcomes of tests stay as they are."""
    found = dict(observations)
    for name, seen in observations.items():
        if seen.kind.unit == P_DIGITS:
            continue
        values = [value for value in (seen.kind.measure(control) for control in controls) if value is not None]
        mean = sum(values) / len(values) if values else None
        found[name] = replace(
            seen, comparison=mean, comparison_low=min(values, default=None), comparison_high=max(values, default=None),
            n_compared=len(values),
        )  # fmt: skip
    return found


def with_tests(
    observations: dict[str, Observation],
    p_of: Mapping[str, float | None],
    error_of: Mapping[str, float | None] | None = None,
    basis_of: Mapping[str, str] | None = None,
) -> dict[str, Observation]:
    """Return observations with the outcome of the group tests, as decimal digits of their p-values.

    Args:
        observations: what was observed.
        p_of: for ``identity``, ``rhythm`` and ``work_list``, the p-value of their tests; null where none was counted.
            For a test that is an observation by itself, its own name and p-value.
        error_of: the standard error of those digits, for they rest on draws; null where a test is exact.
        basis_of: what each rests on, in words.
    """
    found = dict(observations)
    for channel, p in p_of.items():
        name = channel if channel in KINDS else f"{channel}_coordination"
        error = (error_of or {}).get(channel)
        found[name] = Observation(
            KINDS[name],
            None if p is None else -log10(p),
            0.0,
            error=SamplingError(None, error) if error else None,
            basis=(basis_of or {}).get(channel, ""),
        )
    return found


def told(seen: Observation, edges: Sequence[float] = ()) -> str:
    """Return what was observed in words: the value, and of a test what it rests on."""
    words = described(seen.kind, seen.value, edges)
    return f"{words.removesuffix('.')}: {seen.basis}." if seen.basis and seen.value is not None else words


def described(kind: ObservationKind, value: float | None, edges: Sequence[float] = ()) -> str:
    """Return an observation's value in words, without inference; its title stands beside it.

    Guarantee: the number that is written lies on the same side of each of the ``edges`` as the value itself, or on it.
    """
    if value is None:
        return f"Not known, for lack of {' or '.join(kind.needs) or 'enough traffic'}."
    if kind.unit.startswith("share of"):
        percents = [100.0 * edge for edge in edges]
        return f"{_written(100.0 * value, 0, percents)}% of {kind.unit.removeprefix('share of ')}."
    if kind.unit == P_DIGITS:
        return f"p = {_written_p(value, edges)}."
    unit = kind.unit.removesuffix("es") if value == 1.0 and kind.unit == "addresses" else kind.unit
    return f"{_written(value, 0 if value >= 100 or value == int(value) else 2, edges)} {unit}."


def _written(value: float, n_digits: int, edges: Sequence[float]) -> str:
    """Return a number with at least so many decimals, and as many as its side of each edge needs."""
    texts = (f"{value:,.{n}f}" for n in range(n_digits, MOST_DIGITS))
    return next((text for text in texts if _same_side(float(text.replace(",", "")), value, edges)), f"{value!r}")


def _written_p(digits: float, edges: Sequence[float]) -> str:
    texts = (f"{10.0**-digits:.{n}g}" for n in range(1, MOST_DIGITS))
    text = next((text for text in texts if _same_side(-log10(float(text)), digits, edges)), f"{10.0**-digits!r}")
    mantissa, _, power = text.partition("e")
    return f"{mantissa}\u00d710{str(int(power)).translate(RAISED)}" if power else mantissa


def _same_side(written: float, value: float, edges: Sequence[float]) -> bool:
    return all(_side(written, edge) == _side(value, edge) for edge in edges)


def _side(value: float, edge: float) -> int:
    """Return -1 below the edge, 1 above it and 0 on it."""
    return 0 if abs(value - edge) <= EXACT else 1 if value > edge else -1
