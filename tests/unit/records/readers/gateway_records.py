"""Gateway fixtures as records, readers run over them, and strategies that spoil records."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from stillwatch.records.outcome import Outcome, Place, Record, Used
from stillwatch.records.reader import Reader, Session

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gateways"

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", " ", "{", "[1]", "\ud800"]),
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def load(name: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines fixture."""
    return [json.loads(line) for line in (FIXTURES / name).read_text().splitlines()]


def records(values: Iterable[Mapping[str, Any]], source: str = "traffic.jsonl") -> list[Record]:
    """Return objects as the records of one file."""
    return [Record(Place(source, line, len(repr(value))), value) for line, value in enumerate(values, 1)]


def outcomes(reader: Reader, fed: Iterable[Record], session: Session | None = None) -> list[Outcome]:
    """Return all outcomes of a pass, having checked that each record has exactly one."""
    session = session or reader.session()
    fed = list(fed)
    found = [outcome for record in fed for outcome in session.feed(record)]
    found += session.finish()
    expected = Counter((record.place.source, record.place.line) for record in fed)
    assert Counter((outcome.place.source, outcome.place.line) for outcome in found) == expected
    for outcome in found:
        if isinstance(outcome, Used):
            assert outcome.row["account_id"]
            assert outcome.row["exchange_id"]
            assert outcome.row.keys() <= reader.provides, outcome.row.keys() - reader.provides
    return found


def rows(found: Iterable[Outcome]) -> list[Mapping[str, Any]]:
    """Return the exchanges among outcomes."""
    return [outcome.row for outcome in found if isinstance(outcome, Used)]


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside an object."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, held in inner for found in ((*path, key), *places_in(held, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Draw the objects with a few of their values taken away or replaced by any JSON."""
    spoilt = deepcopy(values)
    for _ in range(draw(st.integers(1, 3))):
        value = draw(st.sampled_from(spoilt))
        paths = places_in(value)
        if not paths:
            continue
        *way, last = draw(st.sampled_from(paths))
        holder: Any = value
        for key in way:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(JSON_VALUES)
        else:
            del holder[last]
    return spoilt
