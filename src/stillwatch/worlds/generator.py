"""Makes worlds: actors from a preset, each from its own seed, gathered into tables and written.

The same preset, seed, split and version give the same bytes.
"""

import importlib
import json
import pkgutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch.errors import OutputError, UsageError
from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS, EXCHANGES
from stillwatch.worlds import lookalikes
from stillwatch.worlds.account import Actor, BlockActor, Contribution, Ground, make_actor
from stillwatch.worlds.audit import Audit
from stillwatch.worlds.identity import Population
from stillwatch.worlds.presets import Preset
from stillwatch.worlds.texts import Split, load_texts
from stillwatch.worlds.traffic import Rendered, render
from stillwatch.worlds.truth import TRUTH_ACCOUNTS, TRUTH_EXCHANGES, account_truth, exchange_truth

FORMATS: Final = ("parquet", "jsonl")
ROW_GROUP: Final = 65_536
ACTOR_MODULES: Final = ("organic", "campaign", "resale", "stolen", "trials")
SCHEMAS: Final = {
    "exchanges": EXCHANGES,
    "accounts": ACCOUNTS,
    "authorisations": AUTHORISATIONS,
    "truth_accounts": TRUTH_ACCOUNTS,
    "truth_exchanges": TRUTH_EXCHANGES,
}
ORDER: Final = {
    "exchanges": ("requested_at", "exchange_id"),
    "accounts": ("account_id",),
    "authorisations": ("reference", "account_id", "organisation_id"),
    "truth_accounts": ("account_id",),
    "truth_exchanges": ("exchange_id",),
}

Progress = Callable[[int, int, str], None]  # parts done, parts in all, the next one's kind


@dataclass(frozen=True, slots=True)
class World:
    """A world in memory: the three input tables, the truth, and what ``world.json`` says."""

    exchanges: pa.Table
    accounts: pa.Table
    authorisations: pa.Table
    truth_accounts: pa.Table
    truth_exchanges: pa.Table
    summary: dict[str, Any]

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by the names of their files."""
        return {name: getattr(self, name) for name in SCHEMAS}


def load_actors() -> None:
    """Import every module that registers kinds of actors."""
    for name in ACTOR_MODULES:
        importlib.import_module(f"stillwatch.worlds.{name}")
    for module in pkgutil.iter_modules(lookalikes.__path__):
        importlib.import_module(f"{lookalikes.__name__}.{module.name}")


def make_ground(preset: Preset, seed: int, split: Split) -> Ground:
    """Return what all actors of a world share."""
    texts = load_texts(split)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0]))
    return Ground(texts, preset.window, Population(texts, preset.window, rng), preset.models, seed)


def parts_of(preset: Preset, ground: Ground) -> Iterator[tuple[str, Callable[[], Rendered]]]:
    """Yield each part of a world, an actor or a block of one, as its kind and what makes it, in any order or process.

    An actor's seed comes from the world's seed, its kind and name, and its place among its namesakes, so adding
    an actor changes no other.
    """
    load_actors()
    namesakes: Counter[str] = Counter()
    for table in [entry for entry in preset.actors for _ in range(entry.count)]:
        name = f"{table.kind}/{table.parameters.get('name', '')}"
        key = [ground.seed, zlib.crc32(name.encode()), namesakes[name]]
        namesakes[name] += 1
        made = make_actor(table.kind, table.parameters)
        seeds = np.random.SeedSequence([1, *key])
        ids = np.random.SeedSequence([2, *key])
        tasks = (
            made.tasks(ground, seeds) if isinstance(made, BlockActor) else iter([partial(_built, made, ground, seeds)])
        )
        for task in tasks:
            yield table.kind, partial(_rendered, task, ground, ids.spawn(1)[0])


def _built(made: Actor, ground: Ground, seeds: np.random.SeedSequence) -> Contribution:
    return made.build(ground, np.random.default_rng(seeds))


def _rendered(task: Callable[[], Contribution], ground: Ground, ids: np.random.SeedSequence) -> Rendered:
    return render(task(), ground.window, np.random.default_rng(ids))


def contributions(preset: Preset, ground: Ground, progress: Progress | None = None) -> Iterator[Rendered]:
    """Yield every part's tables, one after another."""
    parts = list(parts_of(preset, ground))
    for done, (kind, make) in enumerate(parts):
        if progress:
            progress(done, len(parts), kind)
        yield make()
    if progress:
        progress(len(parts), len(parts), "")


class Tally:
    """Counts a world while it passes."""

    def __init__(self) -> None:
        self.audit = Audit()
        self.accounts: Counter[str] = Counter()
        self.exchanges: Counter[str] = Counter()
        self.groups: dict[str, set[str]] = {}

    def add(self, part: Rendered) -> None:
        """Take in one contribution."""
        labels = [spec.label for spec in part.specs]
        self.audit.add(part.exchanges, part.accounts, labels)
        self.accounts.update(labels)
        self.exchanges.update(part.labels)
        for label, group in [*((s.label, s.group_id) for s in part.specs), *zip(part.labels, part.groups, strict=True)]:
            if group is not None:
                self.groups.setdefault(label, set()).add(group)

    def merge(self, later: "Tally") -> None:
        """Take in what another tally counted of the contributions that follow."""
        self.audit.merge(later.audit)
        self.accounts.update(later.accounts)
        self.exchanges.update(later.exchanges)
        for label, groups in later.groups.items():
            self.groups.setdefault(label, set()).update(groups)

    def summary(self, preset: Preset, seed: int, split: str) -> dict[str, Any]:
        """Return what ``world.json`` says."""
        window = preset.window
        return {
            "preset": preset.name,
            "seed": seed,
            "split": split,
            "version": __version__,
            "start": window.start_at.isoformat(),
            "days": window.days,
            "releases": [
                {"day": s / 86_400, "model": model}
                for s, model in zip(window.release_s, preset.models[-len(window.release_s) :], strict=False)
            ],
            "accounts": dict(sorted(self.accounts.items())),
            "exchanges": dict(sorted(self.exchanges.items())),
            "groups": {label: len(found) for label, found in sorted(self.groups.items())},
            "column_auc": dict(self.audit.result()),
        }


def world_tables(part: Rendered) -> dict[str, pa.Table]:
    """Return one contribution's share of each of a world's tables."""
    return {
        "exchanges": part.exchanges,
        "accounts": part.accounts,
        "authorisations": part.authorisations,
        "truth_accounts": account_truth(part),
        "truth_exchanges": exchange_truth(part),
    }


def in_order(name: str, table: pa.Table) -> pa.Table:
    """Return a table's rows in the order of its file: by time or by id, so that no order tells an actor."""
    return table.sort_by([(column, "ascending") for column in ORDER[name]]).combine_chunks()


def build_world(preset: Preset, seed: int, split: Split = "tune", progress: Progress | None = None) -> World:
    """Return a world in memory, its rows in time's order.

    Raises:
        SettingsError: the preset names an actor that does not exist, or misfit parameters.
    """
    ground = make_ground(preset, seed, split)
    tally = Tally()
    gathered: dict[str, list[pa.Table]] = {name: [schema.empty_table()] for name, schema in SCHEMAS.items()}
    for part in contributions(preset, ground, progress):
        tally.add(part)
        for name, table in world_tables(part).items():
            gathered[name].append(table)
    tables = {name: in_order(name, pa.concat_tables(parts)) for name, parts in gathered.items()}
    return World(**tables, summary=tally.summary(preset, seed, split))


def prepare_folder(out: Path, file_format: str) -> None:
    """Make the output folder.

    Raises:
        UsageError: no such format.
        OutputError: the folder cannot be made.
    """
    if file_format not in FORMATS:
        raise UsageError("--format", "no such format", got=repr(file_format), expected=" or ".join(FORMATS))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(out), "cannot make the folder", got=str(error)) from error


def json_lines(table: pa.Table) -> bytes:
    """Return a table as JSON Lines, nulls left out, times in RFC 3339 with a Z."""
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    rows = table.to_pylist()
    return b"".join(orjson.dumps({k: v for k, v in row.items() if v is not None}, option=options) for row in rows)


class TableWriter:
    """Writes one table, chunk after chunk; the file has its name only once it is whole."""

    def __init__(self, out: Path, name: str, file_format: str) -> None:
        self._path = out / f"{name}.{file_format}"
        self._draft = out / f".{name}.{file_format}.part"
        is_parquet = file_format == "parquet"
        self._parquet = pq.ParquetWriter(self._draft, SCHEMAS[name], compression="zstd") if is_parquet else None
        self._lines = None if is_parquet else self._draft.open("wb")

    def __enter__(self) -> Self:
        return self

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        if self._parquet is not None:
            self._parquet.write_table(table, row_group_size=ROW_GROUP)
        if self._lines is not None:
            self._lines.write(json_lines(table))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        for sink in (self._parquet, self._lines):
            if sink is not None:
                sink.close()
        if kind is None:
            self._draft.replace(self._path)
            return
        self._draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(str(self._path), "cannot write", got=str(error)) from error


def write_world(world: World, out: Path, file_format: str = "parquet") -> None:
    """Write a world's five tables and ``world.json``.

    Raises:
        UsageError: no such format.
        OutputError: the folder cannot be made.
    """
    prepare_folder(out, file_format)
    for name, table in world.tables().items():
        with TableWriter(out, name, file_format) as writer:
            writer.write(table)
    write_summary(world.summary, out)


def write_summary(summary: dict[str, Any], out: Path) -> None:
    """Write ``world.json``."""
    (out / "world.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
