"""What was observed of the tested groups of tune worlds, kept in a file, so that weights are learned again in seconds.

The file is JSON: for each world its tested groups, each with its members counted by class, role and true group, and
the value of each observation with its sampling error. It holds no text and no account's name. It goes stale with the
code that finds groups or observes them: leave it out, or delete it, after a change of either.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sampling_error import SamplingError
from tune_worlds import scanned_world

SCHEMA = "observed-groups/2"


@dataclass(frozen=True)
class ObservedGroup:
    """One tested group.

    Args:
        members: class, role, true group and number of its accounts.
        observations: by name.
    """

    members: tuple[tuple[str, str, str, int], ...]
    observations: dict[str, Observation]

    @property
    def n(self) -> int:
        """Return the number of its accounts."""
        return sum(n for *_, n in self.members)


Observed: TypeAlias = dict[str, list[ObservedGroup]]
"""Tested groups by world."""


def observed_worlds(worlds: Iterable[str], kept: Path | None) -> Observed:
    """Return what was observed in some worlds; of those that the file ``kept`` lacks, scanned now and added to it."""
    known = read(kept) if kept and kept.exists() else {}
    for world in worlds:
        if world not in known:
            known[world] = observe_world(world)
            if kept:
                write(known, kept)
    return {world: known[world] for world in worlds}


def observe_world(world: str) -> list[ObservedGroup]:
    """Return every group that a scan of one tune world tests."""
    scanned = scanned_world(world, n_threads=2)
    columns = (scanned.truth[name].to_pylist() for name in ("account_id", "class", "role", "group_id"))
    of_account = {account: told for account, *told in zip(*columns, strict=True)}
    return [
        ObservedGroup(
            tuple(
                (label, role, group, n)
                for (label, role, group), n in sorted(
                    Counter(tuple(map(str, of_account[scanned.names[a]])) for a in finding.accounts).items()
                )
            ),
            dict(finding.observations),
        )
        for finding in scanned.analysis.findings
    ]


def read(kept: Path) -> Observed:
    """Return what a file holds."""
    held = json.loads(kept.read_text(encoding="utf-8"))
    if held.get("schema") != SCHEMA:
        raise SystemExit(f"{kept}: not a file of {SCHEMA}: delete it, and it is made again")
    return {
        world: [
            ObservedGroup(
                tuple(map(tuple, one["members"])),
                {name: _told(name, *seen) for name, seen in one["observations"].items()},
            )
            for one in groups
        ]
        for world, groups in held["worlds"].items()
    }


def write(observed: Observed, kept: Path) -> None:
    """Write what was observed."""
    worlds = {
        world: [
            {"members": group.members, "observations": {name: _kept(seen) for name, seen in group.observations.items()}}
            for group in groups
        ]
        for world, groups in observed.items()
    }
    kept.write_text(json.dumps({"schema": SCHEMA, "worlds": worlds}), encoding="utf-8")


def _kept(seen: Observation) -> tuple[float | None, float | None, float | None]:
    """Return the value of an observation and its sampling error, as the file has it."""
    if seen.error is None:
        return seen.value, None, None
    n = seen.error.n
    return seen.value, n if n is not None and isfinite(n) else None, seen.error.standard_error


def _told(name: str, value: float | None, n: float | None, standard_error: float | None) -> Observation:
    """Return what ``_kept`` kept."""
    is_sampled = n is not None or standard_error is not None
    return Observation(KINDS[name], value, None, error=SamplingError(n, standard_error) if is_sampled else None)
