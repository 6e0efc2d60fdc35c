"""A tiny world cut into its days, and scans of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Case
from stillwatch.pipeline.daily import scan_state
from stillwatch.pipeline.scan import ScanRequest
from stillwatch.pipeline.settings import Settings
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.vault import Vault
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.presets import load_preset

KEY = SketchKey.public_demo_key()


def quiet(name: str, done: int, total: int) -> None:
    """Say nothing of a scan's progress."""


@dataclass(frozen=True)
class Days:
    """A world, its days as files of their own, in order, and its tables."""

    folder: Path
    whole: Path
    days: tuple[Path, ...]

    def request(self, out: Path, *traffic: Path, **more: Any) -> ScanRequest:
        """Return a request to scan some files with the world's tables."""
        tables: dict[str, Any] = {
            name: [str(self.folder / f"{name}.parquet")] for name in ("accounts", "authorisations")
        }
        settings = Settings(threads=1, memory_mib=512)
        options = {"key": KEY, "replace": True, "settings": settings, **tables, **more}
        return ScanRequest(traffic=[str(path) for path in traffic], out=out, **options)

    def scan(self, state: Path | Vault, out: Path, *traffic: Path, window_days: int = 45, **more: Any) -> Case:
        """Scan some files over a state."""
        vault = vault_at(str(state)) if isinstance(state, Path) else state
        return scan_state(self.request(out, *traffic, **more), vault, quiet, window_days)


@dataclass(frozen=True)
class Replayed:
    """A state to which every day was added, the case after the last of them, and each day's."""

    state: Path
    case: Path
    cases: tuple[Case, ...]


def make_days(folder: Path, preset: str = "tiny") -> Days:
    """Make a world and cut it into its days."""
    write_world(build_world(load_preset(preset), 1, "tune", lambda done, total, kind: None), folder)
    whole = folder / "exchanges.parquet"
    table = pq.read_table(whole)
    day = pc.strftime(table["requested_at"], "%Y-%m-%d")
    parts = []
    for name in sorted(set(day.to_pylist())):
        parts.append(folder / "days" / f"{name}.parquet")
        parts[-1].parent.mkdir(exist_ok=True)
        pq.write_table(table.filter(pc.equal(day, name)), parts[-1])
    return Days(folder, whole, tuple(parts))


def without_story(case: Path) -> Any:
    """Return a case's document without the campaigns' ids and stories."""
    document = json.loads((case / "campaigns.json").read_bytes())
    for campaign in document["campaigns"]:
        del campaign["id"]
        campaign.pop("lifecycle", None)
    return document


def bytes_of(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Return every file of a folder by its place, but for some names."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in but)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def changed(path: Path, out: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    """Write a changed copy of a Parquet file."""
    pq.write_table(change(pq.read_table(path)), out)
    return out
