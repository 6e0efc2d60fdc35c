"""What a field may be by its values, where its name says nothing: a guess with its reason, never more.

Guarantee: an account is never guessed, for who a request is counted against must be somebody's word; fields that could
be one are named. Nothing of a value is told but its kind and how many of them there are.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from statistics import StatisticsError, correlation, median
from typing import Any, Final

from stillwatch.records.draft_field import DISTINCT, MOST, Field, share
from stillwatch.records.draft_times import time_format
from stillwatch.records.readers.client_address import client_address, is_address_list
from stillwatch.records.readers.json_values import http_status, number
from stillwatch.records.terminal import printable

LEAST_WORDS: Final = 4  # of a text that somebody wrote
LEAST_LENGTH: Final = 24  # median, in characters
LEAST_RECORDS: Final = 20  # fewer tell nothing of what repeats or goes together
GOES_TOGETHER: Final = 0.7  # correlation of log tokens with log characters; texts of one language: 0.9 and more
MOST_STATUSES: Final = 20
LEAST_OK: Final = 0.3  # share of answers with status 200
MOST_MODELS: Final = 60
ID_LENGTHS: Final = (4, 128)
MODEL: Final = re.compile(
    r"(^|[/.:_-])(gpt|o[1345]|claude|gemini|gemma|llama|mi[sx]tral|qwen|deepseek|grok|command|nova|titan|phi|kimi|glm)"
    r"[\w.:/-]*\d",
    re.IGNORECASE,
)
CLIENT: Final = re.compile(r"[A-Za-z][\w.+-]*/v?\d")
CODE: Final = re.compile(r"[\w:.@=+/|-]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """A field that may be a column.

    Args:
        field: the field.
        why: what tells so, in words.
        is_sure: whether it is written as a line; else as a comment, to be decided by hand.
        pattern: of a time, as strptime takes it.
    """

    field: Field
    why: str
    is_sure: bool = True
    pattern: str | None = None


def guesses(fields: Sequence[Field], found: Mapping[str, Field], skipped: frozenset[str]) -> dict[str, Guess]:
    """Return, for columns that no name told, what the values of the fields that are left tell.

    Args:
        fields: those that are no column yet, in the order of the record.
        found: the columns that names told.
        skipped: columns that come from elsewhere, as from the body of a request.
    """
    result: dict[str, Guess] = {}
    left = list(fields)

    def take(column: str, guess: Guess | None) -> None:
        if guess is None or column in found or column in skipped:
            return
        result[column] = guess
        if guess.is_sure:
            left.remove(guess.field)

    take("requested_at", _time(left))
    take("ip", _first(left, is_address_list, _address_words))
    take(
        "user_agent",
        _first(
            left, lambda value: isinstance(value, str) and bool(CLIENT.match(value)), lambda _: "programs with versions"
        ),
    )
    take(
        "model",
        _first(
            left,
            lambda value: isinstance(value, str) and bool(MODEL.search(value)),
            lambda _: "names of models",
            MOST_MODELS,
        ),
    )
    take("status", _status(left))
    for column, guess in _texts(left, found, skipped):
        take(column, guess)
    texts = {
        name: found.get(name) or (result[name].field if name in result else None) for name in ("prompt", "response")
    }
    for column, text in (("input_tokens", texts["prompt"]), ("output_tokens", texts["response"])):
        take(column, _tokens(left, text))
    take("exchange_id", _id(left))
    take("account_id", _account(left))
    return result


def _time(left: Sequence[Field]) -> Guess | None:
    for one in left:
        if (read := time_format(one.values)) is not None and not read.other:
            return Guess(one, read.why, pattern=read.pattern)
    for one in left:
        if (read := time_format(one.values)) is not None:
            return Guess(one, f"{read.why}: format {read.pattern} or {read.other}", is_sure=False, pattern=read.pattern)
    return None


def _first(
    left: Sequence[Field], is_so: Callable[[Any], bool], why: Callable[[Field], str], most_distinct: int | None = None
) -> Guess | None:
    fitting = [one for one in left if share(one.values, is_so) >= MOST]
    if most_distinct is not None:
        fitting = [one for one in fitting if _n_distinct(one) <= most_distinct]
    return Guess(fitting[0], why(fitting[0]) + _beside(fitting)) if fitting else None


def _beside(fitting: Sequence[Field]) -> str:
    return f"; the first of {len(fitting)} such fields" if len(fitting) > 1 else ""


def _address_words(one: Field) -> str:
    public = share(one.values, lambda value: client_address(value) is not None)
    if public < MOST:
        return f"addresses, public in {public:.0%}: perhaps a proxy's and not the caller's"
    if len(one.values) >= LEAST_RECORDS and _n_distinct(one) == 1:
        return "addresses, the same in each record: a proxy's, and not the caller's"
    return "addresses; whose they are, the caller's or a proxy's, is yours to say"


def _status(left: Sequence[Field]) -> Guess | None:
    for one in left:
        is_ok = share(one.values, lambda value: http_status(value) == 200) >= LEAST_OK
        if (
            is_ok
            and share(one.values, lambda value: http_status(value) is not None) == 1
            and _n_distinct(one) <= MOST_STATUSES
        ):
            return Guess(one, "HTTP status codes")
    return None


def _texts(left: Sequence[Field], found: Mapping[str, Field], skipped: frozenset[str]) -> Iterator[tuple[str, Guess]]:
    """Yield what long texts may be: what repeats is a system prompt, what failed calls lack is the answer."""
    texts = [one for one in left if _is_text(one)]
    repeated = [one for one in texts if len(one.values) >= LEAST_RECORDS and _n_distinct(one) <= len(one.values) / 2]
    if len(repeated) == 1 and len(texts) > 1:
        yield "system_prompt", Guess(repeated[0], f"long text, {_n_distinct(repeated[0])} different ones")
        texts.remove(repeated[0])
    wanted = [name for name in ("prompt", "response") if name not in found and name not in skipped]
    if len(wanted) == 1 and texts:
        yield wanted[0], Guess(texts[0], f"long text{_beside(texts)}", is_sure=len(texts) == 1)
    elif wanted and len(texts) == 1:
        yield "prompt", Guess(texts[0], "the only long text; it may be the answer")
    elif wanted and texts:
        first, second = texts[:2]
        whys = ("the first in the record", "the second in the record")
        if len(first.values) != len(second.values):
            first, second = sorted(texts[:2], key=lambda one: -len(one.values))
            whys = ("the fuller one", "missing more often, as the answers of failed calls are")
        for name, one, why in (("prompt", first, whys[0]), ("response", second, whys[1])):
            yield name, Guess(one, f"one of {len(texts)} long texts, {why}", is_sure=len(texts) == 2)


def _is_text(one: Field) -> bool:
    texts = [value for value in one.values if isinstance(value, str)]
    if len(texts) < MOST * len(one.values) or median(map(len, texts)) < LEAST_LENGTH:
        return False
    return (
        share(texts, lambda text: len(text.split(None, LEAST_WORDS)) >= LEAST_WORDS) >= MOST
        and time_format(texts) is None
    )


def _tokens(left: Sequence[Field], text: Field | None) -> Guess | None:
    """Return the whole numbers that go with the length of a text; null where none does."""
    if text is None:
        return None
    lengths = {
        place: len(value) for place, value in zip(text.places, text.values, strict=True) if isinstance(value, str)
    }
    ranked = [(r, one) for one in left if (r := _together(one, lengths)) >= GOES_TOGETHER]
    if not ranked:
        return None
    r, best = max(ranked, key=lambda item: item[0])
    return Guess(best, f"whole numbers that go with the length of {printable(text.path, 80)} (correlation {r:.2f})")


def _together(one: Field, lengths: Mapping[int, int]) -> float:
    pairs = [
        (log1p(found), log1p(lengths[place]))
        for place, value in zip(one.places, one.values, strict=True)
        if place in lengths and (found := number(value)) is not None and found >= 0 and found == int(found)
    ]
    if len(pairs) < max(LEAST_RECORDS, MOST * len(lengths)):
        return 0.0
    try:
        return correlation(*map(list, zip(*pairs, strict=True)))
    except StatisticsError:  # one of the two never changes
        return 0.0


def _id(left: Sequence[Field]) -> Guess | None:
    fitting = [one for one in left if _is_code(one) and _n_distinct(one) >= DISTINCT * len(one.values)]
    if not fitting or len(fitting[0].values) < LEAST_RECORDS:
        return None
    return Guess(fitting[0], f"different in each record{_beside(fitting)}")


def _account(left: Sequence[Field]) -> Guess | None:
    fitting = [
        one
        for one in left
        if _is_code(one) and len(one.values) >= LEAST_RECORDS and 1 < _n_distinct(one) <= len(one.values) / 2
    ]
    if not fitting:
        return None
    named = ", ".join(f"{printable(one.path, 80)} ({_n_distinct(one):,} values)" for one in fitting[:5])
    return Guess(fitting[0], f"not found by its name; short values that repeat: {named}", is_sure=False)


def _is_code(one: Field) -> bool:
    low, high = ID_LENGTHS

    def is_so(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return False
        return low <= len(str(value)) <= high and bool(CODE.fullmatch(str(value))) and not is_address_list(value)

    return share(one.values, is_so) >= MOST and time_format(one.values) is None


def _n_distinct(one: Field) -> int:
    return len({str(value) for value in one.values})
