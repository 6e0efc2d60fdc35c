"""Values become canonical or null with a warning; only what makes a row useless refuses it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import UsageError
from stillwatch.records.coercion import BadValueError, RowCheck, to_microseconds, to_time, zone_named
from stillwatch.records.readers.canonical import MISSING
from stillwatch.records.schema import EXCHANGES

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) * 1_000_000
ROW = {"exchange_id": "e", "account_id": "a", "requested_at": NOON}


def check(zone=None, **values):
    """Check a row of the required columns and these."""
    checker = RowCheck(EXCHANGES, MISSING, zone_named(zone))
    row, _ = checker.check({**ROW, **values})
    return {name: value for name, value in row.items() if name not in ROW or name in values}, dict(checker.warnings)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T14:00:00+02:00",
        "2026-03-01T06:30:00.000000-05:30",
        "2026-03-01 12:00:00 UTC",
        "2026-03-01 12:00:00.000000 +0000 UTC",
        " 2026-03-01T12:00:00+00 ",
        "20260301T120000Z",
        NOON // 1_000_000,
        NOON // 1_000,
        NOON,
        NOON * 1_000,
        NOON / 1_000_000,
        NOON / 1_000,
        str(NOON // 1_000_000),
        f"{NOON / 1_000_000:.6f}",
        "1.7723664e9",
        datetime(2026, 3, 1, 12, tzinfo=UTC),
    ],
)
def test_times_of_every_shape(value):
    """Any offset is converted, and numbers are read by their magnitude."""
    assert to_time(value) == NOON


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2026-03-01T12:00:00", "no-time-zone"),
        ("2026-03-01", "no-time-zone"),
        (datetime(2026, 3, 1), "no-time-zone"),  # noqa: DTZ001 - the point of the test
        ("yesterday", "bad-time"),
        ("2026-13-01T00:00:00Z", "bad-time"),
        ("9" * 5000, "implausible-time"),
        (True, "bad-time"),
        ([], "bad-time"),
        (float("nan"), "bad-time"),
        (0, "implausible-time"),
        ("1970-01-01T00:00:00Z", "implausible-time"),
        ("9999-12-31T23:59:59Z", "implausible-time"),
        ("9999-12-31T23:59:59-14:00", "implausible-time"),
        ("0001-01-01T00:00:00+14:00", "implausible-time"),
        (10**400, "implausible-time"),
        (-1, "implausible-time"),
    ],
)
def test_times_that_cannot_be_used(value, reason):
    """A time without a zone, that is none, or that cannot be has its own reason."""
    with pytest.raises(BadValueError) as refused:
        RowCheck(EXCHANGES, MISSING).check({**ROW, "requested_at": value})
    assert refused.value.reason == reason


def test_a_named_zone_is_used_only_where_there_is_no_offset():
    """Times without an offset take the zone; those with one keep it, mixed in one file."""
    zone = zone_named("Europe/Berlin")
    assert to_time("2026-03-01T13:00:00", zone) == to_time("2026-03-01T12:00:00Z", zone) == NOON
    with pytest.raises(UsageError):
        zone_named("Mars/Phobos")
    with pytest.raises(UsageError):
        zone_named("../../etc/passwd")


@given(st.datetimes(datetime(2015, 1, 2), datetime(2099, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_an_offset_never_moves_the_instant(naive, minutes):
    """The same instant written with any offset, or as any unit, gives the same microsecond."""
    shifted = naive.replace(tzinfo=UTC)
    micros = (shifted - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    offset = timedelta(minutes=minutes)
    local = (naive + offset).isoformat()
    sign = "-" if minutes < 0 else "+"
    written = f"{local}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    assert to_microseconds(written) == to_microseconds(micros) == to_microseconds(str(micros * 1000)) == micros


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("status", "200", 200),
        ("status", 200.0, 200),
        ("input_tokens", "17", 17),
        ("temperature", "0.7", 0.7),
        ("temperature", 1, 1.0),
        ("refused", "True", True),
        ("refused", 0, False),
        ("tool_names", '["a","b"]', ["a", "b"]),
        ("tool_names", [], []),
        ("tool_names", ["a", None, ""], ["a"]),
        ("api_key_id", 12345678901234567890, "12345678901234567890"),
        ("end_user_id", 7.0, "7"),
        ("prompt", "", ""),
    ],
)
def test_loose_values_that_mean_something(name, value, expected):
    """Numbers as text, truth values as words and lists as JSON are taken, without a warning."""
    assert check(**{name: value}) == ({name: expected}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", 0),
        ("status", 99999),
        ("input_tokens", -1),
        ("input_tokens", 1.5),
        ("output_tokens", 10**30),
        ("max_tokens", -1),
        ("turn", -3),
        ("n_choices", 0),
        ("temperature", float("nan")),
        ("temperature", 10**400),
        ("temperature", "hot"),
        ("refused", "maybe"),
        ("tool_names", "search"),
        ("tool_names", {"a": 1}),
        ("prompt", {"text": "x"}),
        ("prompt", ["x"]),
        ("model", True),
        ("end_user_id", 1e300),
    ],
)
def test_absurd_values_become_null_and_are_counted(name, value):
    """A wrong value loses the value, not the exchange."""
    row, warnings = check(**{name: value})
    assert row == {}
    assert [(key.partition(":")[0], n) for key, n in warnings.items()] == [(name, 1)]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("account_id", None, "no-account"),
        ("account_id", "", "no-account"),
        ("account_id", " \t", "no-account"),
        ("account_id", "\0", "no-account"),
        ("account_id", {"id": 1}, "no-account"),
        ("account_id", "x" * 2000, "no-account"),
        ("exchange_id", "", "no-id"),
        ("exchange_id", 1.5, "no-id"),
        ("exchange_id", 1e20, "no-id"),
        ("requested_at", None, "no-time"),
    ],
)
def test_what_makes_a_row_useless(name, value, reason):
    """No id, no account or no time quarantines the row under its own reason."""
    with pytest.raises(BadValueError) as refused:
        check(**{name: value})
    assert refused.value.reason == reason


def test_text_is_made_clean():
    """NULs vanish from text, so that they hide no word; half surrogate pairs become the replacement character."""
    row, warnings = check(prompt="ig\0nore", response="a\ud800b", model="\ud83d\ude00")
    assert row == {"prompt": "ignore", "response": "a�b", "model": "😀"}
    assert sum(warnings.values()) == 3


def test_columns_that_are_not_ours_are_counted_in_bounded_memory():
    """Unknown columns are ignored and counted; a log with ever new names does not grow the count."""
    checker = RowCheck(EXCHANGES, MISSING)
    for number in range(5000):
        checker.check({**ROW, f"x{number}": 1})
    assert sum(checker.ignored.values()) == 5000
    assert len(checker.ignored) <= 101


@given(
    st.dictionaries(
        st.sampled_from(EXCHANGES.names),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers()),
    )
)
def test_any_value_is_survived(values):
    """No value of any type makes a check fail in another way than by its reason."""
    try:
        row, text_bytes = RowCheck(EXCHANGES, MISSING).check({**ROW, **values})
    except BadValueError as bad:
        assert bad.reason in {  # noqa: PT017 - either end is right, each in its own way
            *("no-id", "no-account", "no-time"),
            *("bad-time", "no-time-zone", "implausible-time"),
        }
    else:
        assert text_bytes >= len(row["exchange_id"])


@pytest.mark.parametrize(
    "text", ["Sun, 01 Mar 2026 12:00:00 GMT", "01/Mar/2026:12:00:00 +0000", "Sun, 01 Mar 2026 14:00:00 +0200"]
)
def test_times_of_headers_and_server_logs_are_read(text):
    """What mail, HTTP and web servers write is a time as ISO 8601 is."""
    assert to_microseconds(text) == 1_772_366_400_000_000


@pytest.mark.parametrize("text", ["01/Mar/2026:12:00:00", "Mar", "1 1 1", "Mon, 99 Foo 2026", "x" * 10_000])
def test_what_is_no_time_stays_none(text):
    """Looking for more spellings makes no failure of another kind."""
    with pytest.raises(BadValueError, match=r"bad-time|no-time-zone"):
        to_microseconds(text)
