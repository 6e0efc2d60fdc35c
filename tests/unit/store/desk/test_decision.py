"""Decisions: what is recorded, what is refused, what holds afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from desks import new_desk, snapshot

from stillwatch.errors import DeskError, InputError, NotFoundError, StaleError
from stillwatch.store.desk.audit import verify
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import Wish, decide, decisions, read_snapshots
from stillwatch.store.desk.standing import standing


@pytest.fixture
def desk(tmp_path):
    """An empty desk."""
    return new_desk(tmp_path)


def test_decision_keeps_who_when_why_and_the_evidence(desk):
    """What is recorded comes back, the evidence as it stood then included."""
    seen = snapshot()
    made = decide(desk, Wish("ada", "dismiss", seen.campaign_id, 0, reason=" a classroom ", snapshot=seen))
    (kept,) = decisions(desk, seen.campaign_id)
    assert (kept.actor, kept.kind, kept.reason, kept.at) == ("ada", "dismiss", "a classroom", made.at)
    assert list(read_snapshots(desk, [kept.snapshot_sha256]).values()) == [seen]


def test_undoing_is_a_new_entry_and_restores_what_held_before(desk):
    """A dismissal over a confirmation, undone, leaves the confirmation; the log has all three."""
    decide(desk, Wish("ada", "confirm", "c-1", 0))
    decide(desk, Wish("ben", "dismiss", "c-1", 1, reason="a tool"))
    assert standing(decisions(desk)).of("c-1").name == "dismissed"
    decide(desk, Wish("ada", "undo", "c-1", 2, undoes=2))
    assert standing(decisions(desk)).of("c-1").name == "confirmed"
    assert [(item.kind, item.undone_by) for item in decisions(desk)] == [
        ("confirm", None),
        ("dismiss", 3),
        ("undo", None),
    ]
    verify(desk)


def test_each_kind_changes_what_holds(desk):
    """Merge, split, exclude, note and assign are carried, each under the groups it names."""
    decide(desk, Wish("ada", "merge", "c-1", 0, reason="one payer", campaigns=("c-2",)))
    decide(desk, Wish("ada", "split", "c-1", 1, reason="two lists", accounts=("a", "b")))
    decide(desk, Wish("ada", "exclude", "c-1", 2, reason="a customer", accounts=("c",)))
    decide(desk, Wish("ada", "note", "c-1", 3, reason="call them"))
    decide(desk, Wish("ada", "assign", "c-1", 4, assignee="ben"))
    held = standing(decisions(desk))
    one = held.of("c-1")
    assert (one.merged_with, one.parts, one.assigned_to, one.newest) == (("c-2",), (("a", "b"),), "ben", 5)
    assert [item.reason for item in one.notes] == ["call them"]
    assert held.of("c-2").merged_with == ("c-1",)
    assert held.left_out["c"].reason == "a customer"
    decide(desk, Wish("ada", "undo", "c-2", 1, undoes=1))
    assert standing(decisions(desk)).of("c-1").merged_with == ()


def test_stale_form_is_refused_and_says_what_changed(desk):
    """The second of two analysts who saw the same state learns who did what; nothing of theirs is recorded."""
    decide(desk, Wish("ada", "dismiss", "c-1", 0, reason="a classroom"))
    with pytest.raises(StaleError, match="ada dismissed the group") as refused:
        decide(desk, Wish("ben", "confirm", "c-1", 0))
    assert refused.value.http_status == 409
    assert "a classroom" in str(refused.value)
    assert len(decisions(desk)) == 1


def test_of_many_at_once_exactly_one_is_recorded(desk):
    """Writers at the same moment with the same view: one wins, all others are told so."""

    def attempt(number):
        try:
            return decide(Database(desk.path, desk.clock), Wish(f"analyst{number}", "confirm", "c-1", 0))
        except StaleError:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [made for made in pool.map(attempt, range(16)) if made]
    assert len(won) == 1
    assert [item.actor for item in decisions(desk)] == [won[0].actor]
    verify(desk)


@pytest.mark.parametrize(
    "wish",
    [
        Wish("ada", "dismiss", "c-1", 0),
        Wish("ada", "dismiss", "c-1", 0, reason="  \n"),
        Wish("ada", "note", "c-1", 0, reason="x" * 4001),
        Wish("ada", "note", "c-1", 0, reason="a\x1b[31mb"),
        Wish("ada", "note", "c-1", 0, reason="half \ud800"),
        Wish("ada", "applaud", "c-1", 0),
        Wish("ada", "confirm", "", 0),
        Wish("ada", "merge", "c-1", 0, reason="x", campaigns=("c-1",)),
        Wish("ada", "merge", "c-1", 0, reason="x"),
        Wish("ada", "split", "c-1", 0, reason="x", accounts=("a", "a")),
        Wish("ada", "exclude", "c-1", 0, reason="x", accounts=("stranger",), snapshot=snapshot()),
        Wish("ada", "split", "c-1", 0, reason="x", accounts=snapshot().accounts, snapshot=snapshot()),
    ],
    ids=lambda wish: f"{wish.kind}-{len(wish.reason)}",
)
def test_what_nobody_could_understand_later_is_refused(desk, wish):
    """No decision without the reason it needs, with text nobody typed, or about nothing."""
    with pytest.raises(DeskError):
        decide(desk, wish)
    assert decisions(desk) == ()


@pytest.mark.parametrize(("undoes", "error"), [(9, NotFoundError), (2, DeskError), (1, DeskError)])
def test_only_a_standing_decision_about_the_group_can_be_undone(desk, undoes, error):
    """Not one that is not there, not an undoing, not one that was undone already."""
    decide(desk, Wish("ada", "confirm", "c-1", 0))
    decide(desk, Wish("ada", "undo", "c-1", 1, undoes=1))
    with pytest.raises(error):
        decide(desk, Wish("ada", "undo", "c-1", 2, undoes=undoes))


def test_decision_of_one_group_is_not_undone_from_another(desk):
    """A form for one group cannot reach another one's decisions."""
    decide(desk, Wish("ada", "confirm", "c-1", 0))
    with pytest.raises(NotFoundError):
        decide(desk, Wish("ada", "undo", "c-2", 0, undoes=1))


def test_other_files_are_not_taken_for_a_desk(tmp_path):
    """Neither text nor a foreign database is opened as a desk, nor changed."""
    file = tmp_path / "desk.sqlite"
    file.write_text("not a database, but long enough to be read as a header of one" * 20)
    with pytest.raises(InputError):
        Database(file)
    assert file.read_text().startswith("not a database")
