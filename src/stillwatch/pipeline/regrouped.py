"""A case as analysts hold it: merged groups are one, split groups are their parts, with their own members and counts.

What a scan weighed stays what it weighed: a united group carries the evidence of the first of its groups, and a part
that of the group it was split from, until the next scan weighs them anew. Members, exchanges, times and activity are
counted from the case's tables.

Source: ours, docs/desk.md (merge and split).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.drawn import Timeline
from stillwatch.errors import NotFoundError
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.regrouping import Shape

DAY_S: Final = 86_400
HOURS: Final = 168  # of a week, Monday 00:00 UTC first
NEEDED: Final = ("slices", "members", "activity")
FAILED: Final = 400  # status from here on
EPOCH_DAY_OF_WEEK: Final = 3  # 1970-01-01 was a Thursday; Monday is 0


@dataclass(frozen=True, slots=True)
class Regrouped:
    """A case as analysts hold it.

    Args:
        case: with the groups as they are held.
        shapes: by id, the groups that are others than the scan found.
        aliases: other ids that stand for a group.
    """

    case: Case
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def campaign(self, campaign_id: str) -> Campaign:
        """Return a group by any of its ids.

        Raises:
            NotFoundError: the case has none of that id.
        """
        wanted = self.aliases.get(campaign_id, campaign_id)
        found = next((one for one in self.case.campaigns if one.id == wanted), None)
        if found is None:
            raise NotFoundError("campaign", "the case has no such group", got=ascii(campaign_id)[:60])
        return found

    def bases(self, campaign_id: str) -> tuple[str, ...]:
        """Return the scan's groups that a group's evidence was weighed on; mostly itself."""
        return self.shapes[campaign_id].bases if campaign_id in self.shapes else (campaign_id,)


def regrouped(folder: Path, case: Case, desk: Database | None) -> Regrouped:
    """Return a case as the analysts of a desk hold it.

    A case of an earlier version, without the tables that members and exchanges are counted from, stays as it is.
    """
    held = held_of(desk, case).regrouping if desk is not None else None
    if held is None or not all((folder / f"{name}.parquet").is_file() for name in NEEDED):
        return Regrouped(case)
    if not held.is_changed:
        return Regrouped(case, {}, held.aliases)
    found = {campaign.id: campaign for campaign in case.campaigns}
    campaigns = tuple(_campaign(folder, shape, found) if shape.is_changed else found[shape.id] for shape in held.shapes)
    changed = {shape.id: shape for shape in held.shapes if shape.is_changed}
    return Regrouped(replace(case, campaigns=campaigns), changed, held.aliases)


def _campaign(folder: Path, shape: Shape, found: Mapping[str, Campaign]) -> Campaign:
    lead = found[shape.bases[0]]
    members = _rows(folder, "members", shape, ["account_id", "entity_id", "created_at", "banned_at"])
    rows = _rows(folder, "slices", shape, ["exchange_id", "account_id", "requested_at", "status"])
    rows = rows.group_by("exchange_id").aggregate(
        [("account_id", "min"), ("requested_at", "min"), ("status", "min")]
    )  # an exchange may be of several groups' slices, and counts once
    failed = pc.sum(pc.fill_null(pc.greater_equal(rows["status_min"], FAILED), fill_value=False)).as_py() or 0
    at_s = rows["requested_at_min"].cast(pa.int64()).to_numpy() // 1_000_000
    first, last = (at_s.min(), at_s.max()) if len(at_s) else (_seconds(lead.first_seen_at), _seconds(lead.last_seen_at))
    return replace(
        lead,
        id=shape.id,
        is_accusation=any(found[base].is_accusation for base in shape.bases),
        accounts=shape.accounts,
        n_accounts=len(shape.accounts),
        n_entities=len(pc.unique(members["entity_id"])) or len(shape.accounts),
        exchanges=len(rows) - failed,
        attempts=len(rows),
        first_seen_at=datetime.fromtimestamp(int(first), UTC),
        last_seen_at=datetime.fromtimestamp(int(last), UTC),
        summary=_summary(shape, len(rows)),
        timeline=_timeline(folder, shape, members, rows),
    )


def _summary(shape: Shape, n_rows: int) -> str:
    of_what = f"{len(shape.accounts):,} accounts sent {n_rows:,} exchanges"
    if shape.is_part:
        return f"{of_what}; analysts split them off from {shape.bases[0]}."
    if len(shape.bases) > 1:
        return f"{of_what}; analysts hold that {len(shape.bases)} of the groups that were found are one."
    return f"{of_what}; analysts split others off from this group."


def _rows(folder: Path, name: str, shape: Shape, columns: list[str]) -> pa.Table:
    """Return a table's rows of a group's members in the scan's groups that it was made of."""
    table = pq.read_table(
        folder / f"{name}.parquet", columns=["campaign_id", *columns], filters=[("campaign_id", "in", shape.bases)]
    )
    return table.filter(pc.is_in(table["account_id"], pa.array(shape.accounts, pa.string())))


def _timeline(folder: Path, shape: Shape, members: pa.Table, rows: pa.Table) -> Timeline:
    """Return a group's activity day by day: what the tables say for any set of accounts."""
    slice_day = rows["requested_at_min"].cast(pa.int64()).to_numpy() // 1_000_000 // DAY_S
    activity = pq.read_table(folder / "activity.parquet")
    mine = activity.filter(pc.is_in(activity["account_id"], pa.array(shape.accounts, pa.string())))
    day = mine["day"].cast(pa.int32()).to_numpy()
    seen = np.concatenate([slice_day, day])
    start, last = (int(seen.min()), int(seen.max())) if len(seen) else (0, 0)
    n_days = last - start + 1
    in_slice = np.bincount(slice_day - start, minlength=n_days)
    sent = np.bincount(day - start, mine["n_exchanges"].to_numpy(), n_days).astype(int)
    accounts = rows["account_id_min"].dictionary_encode().combine_chunks().indices.to_numpy()
    active = np.unique(np.stack([slice_day - start, accounts]), axis=1)[0]
    hour = (rows["requested_at_min"].cast(pa.int64()).to_numpy() // 1_000_000 // 3600 + EPOCH_DAY_OF_WEEK * 24) % HOURS
    return Timeline(
        datetime.fromtimestamp(start * DAY_S, UTC),
        DAY_S,
        tuple(in_slice.tolist()),
        tuple(np.maximum(sent - in_slice, 0).tolist()),
        tuple(np.bincount(active, minlength=n_days).tolist()),
        _events(members, "created_at", start, n_days),
        _events(members, "banned_at", start, n_days),
        tuple(np.bincount(hour, minlength=HOURS).tolist()),
        (),
    )


def _events(members: pa.Table, column: str, start: int, n_days: int) -> tuple[int, ...]:
    once = members.group_by("account_id").aggregate([(column, "min")])[f"{column}_min"].drop_null()
    day = once.cast(pa.int64()).to_numpy() // 1_000_000 // DAY_S - start
    return tuple(np.bincount(day[(day >= 0) & (day < n_days)], minlength=n_days).tolist())


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def members_in(rows: pa.Table, accounts: Sequence[str]) -> dict[str, float]:
    """Return the highest membership of each account among rows of ``memberships``."""
    wanted = rows.filter(pc.is_in(rows["account_id"], pa.array(accounts, pa.string())))
    best = wanted.group_by("account_id").aggregate([("p_member", "max")])
    return dict(zip(best["account_id"].to_pylist(), best["p_member_max"].to_pylist(), strict=True))
