"""Numbers of a dossier in the reader's form, and statements taken apart into words, values and figures."""

from typing import Final

from stillwatch.dossiers.calibrated import judgement
from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.number import TOKEN, Number, Statement
from stillwatch.dossiers.render import numbers
from stillwatch.dossiers.render.dossier.blocks import Figure, Spans, Value, Words

COUNTS: Final = ("accounts", "exchanges", "entities", "tokens", "groups")
UNKNOWN: Final = "not known"


def number_words(value: float, unit: str) -> str:  # noqa: PLR0911 - one kind of unit after the other
    """Return a value in its unit: shares as percentages, p-values with their letter, money with its currency."""
    if unit in COUNTS and float(value).is_integer():
        return numbers.count(int(value))
    if unit in ("p-value", "q-value"):
        return numbers.probability(value)
    if unit == "digits of p":
        return "p = " + numbers.probability(10.0**-value)
    if unit == "probability":
        return numbers.certainty(value)
    if unit.startswith("share"):
        return numbers.share(value)
    if unit == "bits":
        return f"{numbers.bits(value)} bits"
    if len(unit) == 3 and unit.isupper():  # a currency by its code
        return f"{unit} {value:,.0f}" if value >= 100 else f"{unit} {value:,.2f}"
    return f"{numbers.decimal(value)} {unit}".strip() if unit not in ("", "weight") else numbers.decimal(value)


def words_of(number: Number) -> str:
    """Return a number or a moment in the reader's form."""
    if number.moment is not None:
        return numbers.instant(number.moment)
    return UNKNOWN if number.value is None else number_words(number.value, number.unit)


def spread_of(number: Number) -> str:
    """Return a number's interval as ``62% to 77%``; empty where it has none or where that says nothing."""
    interval = number.interval
    if interval is None or interval.low == interval.high:
        return ""
    low, high = (
        number_words(end, number.unit).removesuffix(f" {number.unit}") for end in (interval.low, interval.high)
    )
    return "" if low == high else f"{low} to {high}"


def interval_words(number: Number) -> str:
    """Return a number's interval in a sentence of its own; empty where it has none."""
    interval = number.interval
    if interval is None:
        return ""
    return spread_of(number) or ("of no width" if interval.low == interval.high else "narrower than the digits shown")


def in_words(number: Number) -> str:
    """Return a probability in words of ICD 203, as ``very likely (unlikely to almost certain)`` with its interval's."""
    term = judgement(number.value or 0.0, number.ref).term
    within = interval_in_words(number)
    return f"{term} ({within})" if within else term


def interval_in_words(number: Number) -> str:
    """Return the words of an interval's ends; empty where both are the number's own."""
    ends = (number.interval.low, number.interval.high) if number.interval else ()
    low, high = ([judgement(end, number.ref).term for end in ends]) or ("", "")
    return f"{low} to {high}" if low != high else ""


class Speaker:
    """Puts a dossier's statements and numbers into spans.

    Args:
        dossier: the frozen document.
    """

    def __init__(self, dossier: Dossier) -> None:
        self._place = {number.ref: i for i, number in enumerate(dossier.numbers, 1)}
        self._numbers = {number.ref: number for number in dossier.numbers}

    def number(self, ref: str) -> Number:
        """Return a number by its reference."""
        return self._numbers[ref]

    def figure(self, ref: str, *, with_spread: bool = False) -> Spans:
        """Return one number as a span."""
        number = self._numbers[ref]
        spread = spread_of(number) if with_spread else ""
        return (Figure(words_of(number), self._place[ref], ref, spread),)

    def spans(self, statement: Statement) -> Spans:
        """Return a statement as spans; a token that names nothing stands as it is written."""
        found: list[Words | Value | Figure] = []
        end = 0
        for match in TOKEN.finditer(statement.text):
            kind, name = match.groups()
            if match.start() > end:
                found.append(Words(statement.text[end : match.start()]))
            end = match.end()
            if kind == "n" and name in self._numbers:
                found.extend(self.figure(name))
            elif kind == "v" and name.isdecimal() and int(name) < len(statement.values):
                found.append(Value(statement.values[int(name)]))
            else:
                found.append(Words(match.group()))
        if end < len(statement.text):
            found.append(Words(statement.text[end:]))
        return tuple(found)

    def all(self, statements: tuple[Statement, ...]) -> tuple[Spans, ...]:
        """Return statements as spans each."""
        return tuple(self.spans(statement) for statement in statements)


def words(text: str) -> Spans:
    """Return our own words as spans."""
    return (Words(text),)


def value(text: str, *, is_code: bool = False) -> Spans:
    """Return a value from outside as spans."""
    return (Value(text, is_code),)
