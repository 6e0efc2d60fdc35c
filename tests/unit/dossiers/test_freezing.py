"""Tests of freezing: every number traced and computed again, what adds up, and what is honestly not known."""

import dataclasses
import re
from math import log2
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from example_dossier import example, given_files
from example_folder import CAMPAIGN, N_ACCOUNTS, OTHER, SEEN, make_folder

from stillwatch.assessments.catalogue import KINDS
from stillwatch.dossiers.calibrated import SCALE, judgement
from stillwatch.dossiers.case import Evidence, GroupTest, MissingEvidence
from stillwatch.dossiers.decided import Lifecycle, LifecycleEvent
from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.dossier_document import dossier_to_json
from stillwatch.dossiers.freezing.attributed import attribution_part
from stillwatch.dossiers.freezing.case_folder import CaseFolder, open_case
from stillwatch.dossiers.freezing.freeze import freeze
from stillwatch.dossiers.freezing.given import Given, read_given
from stillwatch.dossiers.freezing.innocent import INNOCENT
from stillwatch.dossiers.freezing.ledger import Ledger
from stillwatch.dossiers.freezing.observed import counts
from stillwatch.dossiers.number import Number, Statement
from stillwatch.dossiers.tracing import compare, find, trace
from stillwatch.dossiers.weighed_part import NOT_OBSERVABLE, NOT_OBSERVED, OBSERVED, Criterion
from stillwatch.errors import InputError, SettingsError, UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example case and the files beside it."""
    place = tmp_path_factory.mktemp("example")
    make_folder(place / "case")
    given_files(place)
    return place


@pytest.fixture(scope="module")
def full(folder: Path) -> Dossier:
    """Frozen with every file given."""
    return freeze(folder / "case", CAMPAIGN, given_files(folder))


def numbers(dossier: Dossier) -> dict[str, Number]:
    """Numbers by reference."""
    return {number.ref: number for number in dossier.numbers}


def text(statements: tuple[Statement, ...]) -> str:
    """All that statements say, values included."""
    return " ".join(" ".join((s.text, *s.values)) for s in statements)


def value(dossier: Dossier, ref: str) -> float:
    """The value of a number that is known."""
    found = numbers(dossier)[ref].value
    assert found is not None
    return found


def criterion(dossier: Dossier, framework: str, identifier: str) -> Criterion:
    """One criterion."""
    return next(c for c in dossier.criteria if framework in c.framework and c.id == identifier)


def test_every_number_is_traced_to_as_many_rows_as_it_says(full: Dossier, folder: Path) -> None:
    """Each number's selection, applied to the file that it names, gives its rows, and computing it again agrees."""
    anew = freeze(folder / "case", CAMPAIGN, given_files(folder))
    for number in full.numbers:
        if number.rows.file.endswith(".toml"):
            continue  # a stated reliability has no rows
        traced = compare(full, number.ref, folder / "case", anew, 3)
        assert traced.n_rows == number.rows.n_rows, number.ref
        assert traced.agrees, number.ref
        assert traced.is_same_file, number.ref
        assert traced.again == number


def test_a_number_has_an_interval_or_says_how_it_was_made(full: Dossier) -> None:
    """No number stands without a method; an observation has an interval or the reason why it has none."""
    for number in full.numbers:
        assert number.method
        assert number.rows.file
        if number.ref.startswith("observation."):
            assert number.interval is not None or "no interval" in number.note
        if number.interval is not None:
            assert number.value is not None
            assert number.interval.low <= number.value <= number.interval.high, number.ref
            assert number.interval.method


def test_print_numbers_and_references_name_the_same(full: Dossier) -> None:
    """A number is found by either; an unknown one is refused with some that are near."""
    place, number = find(full, "taken.exchanges")
    assert find(full, str(place)) == (place, number)
    with pytest.raises(UsageError, match=r"taken\.exchanges"):
        find(full, "taken.exchange")


def test_a_changed_case_is_seen(full: Dossier, folder: Path, tmp_path: Path) -> None:
    """Where a row is gone the number differs, and the file is another one."""
    make_folder(tmp_path / "case")
    table = pq.read_table(tmp_path / "case/slices.parquet")
    pq.write_table(table.slice(1), tmp_path / "case/slices.parquet")
    traced = trace(full, "taken.exchanges", tmp_path / "case", given_files(folder), 0)
    assert not traced.agrees
    assert not traced.is_same_file


def test_what_was_taken_adds_up(full: Dossier) -> None:
    """Models add up to the whole; failed requests are no harvest; prices are those of the list."""
    taken = numbers(full)
    models = [take.exchanges for take in full.taken.takes]
    assert (
        sum(value(full, ref) for ref in models) == value(full, "taken.exchanges") == value(full, "campaign.exchanges")
    )
    assert value(full, "taken.exchanges") == 9 * N_ACCOUNTS
    priced = next(take for take in full.taken.takes if take.price is not None)
    tokens = [value(full, ref) for ref in (priced.input_tokens, priced.cached_tokens, priced.output_tokens)]
    expected = ((tokens[0] - tokens[1]) * 5 + tokens[1] * 0.5 + tokens[2] * 25) / 1e6
    assert taken[str(priced.price)].value == pytest.approx(expected, rel=1e-5)
    assert "no price for" in text(full.taken.summary)


def test_no_price_is_made_up(tmp_path: Path) -> None:
    """Without a list there is no amount, and the dossier says so."""
    dossier = example(tmp_path)
    assert not [number for number in dossier.numbers if number.unit == "USD"]
    assert "no price list was given" in text(dossier.taken.summary)
    assert criterion(dossier, "AA26-251A", "1").standing == NOT_OBSERVABLE


def test_tokens_that_are_not_known_are_no_zeros(tmp_path: Path) -> None:
    """A column that the traffic lacks gives no sum, and the number says which column it wants."""
    case = make_folder(tmp_path / "case")
    table = pq.read_table(case / "slices.parquet").to_pylist()
    for row in table:
        row["output_tokens"] = None
    schema = pq.read_schema(case / "slices.parquet")
    import pyarrow as pa  # noqa: PLC0415 - used here alone

    pq.write_table(pa.Table.from_pylist(table, schema=schema), case / "slices.parquet")
    number = numbers(freeze(case, CAMPAIGN))["taken.output_tokens"]
    assert number.value is None
    assert "output_tokens" in number.note


def test_waterfalls_add_up_to_the_posterior_odds(full: Dossier) -> None:
    """The steps sum to the total, which is the logarithm of the ratio of the posteriors."""
    posterior = {rival.title: value(full, rival.posterior) for rival in full.inference.rivals}
    leading = full.inference.rivals[0].title
    assert full.inference.waterfalls
    for waterfall in full.inference.waterfalls:
        *steps, total = waterfall.steps
        bits = value(full, total.bits)
        assert sum(value(full, step.bits) for step in steps) == pytest.approx(bits, abs=1e-3)
        assert bits == pytest.approx(log2(posterior[leading] / posterior[waterfall.rival]), abs=1e-3)


def test_leaving_nothing_out_changes_nothing_and_leaving_out_weighs_anew(full: Dossier) -> None:
    """Each family's removal shifts the odds against the runner-up by exactly what the family is worth."""
    first, second = full.inference.rivals[:2]
    assert full.counter.omissions
    for omission in full.counter.omissions:
        assert 0.0 <= value(full, omission.posterior) <= 1.0
    worth = sum(value(full, o.bits) for o in full.counter.omissions)
    prior = log2(value(full, first.prior) / value(full, second.prior))
    assert worth + prior == pytest.approx(value(full, first.bits) - value(full, second.bits), abs=1e-3)


def test_a_finding_that_hangs_on_one_family_says_so(tmp_path: Path) -> None:
    """Where coordination is shown by one test alone, the finding falls without that family."""
    made = make_folder(tmp_path / "whole")
    tests = freeze(made, CAMPAIGN).counter.omissions
    assert not next(o for o in tests if o.channel == "identity").stands
    assert next(o for o in tests if o.channel == "volume").stands


def test_the_counter_evidence_is_specific(full: Dossier) -> None:
    """It names the weakest accounts, each of the nearest explanations, tests that show nothing, and the prior."""
    titles = " ".join(point.title for point in full.counter.points)
    for rival in full.inference.rivals[1:3]:
        assert rival.title in titles
    assert full.counter.weakest[0].account_id == "acct_11"
    everything = " ".join(text(point.said) for point in full.counter.points)
    assert "ban_burst" in everything
    assert "weak.loose" in everything
    assert value(full, "weak.unshared") == 5
    assert value(full, "weak.mixed") == 8


@pytest.mark.parametrize(
    ("framework", "identifier", "standing"),
    [
        ("H.R. 8283", "(B)(iii)", "mixed"),
        ("H.R. 8283", "(A)(iii)", NOT_OBSERVABLE),
        ("H.R. 8283", "(C)", NOT_OBSERVED),
        ("AA26-251A", "14", OBSERVED),
        ("AA26-251A", "12", NOT_OBSERVABLE),
        ("ATLAS", "AML.T0040", OBSERVED),
    ],
)
def test_each_criterion_stands_as_its_observations_do(
    full: Dossier, framework: str, identifier: str, standing: str
) -> None:
    """Above every control speaks for, no more than theirs against, and not made is not observable here."""
    assert criterion(full, framework, identifier).standing == standing


def test_all_that_is_asked_for_in_public_is_there(full: Dossier) -> None:
    """The four statutory factors of purpose, the means and the exclusion, the indicators, the techniques."""
    ids = {(c.framework.split()[0], c.id) for c in full.criteria}
    assert {("H.R.", f"(B)({i})") for i in ("i", "ii", "iii", "iv")} <= ids
    assert {("AA26-251A", str(i)) for i in range(1, 15)} <= ids
    assert {("MITRE", t) for t in ("AML.T0024.002", "AML.T0008.005", "AML.T0065", "AML.T0040")} <= ids
    for one in full.criteria:
        assert one.speaks_for or one.speaks_against or one.not_observable, one.id


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """What could not be seen says which column it would need."""
    missing = (MissingEvidence("addresses_per_account", "Addresses of an account", ("ip",)),)
    dossier = freeze(make_folder(tmp_path / "case", missing=missing), CAMPAIGN)
    one = criterion(dossier, "AA26-251A", "4")
    assert one.standing == NOT_OBSERVABLE
    assert "the column ip is missing" in text(one.not_observable)
    assert "ip" in text(dossier.observation.not_computed)
    assert dossier.observation.confidence.level == "moderate"


def test_unknown_is_always_an_answer_and_answers_add_up(full: Dossier) -> None:
    """Probabilities over organisations sum to one, unknown among them, each with its word and band."""
    answers = full.attribution.organisations
    assert "unknown" in {one.name for one in answers}
    assert sum(value(full, one.judgement.p) for one in answers) == pytest.approx(1.0, abs=1e-4)
    assert full.attribution.confidence.level == "low"
    assert {"First Example", "org_2"} <= {one.title for one in answers}
    assert value(full, "organisation.org_1.p") == pytest.approx((0.70 + 0.15) / 2 * 20 / 120, abs=1e-5)


def test_accounts_that_name_nobody_leave_it_unknown(tmp_path: Path) -> None:
    """Without a naming or a tie, all of it is unknown."""
    case = make_folder(tmp_path / "case")
    table = pq.read_table(case / "organisations.parquet")
    pq.write_table(table.slice(0, 0), case / "organisations.parquet")
    dossier = freeze(case, CAMPAIGN)
    assert [one.name for one in dossier.attribution.organisations] == ["unknown"]
    assert value(dossier, "organisation.unknown.p") == 1.0


def test_a_shared_pool_is_split(full: Dossier) -> None:
    """Parts by organisation, the unknown part, and the other campaigns that share accounts."""
    parts = full.attribution.parts
    assert sum(value(full, part.accounts) for part in parts) == N_ACCOUNTS
    assert [part.is_unknown for part in parts] == [False, False, True]
    assert "c-ba9876543210 (1 in both)" in text(full.attribution.summary)


@pytest.mark.parametrize(
    ("explained", "said"), [("distillation", "The pool is shared"), ("public_tool", "other explanations")]
)
def test_a_pool_is_shared_with_pools_alone(folder: Path, explained: str, said: str) -> None:
    """Accounts that also use a public tool do not make two customers of a pool; accounts of another pool do."""
    case = open_case(folder / "case", CAMPAIGN)
    other = dataclasses.replace(case.campaign, id=OTHER, leading_hypothesis=explained, is_accusation=False)
    both = dataclasses.replace(case, case=dataclasses.replace(case.case, campaigns=(case.campaign, other)))
    summary = attribution_part(both, _entered(both), read_given(Given())).summary
    assert said in text(summary)
    assert ("The pool is shared" in text(summary)) == (explained == "distillation")


def _entered(case: CaseFolder) -> Ledger:
    ledger = Ledger(CAMPAIGN)
    counts(case, ledger)
    return ledger


def test_answers_have_a_range_over_what_others_might_believe(full: Dossier) -> None:
    """With reliabilities halved and with doubts halved; what is unknown takes the rest on either side."""
    ranges = {one.name: numbers(full)[one.judgement.p].interval for one in full.attribution.organisations}
    named = [found for name, found in ranges.items() if name != "unknown"]
    unknown = ranges["unknown"]
    assert unknown is not None
    assert unknown.low == pytest.approx(1 - sum(one.high for one in named if one), abs=1e-4)
    assert unknown.high == pytest.approx(1 - sum(one.low for one in named if one), abs=1e-4)
    for one in full.attribution.organisations:
        found = ranges[one.name]
        assert found is not None
        assert found.low < value(full, one.judgement.p) < found.high
        assert found.level == 0.0


def test_posteriors_keep_the_interval_of_the_scan(full: Dossier, folder: Path) -> None:
    """The case's credible interval stands at the number, and both its ends in the case for the other side."""
    leading = open_case(folder / "case", CAMPAIGN).campaign.hypotheses[0]
    found = numbers(full)[full.inference.rivals[0].posterior].interval
    assert found is not None
    assert (found.low, found.high) == (leading.posterior_low, leading.posterior_high)
    assert found.low < found.high
    assert value(full, full.inference.rivals[0].posterior + ".lower") == found.low
    assert f"[[n:{full.inference.rivals[0].posterior}.lower]]" in str(full.counter.points)


@pytest.mark.parametrize(("low", "level"), [(0.95, "moderate"), (0.6, "low")])
def test_a_finding_whose_interval_reaches_below_its_level_is_of_low_confidence(
    tmp_path: Path, low: float, level: str
) -> None:
    """An accusation that other groups to learn from could have turned says so."""
    case = open_case(make_folder(tmp_path / "case"), CAMPAIGN).campaign
    leading = dataclasses.replace(case.hypotheses[0], posterior_low=low, posterior_high=1.0)
    folder = make_folder(tmp_path / "other", hypotheses=(leading, *case.hypotheses[1:]))
    inference = freeze(folder, CAMPAIGN).inference
    assert inference.confidence.level == level
    assert ("could have turned it" in text(inference.confidence.because)) == (level == "low")


def test_sharing_a_card_is_no_false_credential(full: Dossier) -> None:
    """What is shared is told where credentials are asked for, and does not speak for their being false."""
    one = criterion(full, "H.R. 8283", "(A)(ii)")
    assert "identity_reuse" not in text(one.speaks_for)
    assert "no misrepresentation by itself" in text(one.not_observable)


def test_an_item_passed_on_is_told_apart_from_a_change_of_pathway(full: Dossier) -> None:
    """The advisory's failover is between pathways; which of them the slice used is said beside it."""
    one = criterion(full, "AA26-251A", "9")
    assert "from account to account" in text(one.not_observable)


@pytest.mark.parametrize("is_selection", [False, True])
def test_how_many_items_were_handed_over_is_told(tmp_path: Path, *, is_selection: bool) -> None:
    """A reader is told how many and how many by chance, not a p-value alone; not of a test that formed the group."""
    case = open_case(make_folder(tmp_path / "case"), CAMPAIGN).campaign
    evidence = Evidence("work_list_coordination", "Items", "work_list", 5.0, "p = 1e-12.", "a queue", ())
    leading = dataclasses.replace(case.hypotheses[0], evidence=(evidence,))
    test = GroupTest("passed_on", "as often before as after", 83.0, 41.5, 52.0, 1e-12, 0, is_selection)
    folder = make_folder(tmp_path / "other", hypotheses=(leading, *case.hypotheses[1:]), tests=(test,))
    dossier = freeze(folder, CAMPAIGN)
    said = [one.text for one in dossier.observation.summary if "counted:" in one.text]
    assert len(said) == (not is_selection)
    for one in said:
        refs = re.findall(r"\[\[n:(test\.[^\]]+)\]\]", one)
        assert [value(dossier, ref) for ref in refs] == [83.0, 41.5]


def test_every_observation_has_an_honest_reading() -> None:
    """No number stands without what honest traffic shows the same."""
    assert set(KINDS) == set(INNOCENT)


@pytest.mark.parametrize("p", [k / 200 for k in range(201)])
def test_every_probability_has_one_word(p: float) -> None:
    """The band holds the probability, but for those beyond the ends of the scale, and words rise with it."""
    word = judgement(p, "x")
    assert word.band_low <= max(min(p, 0.99), 0.01) <= word.band_high
    order = [term for term, _, _ in SCALE]
    assert order.index(word.term) == len(order) - 1 - order.index(judgement(round(1 - p, 9), "x").term)


def test_releases_of_others_are_set_beside_the_slice(full: Dossier) -> None:
    """Share, expectation and p-value over shifts of days; the provider's releases are events alone."""
    assert value(full, "timeline.example-lab-" + _digest("Example Lab") + ".share") == 1.0
    assert 0 < value(full, "timeline.example-lab-" + _digest("Example Lab") + ".p") <= 1
    kinds = [event.kind for event in full.timeline.events]
    assert "other_release" in kinds
    assert [event.at for event in full.timeline.events] == sorted(event.at for event in full.timeline.events)


def _digest(name: str) -> str:
    import hashlib  # noqa: PLC0415 - used here alone

    return hashlib.sha256(name.encode()).hexdigest()[:8]


def test_without_releases_the_factor_is_not_observable(tmp_path: Path) -> None:
    """It says which file would show it."""
    one = criterion(example(tmp_path), "H.R. 8283", "(B)(iv)")
    assert one.standing == NOT_OBSERVABLE
    assert "--releases" in text(one.not_observable)


def test_the_appeal_path_is_the_providers_own(full: Dossier, tmp_path: Path) -> None:
    """Its text and address come from the settings; without them a default, and that no address was set."""
    assert "Write to the desk." in text(full.appeal)
    assert "appeals@example.org" in text(full.appeal)
    plain = example(tmp_path)
    assert "can object" in text(plain.appeal)
    assert "No address for objections was set" in text(plain.appeal)


def test_fragile_numbers_are_pushed_to_their_adverse_end(full: Dossier) -> None:
    """A met expectation whose interval reaches across its edge is weighed again as missed."""
    fragile = {w.name for w in full.inference.rivals[0].weights if w.is_fragile and w.is_met}
    low, high = SEEN["cue_reasoning_trace"][1:3]
    assert low is not None
    assert high is not None
    assert low < 0.05 < high
    assert "cue_reasoning_trace" in fragile
    assert value(full, "fragile.posterior") < value(full, full.inference.judgement.p)


def test_a_case_of_an_earlier_version_still_freezes(tmp_path: Path) -> None:
    """Without its tables there are no tokens, intervals or organisations, and the dossier says so."""
    case = make_folder(tmp_path / "case")
    for name in ("members", "slices", "observations", "organisations", "memberships"):
        (case / f"{name}.parquet").unlink()
    (case / "run.json").unlink()
    dossier = freeze(case, CAMPAIGN)
    assert dossier.observation.confidence.level == "low"
    assert "no table of slices" in text(dossier.taken.summary)
    assert value(dossier, "organisation.unknown.p") == 1.0
    assert dossier_to_json(dossier)


def test_a_group_that_is_not_accused_is_not(tmp_path: Path) -> None:
    """The dossier of another group says that nobody is accused."""
    case = make_folder(tmp_path / "case", is_accusation=False)
    dossier = freeze(case, CAMPAIGN)
    assert not dossier.inference.is_accusation
    assert "not accused" in text(dossier.inference.summary)


def test_the_story_of_earlier_scans_is_told(tmp_path: Path) -> None:
    """What a state recorded stands in the history, with what was lost before the accusation as a number."""
    grew = LifecycleEvent("2026-07-12", "grew", "By 3.", 12, ())
    story = Lifecycle("active", "2026-07-10", "2026-07-12", 41, ("c-banned",), (), (grew,))
    dossier = freeze(make_folder(tmp_path / "case", lifecycle=story), CAMPAIGN)
    assert value(dossier, "lifecycle.exchanges_lost") == 41
    assert "c-banned" in text(dossier.history)
    assert "By 3." in text(dossier.history)
    assert "Read the log." in text(dossier.history)


def test_freezing_twice_gives_the_same_bytes(full: Dossier, folder: Path) -> None:
    """No clock and no chance is in it."""
    assert dossier_to_json(freeze(folder / "case", CAMPAIGN, given_files(folder))) == dossier_to_json(full)


def test_refusals_name_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    """No such campaign, no case, no table."""
    with pytest.raises(UsageError, match=CAMPAIGN):
        freeze(folder / "case", "c-none")
    with pytest.raises(InputError, match="cannot be read"):
        freeze(tmp_path / "nothing", CAMPAIGN)
    case = make_folder(tmp_path / "case")
    (case / "slices.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="no table of a case"):
        freeze(case, CAMPAIGN)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("prices", "nonsense = 1", "unknown key"),
        ("prices", "[[price]]\nmodel = 'm'", "is missing"),
        ("prices", "[[price]]\nmodel = 'm'\ninput_per_million = -1\noutput_per_million = 2", "out of range"),
        ("prices", "[[price]]\nmodel = 'm'\ninput_per_million = true\noutput_per_million = 2", "wrong kind"),
        ("prices", "[[price]]\nmodel='m'\ninput_per_million=1\noutput_per_million=2\n" * 2, "a price already"),
        ("prices", "price = [3]", "no table"),
        ("releases", "[[release]]\nmodel = 'm'\nat = 2026-01-01T00:00:00", "no offset"),
        ("releases", "[[release]]\nmodel = 'm'\nat = 'soon'", "wrong kind"),
        ("settings", "appeal = 3", "wrong kind"),
        ("settings", "[organisations]\nx = 3", "no text"),
        ("settings", "\x00", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused(folder: Path, tmp_path: Path, name: str, content: str, match: str) -> None:
    """Unknown keys, missing ones, wrong kinds and impossible values are refused with their place."""
    path = tmp_path / "file.toml"
    path.write_text(content)
    given: dict[str, Any] = {name: path}
    with pytest.raises(SettingsError, match=match):
        freeze(folder / "case", CAMPAIGN, Given(**given))


def test_flipping_a_country_changes_nothing(folder: Path) -> None:
    """No table that a dossier is frozen from has a column of country, language or geography."""
    for path in (folder / "case").glob("*.parquet"):
        assert not [c for c in pq.read_schema(path).names if "country" in c or "language" in c or "geo" in c]


def test_numbers_have_no_text_of_the_traffic(full: Dossier) -> None:
    """Nothing but the case's metadata is in the document: no column of text is read."""
    columns = {column for number in full.numbers for column in number.rows.columns}
    assert not columns & {"prompt", "response", "system_prompt"}
    assert dataclasses.is_dataclass(full)
