"""The case document: exact round trips, equal bytes for equal cases, and refusals that name the place."""

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from example_case import PLANS, make_case
from hostile import ATTACKS, plant_all
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.dossiers.document import from_json, to_json
from stillwatch.errors import InputError, OutputError

GOLDEN = Path(__file__).parents[2] / "golden" / "case" / "campaigns.json"
SMALL = make_case((PLANS[2],), n_listed=12)


def test_round_trip_is_exact() -> None:
    """A written case reads back equal, with times, floats, tuples and nulls intact."""
    case = make_case(n_listed=40)
    assert from_json(to_json(case)) == case


def test_hostile_text_round_trips() -> None:
    """Markup, control characters and long values survive as they are; escaping is the renderer's work."""
    case = plant_all(make_case(n_listed=10))
    assert from_json(to_json(case)) == case


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(0, 1), st.datetimes())
def test_any_text_and_number_round_trips(text: str, share: float, moment: datetime) -> None:
    """Any Unicode text, any share to the last bit and any time to the microsecond come back."""
    campaign = dataclasses.replace(SMALL.campaigns[0], summary=text, p_leading=share)
    case = dataclasses.replace(
        SMALL, campaigns=(campaign,), first_seen_at=moment.replace(tzinfo=SMALL.first_seen_at.tzinfo)
    )
    assert from_json(to_json(case)) == case


def test_equal_cases_give_equal_bytes() -> None:
    """A whole number in a share's place is written as the same share, and writing twice gives the same bytes."""
    one = dataclasses.replace(SMALL, q_level=1)
    other = dataclasses.replace(SMALL, q_level=1.0)
    assert to_json(one) == to_json(other)
    assert to_json(from_json(to_json(SMALL))) == to_json(SMALL)


def test_golden_document_reads_and_writes_back_byte_for_byte() -> None:
    """A document of a released schema stays readable, and writing it again changes nothing."""
    assert to_json(from_json(GOLDEN.read_bytes())) == GOLDEN.read_bytes()


def _broken(change: Any) -> bytes:
    plain = json.loads(to_json(SMALL))
    change(plain)
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.update(extra=1), "case.'extra'"),
        (lambda d: d["campaigns"][0].update(verdict="guilty"), "case.campaigns[0].'verdict'"),
        (lambda d: d["campaigns"][0].pop("q_value"), "case.campaigns[0].q_value"),
        (lambda d: d["campaigns"][0].update(n_accounts="64"), "case.campaigns[0].n_accounts"),
        (lambda d: d["campaigns"][0].update(n_accounts=True), "case.campaigns[0].n_accounts"),
        (lambda d: d["campaigns"][0].update(n_accounts=-1), "case.campaigns[0].n_accounts"),
        (lambda d: d["campaigns"][0].update(p_value=1.5), "case.campaigns[0].p_value"),
        (
            lambda d: d["campaigns"][0].update(first_seen_at="2026-07-01T00:00:00+02:00"),
            "case.campaigns[0].first_seen_at",
        ),
        (lambda d: d["campaigns"][0].update(first_seen_at="2026-07-01T00:00:00"), "case.campaigns[0].first_seen_at"),
        (lambda d: d["campaigns"][0].update(leading_hypothesis="relay"), "case.campaigns[0].is_accusation"),
        (lambda d: d["campaigns"][0]["evidence"][0].update(bits=-2.2), "case.campaigns[0].evidence[0].bits"),
        (lambda d: d["campaigns"][0]["evidence_against"][0].update(bits=2.2), "case.campaigns[0].evidence_against[0]"),
        (lambda d: d["campaigns"][0]["timeline"]["bans"].pop(), "case.campaigns[0].timeline.bans"),
        (lambda d: d["campaigns"][0]["timeline"]["hour_of_week"].pop(), "case.campaigns[0].timeline.hour_of_week"),
        (lambda d: d["campaigns"][0]["graph"]["edges"][0].update(a=999), "case.campaigns[0].graph.edges[0]"),
        (lambda d: d["funnel"].update(used=1), "case.funnel.read"),
        (lambda d: d["funnel"]["quarantined_by_reason"].pop(), "case.funnel.quarantined"),
        (lambda d: d["funnel"]["quarantined_by_reason"][0].append(1), "case.funnel.quarantined_by_reason[0]"),
        (lambda d: d["funnel"].update(accusations=0), "case.funnel.accusations"),
        (lambda d: d["campaigns"].append(d["campaigns"][0]), "case.funnel"),
        (lambda d: d.update(schema="stillwatch.case/9"), "schema"),
        (lambda d: d.update(campaigns={}), "case.campaigns"),
        (lambda d: d.update(key_id="\ud800"), "case.key_id"),
    ],
)
def test_broken_documents_are_refused_with_their_place(change: Any, place: str) -> None:
    """A wrong key, type, range, time or count is refused, and the refusal says where."""
    with pytest.raises(InputError) as refusal:
        from_json(_broken(change))
    assert place in refusal.value.where


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"schema": 1, "schema": 2}',
        b'{"schema": NaN}',
        b"[" * 200_000,
        b'"' + b"a" * 99,
    ],
)
def test_what_is_no_case_is_refused(document: bytes) -> None:
    """No bytes whatever end in anything but a refusal."""
    with pytest.raises(InputError):
        from_json(document)


@given(st.binary(max_size=60))
def test_noise_is_refused(noise: bytes) -> None:
    """Random bytes are refused."""
    with pytest.raises(InputError):
        from_json(noise)


@pytest.mark.parametrize(
    "changes",
    [
        {"q_level": float("nan")},
        {"q_level": float("inf")},
        {"key_id": "\ud800"},
        {"first_seen_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - naive on purpose
        {"campaigns": ()},
        {"weights": None},
    ],
)
def test_a_case_that_cannot_be_read_back_is_not_written(changes: dict[str, Any]) -> None:
    """Not-finite numbers, half characters, naive times and counts that do not fit are refused at writing."""
    with pytest.raises(OutputError):
        to_json(dataclasses.replace(SMALL, **changes))


def test_a_refusal_shows_a_short_printable_value() -> None:
    """A hostile value in a refusal is cut and printable, so that a terminal is safe."""
    with pytest.raises(InputError) as refusal:
        from_json(_broken(lambda d: d.update(q_level=ATTACKS["huge"] + ATTACKS["control"])))
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 300
