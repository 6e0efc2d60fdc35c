"""Two people, one proposal: who may do what with it, and when it no longer stands."""

import pytest
from desks import new_desk

from stillwatch.actions.coverage import Coverage
from stillwatch.actions.dry_run import Certainty, Member, dry_run
from stillwatch.actions.proposal import Asked, Group, propose
from stillwatch.actions.step import STEPS
from stillwatch.errors import DeskError, NotAllowedError, NotFoundError, StaleError
from stillwatch.store.desk.audit import entries, verify
from stillwatch.store.desk.decision import Wish, decide
from stillwatch.store.desk.person import Person
from stillwatch.store.desk.proposal import act, keep, proposal, proposals

ADA, BEN, CLEO = Person("ada", "approver"), Person("ben", "approver"), Person("cleo", "analyst")
EVE = Person("eve", "auditor")


@pytest.fixture
def desk(tmp_path):
    """A desk on which ada confirmed a group."""
    desk = new_desk(tmp_path)
    decide(desk, Wish("ada", "confirm", "c-1", 0))
    return desk


def kept(desk, by="ada", newest=1):
    """Return a recorded proposal to suspend two accounts."""
    group = Group("c-1", "0" * 64, is_accusation=True, status="confirmed", newest_decision=newest)
    members = (Member("a", 0.99, 3, 0), Member("b", 0.95, 3, 1))
    run = dry_run(STEPS["suspend"], members, Coverage("r", {}), {}, Certainty(0.95))
    made = propose(group, STEPS["suspend"], run, Asked(by, desk.clock(), "they harvest", "r"))
    keep(desk, made)
    return made


def test_second_person_agrees_and_each_event_is_logged(desk):
    """Proposed by one, agreed to by another, handed out, taken back: four entries that verify."""
    made = kept(desk)
    assert proposal(desk, made.id).state == "proposed"
    assert act(desk, made.id, "approve", BEN, made.sha256).state == "approved"
    assert act(desk, made.id, "export", CLEO, made.sha256).state == "approved"
    assert act(desk, made.id, "roll_back", CLEO, made.sha256, "an appeal").state == "rolled_back"
    assert [entry.kind for entry in entries(desk)][:4] == [
        "proposal:roll_back", "proposal:export", "proposal:approve", "proposal",
    ]  # fmt: skip
    assert [event.actor for event in proposal(desk, made.id).events] == ["ben", "cleo", "cleo"]
    verify(desk)


@pytest.mark.parametrize(
    ("kind", "person", "reason"),
    [
        ("approve", ADA, ""),  # their own
        ("approve", CLEO, ""),  # no approver
        ("approve", EVE, ""),
        ("refuse", CLEO, "no"),
        ("withdraw", EVE, "no"),
        ("export", EVE, ""),
    ],
)
def test_nobody_does_what_is_not_theirs(desk, kind, person, reason):
    """Only another approver agrees; an auditor changes nothing."""
    made = kept(desk)
    with pytest.raises(NotAllowedError):
        act(desk, made.id, kind, person, made.sha256, reason)
    assert proposal(desk, made.id).state == "proposed"


@pytest.mark.parametrize(
    ("before", "kind"),
    [((), "export"), ((), "roll_back"), (("approve",), "approve"), (("approve",), "refuse"), (("refuse",), "approve"),
     (("withdraw",), "approve"), (("approve", "withdraw"), "export"), (("approve", "roll_back"), "approve")],
)  # fmt: skip
def test_events_come_in_order(desk, before, kind):
    """What was not agreed to is not handed out; what is over does not begin again."""
    made = kept(desk)
    for event in before:
        act(desk, made.id, event, BEN, made.sha256, "because")
    with pytest.raises(DeskError):
        act(desk, made.id, kind, BEN, made.sha256, "because")


def test_agreement_is_to_exactly_what_was_seen(desk):
    """Another digest than the proposal's is refused."""
    made = kept(desk)
    with pytest.raises(StaleError):
        act(desk, made.id, "approve", BEN, "f" * 64)


@pytest.mark.parametrize(
    "wish",
    [
        Wish("cleo", "dismiss", "c-1", 1, reason="a class"),
        Wish("cleo", "exclude", "c-1", 1, reason="a partner", accounts=("a",)),
        Wish("cleo", "exclude", "c-other", 0, reason="a partner", accounts=("b",)),
    ],
    ids=["dismissed", "left-out", "left-out-elsewhere"],
)
def test_what_was_decided_since_the_dry_run_stops_the_agreement(desk, wish):
    """A group that was dismissed, or an account left out, after the dry run: propose anew."""
    made = kept(desk)
    decide(desk, wish)
    with pytest.raises(StaleError, match="since its dry run"):
        act(desk, made.id, "approve", BEN, made.sha256)
    with pytest.raises(StaleError):
        kept(desk)
    assert kept(desk, newest=2).id != made.id


def test_notes_and_other_groups_do_not_stop_it(desk):
    """Words and decisions about others change nobody who would be touched."""
    made = kept(desk)
    decide(desk, Wish("cleo", "note", "c-1", 1, reason="seen"))
    decide(desk, Wish("cleo", "dismiss", "c-9", 0, reason="a class"))
    decide(desk, Wish("cleo", "exclude", "c-9", 3, reason="a class", accounts=("z",)))
    assert act(desk, made.id, "approve", BEN, made.sha256).state == "approved"


def test_time_ends_a_proposal_and_a_step(desk):
    """After a week nobody agrees any more; a suspension ends by itself after its thirty days."""
    late = kept(desk)
    desk.clock.advance(days=8)
    assert proposal(desk, late.id).state == "expired"
    with pytest.raises(DeskError):
        act(desk, late.id, "approve", BEN, late.sha256)
    made = kept(desk)
    act(desk, made.id, "approve", BEN, made.sha256)
    desk.clock.advance(days=31)
    assert proposal(desk, made.id).state == "ended"
    assert [item.state for item in proposals(desk, "c-1")] == ["ended", "expired"]


def test_unknown_proposal_is_not_found(desk):
    """An id that nobody made is no proposal."""
    with pytest.raises(NotFoundError):
        act(desk, "p-nothing", "approve", BEN, "")
