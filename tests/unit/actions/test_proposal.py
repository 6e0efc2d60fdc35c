"""What may be proposed against a group, whom it touches, and what goes out."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from stillwatch.actions.coverage import Coverage, covered
from stillwatch.actions.dry_run import Certainty, Member, dry_run
from stillwatch.actions.export import exported, inert_cell
from stillwatch.actions.proposal import Asked, Group, from_plain, propose, to_plain
from stillwatch.actions.step import LADDER, STEPS
from stillwatch.dossiers.schemas import schema
from stillwatch.errors import DeskError, UsageError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GROUP = Group("c-1", "0" * 64, is_accusation=True, status="confirmed", newest_decision=3)
MEMBERS = (Member("a", 0.99, 10, 0), Member("b", 0.95, 5, 2), Member("c", 0.6, 4, 40), Member("d", 0.2, 1, 90))
NOBODY = Coverage("registry.csv", {})


def run_of(step="suspend", members=MEMBERS, coverage=NOBODY, left_out=None):
    """Return a dry run against a group that is distillation with 0.97."""
    return dry_run(STEPS[step], members, coverage, left_out or {}, Certainty(0.97, 0.6, 0.999))


def proposal_of(step="suspend", **changes):
    """Return a proposal against the group."""
    run = run_of(step, **changes)
    return propose(GROUP, STEPS[step], run, Asked("ada", NOON, "they harvest", "registry.csv"))


@pytest.mark.parametrize("step", [step.name for step in LADDER])
def test_each_member_is_touched_or_spared_with_a_reason(step):
    """Nobody is lost between the two lists, and the counts are those of the touched."""
    run = run_of(step, left_out={"b": "a partner"})
    assert sorted([item.account_id for item in run.touched] + [item.account_id for item in run.spared]) == list("abcd")
    assert all(item.because for item in run.spared)
    assert run.exchanges == sum(item.exchanges for item in run.touched)
    assert run.own_exchanges == sum(item.own_exchanges for item in run.touched)


def test_registry_comes_first():
    """A covered account is spared by the registry's own words, even the surest member, even for the mildest step."""
    coverage = Coverage("registry.csv", {"a": "the registry allows evaluation (R-7)"})
    for step in LADDER:
        run = run_of(step.name, coverage=coverage, left_out={"a": "a partner"})
        assert "a" not in [item.account_id for item in run.touched]
        assert (
            next(item.because for item in run.spared if item.account_id == "a")
            == "the registry allows evaluation (R-7)"
        )


def test_wrongly_touched_are_expected_from_the_memberships():
    """The expected number of wrong accounts is the sum of what is lacking to certainty; with the group, all are."""
    run = run_of("rate_limit")
    assert [item.account_id for item in run.touched] == ["a", "b", "c"]
    assert run.expected_wrong == pytest.approx(0.01 + 0.05 + 0.4)
    assert run.all_wrong_probability == pytest.approx(0.03)


def test_both_ends_of_the_risk_come_from_each_members_own_probability():
    """Two groups of one posterior differ by who belongs: bystanders are counted by each one's own membership."""
    sure = [Member(name, 0.97, 1, 0, p_group=0.999999) for name in "abcd"]
    loose = [*sure[:2], Member("c", 0.582, 1, 0, p_group=0.6), Member("d", 0.582, 1, 0, p_group=0.6)]
    one, other = run_of("rate_limit", members=sure), run_of("rate_limit", members=loose)
    assert one.expected_bystanders == pytest.approx(4 * 0.01)  # nobody counts as surer than 99%
    assert other.expected_bystanders == pytest.approx(2 * 0.01 + 2 * 0.4)
    assert (other.expected_wrong_low, other.expected_wrong_high) == pytest.approx(
        (4 - 2 * 0.999 * (0.99 + 0.6), 4 - 2 * 0.6 * (0.99 + 0.6)), abs=1e-3
    )
    assert one.expected_wrong_low <= one.expected_wrong <= one.expected_wrong_high
    assert run_of("rate_limit").expected_bystanders is None  # a case that does not say who belongs to the group


def test_a_proposal_of_before_keeps_its_digest():
    """What a case does not say is left out of the document, so that older proposals read and digest as they did."""
    plain = to_plain(proposal_of())
    assert set(plain["dry_run"]).isdisjoint({"expected_bystanders", "expected_wrong_low"})
    assert all("p_group" not in item for item in plain["dry_run"]["touched"])
    assert from_plain(plain) == proposal_of()


def test_unknown_exchanges_are_said_to_be_unknown():
    """A case without daily activity gives no made-up count."""
    assert run_of(members=(Member("a", 0.99, None, None), Member("b", 0.99, 5, 1))).exchanges is None


@pytest.mark.parametrize(
    ("step", "changes", "is_allowed"),
    [
        ("watch", {"is_accusation": False, "status": "dismissed"}, True),
        ("rate_limit", {"status": "open"}, True),
        ("rate_limit", {"is_accusation": False}, False),
        ("verify", {"status": "dismissed"}, False),
        ("suspend", {"status": "open"}, False),
        ("suspend", {"status": "reopened"}, False),
        ("ban", {"status": "open"}, False),
        ("ban", {}, True),
    ],
)
def test_harder_steps_need_an_accusation_and_a_confirmation(step, changes, is_allowed):
    """The ladder asks for more the more it takes, and a dismissed group is only watched."""
    fields = {name: getattr(GROUP, name) for name in GROUP.__dataclass_fields__}
    group = Group(**{**fields, **changes})
    asked = Asked("ada", NOON, "x", "r")
    if is_allowed:
        assert propose(group, STEPS[step], run_of(step), asked).step == step
    else:
        with pytest.raises(DeskError):
            propose(group, STEPS[step], run_of(step), asked)


def test_every_step_ends_and_can_be_taken_back():
    """No step is for ever, each names what undoes it, and degrading outputs is not among them."""
    assert all(step.rollback and 0 < step.days <= 365 for step in LADDER)
    assert [step.name for step in LADDER] == ["watch", "rate_limit", "verify", "suspend", "ban"]
    assert proposal_of("ban").ends_at == NOON + timedelta(days=365)


def test_proposal_that_touches_nobody_is_refused():
    """With all members spared there is nothing to agree to."""
    with pytest.raises(DeskError, match="nobody would be touched"):
        proposal_of(coverage=Coverage("r", dict.fromkeys("abcd", "covered")))


def test_proposal_survives_writing_and_its_digest_covers_all_of_it():
    """What is read back is equal; another member, reason or date is another digest."""
    made = proposal_of()
    assert from_plain(json.loads(json.dumps(to_plain(made)))) == made
    others = [proposal_of(members=MEMBERS[:1]), proposal_of("ban")]
    assert len({made.sha256, *(other.sha256 for other in others)}) == 3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\uff1d"])
def test_no_cell_is_a_formula(start):
    """An account id that a spreadsheet would run stands there as text, in its own cell."""
    hostile = f'{start}HYPERLINK("http://evil","x"),\r\n"'
    made = proposal_of(members=(Member(hostile, 0.99, 1, 0),))
    rows = list(csv.reader(io.StringIO(exported(made, [], "csv").decode(), newline="")))
    assert len(rows) == 2
    assert rows[1][0] == "'" + hostile
    assert json.loads(exported(made, [], "json"))["proposal"]["dry_run"]["touched"][0]["account_id"] == hostile
    assert inert_cell("plain-id") == "plain-id"


def test_file_takes_the_step_back_too():
    """The same accounts, the opposite order, and the words that undo it."""
    made = proposal_of()
    document = json.loads(exported(made, [{"kind": "roll_back"}], "json", roll_back=True))
    assert (document["order"], document["what"]) == ("roll_back", made.rollback)
    assert document["proposal_sha256"] == made.sha256
    with pytest.raises(UsageError):
        exported(made, [], "xlsx")


def test_registry_names_accounts_by_verified_organisation_and_says_what_lapsed():
    """A claimed organisation covers nobody; leave that ran out still spares and says so; leave that runs wins."""
    accounts = [
        {"account_id": "a", "organisation_id": "o", "is_verified": True},
        {"account_id": "b", "organisation_id": "o", "is_verified": False},
    ]
    rows = [
        {
            "account_id": None,
            "organisation_id": "o",
            "scope": "resale",
            "valid_to": NOON - timedelta(days=1),
            "reference": "R-1",
        },
        {"account_id": "c", "organisation_id": None, "scope": "evaluation", "valid_to": None, "reference": None},
    ]
    found = covered(rows, accounts, "registry", NOON)
    assert found.named == {
        "a": "the registry allows resale (R-1); it lapsed on 2026-02-28",
        "c": "the registry allows evaluation",
    }
    rows.append(
        {"account_id": "a", "organisation_id": None, "scope": "distillation", "valid_to": None, "reference": "R-2"}
    )
    assert covered(rows, accounts, "registry", NOON).named["a"] == "the registry allows distillation (R-2)"


def test_written_documents_fit_their_schemas():
    """A proposal of each step, and the files that go out, validate; a field more or a wrong probability does not."""
    whole = jsonschema.Draft202012Validator(schema("proposal"), format_checker=jsonschema.FormatChecker())
    order = jsonschema.Draft202012Validator(schema("action"), format_checker=jsonschema.FormatChecker())
    approved = {"at": NOON.isoformat(), "actor": "ben", "kind": "approve", "reason": ""}
    for step in LADDER:
        made = proposal_of(step.name)
        plain = json.loads(json.dumps(to_plain(made)))
        whole.validate(plain)
        for roll_back in (False, True):
            order.validate(json.loads(exported(made, [approved], "json", roll_back=roll_back)))
        assert not whole.is_valid({**plain, "more": 1})
        plain["dry_run"]["touched"][0]["p_member"] = 1.5
        assert not whole.is_valid(plain)
