"""Days added one by one end where one scan over all of them ends; nothing is added twice."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from days import KEY, Days, Replayed, bytes_of, changed, quiet, without_story

from stillwatch.campaigns.replacement import LEAST_PHRASES
from stillwatch.errors import InputError, OutputError, StateError, StateInUseError
from stillwatch.pipeline.scan import scan
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.opening import existing
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.reading import open_state


def test_days_one_by_one_are_one_scan_over_all(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """The replay ends with the same groups, evidence and counts as one scan, byte for byte but for ids and stories."""
    scan(days.request(tmp_path / "one", days.whole), quiet)
    assert without_story(replayed.case) == without_story(tmp_path / "one")
    once, daily = (pq.read_table(case / "accounts.parquet") for case in (tmp_path / "one", replayed.case))
    assert once.drop_columns("campaign_id").equals(daily.drop_columns("campaign_id"))


def test_backwards_and_at_once_end_alike(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """Days that come late, or all in one addition, give the same groups as days in order."""
    days.scan(tmp_path / "late", tmp_path / "case", days.days[-1])
    days.scan(tmp_path / "late", tmp_path / "case", *days.days)
    assert without_story(tmp_path / "case") == without_story(replayed.case)
    days.scan(tmp_path / "once", tmp_path / "case", days.whole)
    assert without_story(tmp_path / "case") == without_story(replayed.case)


def test_campaigns_keep_their_ids(replayed: Replayed) -> None:
    """From the first day on a campaign has one id, and its story says when it was found and accused."""
    by_day = [{campaign.id: campaign for campaign in case.campaigns} for case in replayed.cases]
    accused = [name for name, campaign in by_day[-1].items() if campaign.is_accusation]
    assert accused
    for name in accused:
        assert name in by_day[0]
        story = by_day[-1][name].lifecycle
        assert story is not None
        assert story.events[0].kind == "new"
        assert story.accused_on is not None
        first = next(case for case in by_day if name in case and case[name].is_accusation)
        assert story.exchanges_lost == first[name].exchanges


def test_passers_by_do_not_take_a_campaigns_phrases(replayed: Replayed) -> None:
    """After six days an accused campaign still has phrases of its own, though others used one of its template's."""
    for one in open_state(str(replayed.state)).campaigns():
        assert len(one.phrases) >= LEAST_PHRASES or not one.is_accusation


def test_the_same_file_again_adds_nothing(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """A file whose bytes are known is not read again; the state and the case are the same bytes as before."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    days.scan(state, tmp_path / "case", *days.days[:2])
    assert bytes_of(state) == bytes_of(replayed.state)
    assert bytes_of(tmp_path / "case", but=("run.json",)) == bytes_of(replayed.case, but=("run.json",))


def test_known_exchanges_are_repeated(days: Days, tmp_path: Path) -> None:
    """Exchanges that come again in another file are out of scope; one that contradicts is in quarantine."""
    state = tmp_path / "state"
    days.scan(state, tmp_path / "case", days.days[0])
    n_first = len(pq.read_table(days.days[0]))

    def other(table: pa.Table) -> pa.Table:
        prompts = pc.if_else(pa.array(np.arange(len(table)) == 0), "another prompt altogether", table["prompt"])
        return table.set_column(table.column_names.index("prompt"), "prompt", prompts)

    again = changed(days.days[0], tmp_path / "again.parquet", other)
    case = days.scan(state, tmp_path / "case", again, days.days[1])
    assert dict(case.funnel.out_of_scope_by_reason) == {"repeated-exchange": n_first - 1}
    assert dict(case.funnel.quarantined_by_reason) == {"duplicate-id": 1}
    assert case.funnel.read == case.funnel.used + n_first
    assert pq.read_table(tmp_path / "case" / "quarantine.parquet")["source"].to_pylist() == ["again.parquet"]


def test_a_short_window_counts_what_lies_outside(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """With a window of two days only these are analysed; an addition that reaches out of it says how much."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    case = days.scan(state, tmp_path / "case", window_days=2)
    rows = [len(pq.read_table(day)) for day in days.days]
    assert case.funnel.used == case.funnel.read == rows[-1] + rows[-2]
    case = days.scan(tmp_path / "other", tmp_path / "case", days.whole, window_days=2)
    assert dict(case.funnel.out_of_scope_by_reason) == {"outside-window": sum(rows[:-2])}


def test_a_wrong_clock_does_not_move_the_window(days: Days, tmp_path: Path) -> None:
    """One exchange of the year 2080 is outside the window; it does not push everything else out."""

    def later(table: pa.Table) -> pa.Table:
        far = pa.scalar(datetime(2080, 1, 1, tzinfo=UTC), table.schema.field("requested_at").type)
        times = pc.if_else(pa.array(np.arange(len(table)) == 0), far, table["requested_at"])
        return table.set_column(table.column_names.index("requested_at"), "requested_at", times)

    case = days.scan(tmp_path / "state", tmp_path / "case", changed(days.days[0], tmp_path / "d.parquet", later))
    assert dict(case.funnel.out_of_scope_by_reason) == {"outside-window": 1}


def test_tables_are_remembered(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """Accounts' facts and the registry hold on when they are not given again: who was authorised stays so."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    case = days.scan(state, tmp_path / "case", accounts=(), authorisations=())
    assert case.funnel == replayed.cases[-1].funnel
    assert case.funnel.authorised_accounts > 0


def test_refusals_leave_the_state_as_it_was(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """Another key, a case that stands in the way, a held lock and a torn part are refused; no byte of it changes."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    before = bytes_of(state, but=("lock",))
    with pytest.raises(StateError, match="another key"):
        days.scan(state, tmp_path / "case", days.whole, key=SketchKey(b"k" * 32))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_text("mine")
    with pytest.raises(OutputError, match="stands there"):
        days.scan(state, tmp_path / "taken", days.whole)
    with vault_at(str(state)).locked(), pytest.raises(StateInUseError, match="process"):
        days.scan(state, tmp_path / "case", days.whole)
    with pytest.raises(InputError, match="no such file"):
        days.scan(state, tmp_path / "case", tmp_path / "nowhere.parquet")
    assert bytes_of(state, but=("lock",)) == before
    name = existing(vault_at(str(state))).segments[2].sketches
    part = state / "objects" / name
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(StateError, match=f"{name}: was changed or torn"):
        days.scan(state, tmp_path / "case")
    assert not (tmp_path / "case").exists()


def test_no_text_is_kept(days: Days, replayed: Replayed) -> None:
    """No piece of any prompt is in the state, in no file's bytes and in no column."""
    texts = pq.read_table(days.whole, columns=["prompt"])["prompt"].to_pylist()
    fragments = {text[8:32] for text in texts if text and len(text) > 32}
    assert len(fragments) > 500
    held = [path.read_bytes() for path in replayed.state.rglob("*") if path.is_file()]
    for path in (replayed.state / "objects").glob("*.parquet"):
        table = pq.read_table(path)
        held += [str(column.unique().to_pylist()).encode() for column in table if pa.types.is_string(column.type)]
    everything = b"\n".join(held)
    assert not [fragment for fragment in fragments if fragment.encode() in everything]
    assert KEY.hexadecimal().encode() not in everything
