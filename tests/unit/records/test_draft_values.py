"""A draft looks at values where names say nothing: it says why, decides nothing silently, and guesses no account."""

import random
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from stillwatch.records.draft import draft_map
from stillwatch.records.draft_times import time_format
from stillwatch.records.explanation import explain
from stillwatch.records.traffic import ReadOptions

WORDS = ["why", "does", "the", "sky", "turn", "red", "when", "suns", "set", "over", "distant", "hills", "and", "what"]
FIRST = datetime(2026, 3, 1, 14, 5, 6)  # noqa: DTZ001 - a log that names no zone


def rows(n: int = 150) -> list[dict[str, object]]:
    """Return a log of odd names: an id, a day-first time, somebody, an address, two texts, tokens and a status."""
    rng = random.Random(3)
    made: list[dict[str, object]] = []
    for i in range(n):
        asked = " ".join(rng.choices(WORDS, k=rng.randint(8, 60)))
        told = " ".join(rng.choices(WORDS, k=rng.randint(20, 300))) if i % 17 else None
        made.append({
            "no": f"{rng.getrandbits(64):016x}",
            "when": (FIRST + timedelta(hours=2 * i)).strftime("%d/%m/%Y %H:%M:%S"),
            "grp": f"u{rng.randint(1, 20):05d}",
            "peer": f"203.0.113.{rng.randint(1, 250)}",
            "tool": "curl/8.1" if i % 2 else "python-httpx/0.27",
            "engine": "gpt-4o-mini",
            "told": told,
            "ask": asked,
            "a": len(asked) // 4 + rng.randint(0, 4),
            "b": len(told or "") // 4 + 3,
            "rc": 200 if told else 529,
        })  # fmt: skip
    return made


def written(tmp_path: Path, made: list[dict[str, object]]) -> Path:
    """Return a file of these records."""
    path = tmp_path / "odd.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, made)))
    return path


def test_values_tell_what_names_do_not(tmp_path: Path) -> None:
    """Ten columns of no known name are found, each with its reason; with an account named, the map reads the log."""
    path = written(tmp_path, rows())
    draft = draft_map(path)
    document = tomllib.loads(draft)
    assert document["map"] == {
        "exchange_id": "no",
        "requested_at": {"path": "when", "format": "%d/%m/%Y %H:%M:%S"},
        "model": "engine",
        "prompt": "ask",  # the fuller of two texts, though the other comes first
        "response": "told",
        "input_tokens": "a",
        "output_tokens": "b",
        "status": "rc",
        "ip": "peer",
        "user_agent": "tool",
    }
    assert draft.count("guessed from its values: ") == 10
    assert "whose they are, the caller's or a proxy's" in draft
    assert not any(str(value) in draft for row in rows() for key, value in row.items() if key in ("ask", "peer", "grp"))
    decided = draft.replace('# account_id = "grp"', 'account_id = "grp"')
    (tmp_path / "ours.toml").write_text(decided, encoding="utf-8")
    told = explain([path], ReadOptions(field_map=tmp_path / "ours.toml"))[0]
    assert told.tally.used == len(rows())


def test_an_account_is_named_and_never_taken(tmp_path: Path) -> None:
    """Whom a request is counted against is somebody's word: a field that could be it stands as a comment."""
    draft = draft_map(written(tmp_path, rows()))
    assert '# account_id = "grp"  # NOT DECIDED' in draft
    assert "account_id" not in tomllib.loads(draft)["map"]


def as_written(form: str, step: timedelta, n: int = 60, shuffled: bool = False) -> list[str]:  # noqa: FBT001, FBT002 - a table
    """Return times a step apart in one form."""
    times = [(FIRST + step * i).strftime(form) for i in range(n)]
    random.Random(1).shuffle(times) if shuffled else None
    return times


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%y %H:%M", "%m-%d-%Y %H:%M:%S.%f"]
)
def test_a_day_above_twelve_settles_the_order(form: str) -> None:
    """Where one date can only be read one way, that is the way, in whatever order the records stand."""
    read = time_format(as_written(form, timedelta(hours=9), shuffled=True))
    assert read is not None
    assert (read.pattern, read.other) == (form, None)
    assert "each of them a date" in read.why


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([f"{d:02d}/{m:02d}/2026 09:30:00" for m in (2, 3, 4) for d in (5, 8, 9)], "in order"),
        (as_written("%d/%m/%Y %H:%M:%S", timedelta(hours=4), shuffled=True), "fill the days"),
    ],
    ids=["in-order", "shuffled"],
)
def test_a_log_of_small_days_is_read_by_its_order_or_its_density(values: list[str], why: str) -> None:
    """Ten days of March are no ten months, each on its first days; the draft asks to have that checked."""
    read = time_format(values)
    assert read is not None
    assert (read.pattern, read.other) == ("%d/%m/%Y %H:%M:%S", None)
    assert why in read.why
    assert "CHECK THIS" in read.why


def test_times_that_nothing_tells_apart_are_left_to_a_person(tmp_path: Path) -> None:
    """Records of one day give two dates and no reason for either: both stand in a comment, and no line."""
    made = [{**row, "when": f"02/03/2026 {i // 60:02d}:{i % 60:02d}:00"} for i, row in enumerate(rows())]
    draft = draft_map(written(tmp_path, made))
    assert "requested_at" not in tomllib.loads(draft)["map"]
    (line,) = [line for line in draft.splitlines() if line.startswith("# requested_at")]
    assert "NOT DECIDED" in line
    assert "%d/%m/%Y %H:%M:%S or %m/%d/%Y %H:%M:%S" in line


@pytest.mark.parametrize(
    "value",
    [
        lambda i: f"{i} of the items",
        lambda i: 20260301 + i,
        lambda i: f"203.0.113.{i}",
        lambda i: None if i % 2 else 7,
    ],
    ids=["text", "small number", "address", "half empty"],
)
def test_what_is_no_time_is_not_taken_for_one(value: Callable[[int], object]) -> None:
    """Words, numbers of days and addresses are none."""
    assert time_format([value(i) for i in range(60)]) is None


def test_three_texts_are_not_told_apart(tmp_path: Path) -> None:
    """Of more than two long texts none is chosen; the likeliest stand as comments."""
    draft = draft_map(written(tmp_path, [{**row, "more": f"{row['ask']} and more"} for row in rows()]))
    mapped = tomllib.loads(draft)["map"]
    assert "prompt" not in mapped
    assert "response" not in mapped
    assert "# prompt = " in draft


def test_a_text_that_repeats_is_a_system_prompt(tmp_path: Path) -> None:
    """One long text of few kinds beside two of many."""
    made = [
        {"house": f"You are helpful assistant number {i % 3} of this house.", **row} for i, row in enumerate(rows())
    ]
    mapped = tomllib.loads(draft_map(written(tmp_path, made)))["map"]
    assert (mapped["system_prompt"], mapped["prompt"]) == ("house", "ask")
