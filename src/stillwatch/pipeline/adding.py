"""New traffic into a state: sketched once, judged against what is known, kept as segments by day."""

import hashlib
import hmac
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from stillwatch.engines.engine import Engine, Sketching
from stillwatch.errors import StillwatchError
from stillwatch.pipeline.ingest import DUPLICATE, KEPT, REPEATED, judgements, sketch_traffic
from stillwatch.records.opening import Source, find_sources
from stillwatch.records.tally import digest_of
from stillwatch.records.traffic import ReadOptions, Traffic, read_traffic
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.book import parquet_bytes
from stillwatch.store.state.manifest import Addition, Manifest, Segment
from stillwatch.store.state.segment import DAY, ORDER, SEGMENT, segments_of
from stillwatch.store.state.vault import Vault, Writer
from stillwatch.store.state.window import ERASED

BEFORE: Final = "before-retention"
_COLUMNS: Final = ", ".join(f'"{name}"' for name in SEGMENT.names)
_OWN: Final = (
    f"SELECT * FROM ({KEPT}) k WHERE NOT EXISTS (SELECT 1 FROM unwanted u WHERE u.exchange_id = k.exchange_id)"  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a scan was given to add.

    Args:
        traffic: the files that are not in the state yet, or null where all are.
        known: names of files whose bytes are in the state already.
    """

    traffic: Traffic | None
    known: tuple[str, ...]


def inputs_of(arguments: Sequence[str], options: ReadOptions, manifest: Manifest) -> Inputs:
    """Return the traffic in some files, folders and globs that a state does not know yet, by the files' digests.

    Raises:
        InputError: as for ``read_traffic``.
    """
    if not arguments:
        return Inputs(None, ())
    digests = frozenset(manifest.inputs)
    sources = find_sources(arguments)
    known = tuple(one for one in sources if digest_of(one.path)[0] in digests)
    if len(known) == len(sources):
        return Inputs(None, _names(known))
    return Inputs(read_traffic(arguments, options, without=[one.path for one in known]), _names(known))


def _names(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(source.name for source in sources)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an addition goes, and with what.

    Args:
        vault, writer: the state.
        engine: sketches and sorts.
        work: a folder that the caller removes.
        key: the sketches' secret.
    """

    vault: Vault
    writer: Writer
    engine: Engine
    work: Path
    key: SketchKey


def add_traffic(
    manifest: Manifest, traffic: Traffic, sketcher: Sketching, place: Place, progress: Callable[[int], None]
) -> Manifest:
    """Return the manifest with one more addition; nothing counts before it is committed.

    An exchange whose id the state has is repeated, or contradicts it: the one that came first stays. Exchanges of days
    that were pruned, and of accounts that were erased to be kept out, are out of scope.

    Cost: the text pass and the sketches grow with the traffic; ids are compared with those of all kept days, one
    column of each.
    """
    engine, work = place.engine, place.work
    n_rows = sketch_traffic(traffic, sketcher, engine, work, progress)
    repeated, conflicting = 0, None
    segments: tuple[Segment, ...] = ()
    out_of_scope: Counter[str] = Counter()
    if n_rows:
        if manifest.segments:
            _judge_known(engine, manifest, place.vault, work)
        repeated, conflicting = judgements(engine, traffic)
        out_of_scope.update(_refuse_unwanted(engine, manifest, place.key))
        path = work / "added.parquet"
        rows = f"SELECT {_COLUMNS}, CAST(CAST(requested_at AS DATE) AS VARCHAR) AS {DAY} FROM ({_OWN})"  # noqa: S608 - constants
        engine.write_parquet(rows, path, order_by=f"{DAY}, {ORDER}")
        segments = segments_of(path, place.writer)
        shutil.rmtree(work / "parts")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    tally = traffic.tally
    quarantine = traffic.quarantine()
    quarantined = Counter(tally.by_reason)
    if conflicting is not None and len(conflicting):
        quarantine = pa.concat_tables([quarantine, conflicting])
        quarantined[DUPLICATE] += len(conflicting)
    out_of_scope.update(tally.by_scope)
    out_of_scope[REPEATED] += repeated
    addition = Addition(
        number=len(manifest.additions) + 1 if not manifest.additions else manifest.additions[-1].number + 1,
        read=tally.read,
        used=sum(segment.n_rows for segment in segments),
        quarantined=dict(sorted(quarantined.items())),
        out_of_scope={reason: n for reason, n in sorted(out_of_scope.items()) if n},
        quarantine=place.writer.put(parquet_bytes(quarantine), "parquet"),
        segments=tuple(segments),
    )
    return manifest.with_addition(addition, tuple(source.sha256 for source in tally.sources))


def fetch(engine: Engine, name: str, references: Sequence[str], vault: Vault, folder: Path, *, checked: bool) -> None:
    """Make some of a state's Parquet objects known to an engine as one table; ``folder`` is for copies and links."""
    folder.mkdir()
    for reference in references:
        path = vault.local(reference, folder, is_checked=checked)
        if path.parent != folder:
            (folder / reference).symlink_to(path.resolve())
    engine.register_parquet(name, folder)


def _judge_known(engine: Engine, manifest: Manifest, vault: Vault, work: Path) -> None:
    """Judge the rows whose id the state has as ``ingest`` judges rows of one id within a scan."""
    references = [segment.sketches for segment in manifest.segments]
    try:
        fetch(engine, "known", references, vault, work / "known", checked=False)
        engine.materialise(
            "judged_before",
            """
            SELECT p.row_index, p.source_index, p.line, p.record_bytes,
                p.account_id <> k.account_id OR coalesce(p.prompt_hash <> k.prompt_hash, false) AS is_conflict
            FROM parts p JOIN (SELECT exchange_id, account_id, prompt_hash FROM known) k USING (exchange_id)
            WHERE p.row_index NOT IN (SELECT row_index FROM judged)
            """,
        )
    except StillwatchError:
        raise
    except Exception:
        for reference in references:
            vault.read(reference)  # names the part that was changed, if one was
        raise
    engine.materialise("judged_within", "SELECT * FROM judged")
    engine.materialise("judged", "SELECT * FROM judged_within UNION ALL SELECT * FROM judged_before")


def _refuse_unwanted(engine: Engine, manifest: Manifest, key: SketchKey) -> Counter[str]:
    """Make the table ``unwanted`` of exchanges that the state shall not hold, and return how many there are and why."""
    names: list[str] = []
    if manifest.kept_out:
        seen = engine.query(f"SELECT DISTINCT account_id FROM ({KEPT}) ORDER BY account_id")["account_id"].to_pylist()  # noqa: S608 - a constant
        kept_out = frozenset(manifest.kept_out)
        names = [name for name in seen if hash_of_account(key, name) in kept_out]
    engine.register("erased_accounts", pa.table({"account_id": pa.array(names, pa.string())}))
    before = manifest.pruned_before or "0001-01-01"
    engine.materialise(
        "unwanted",
        f"""
        SELECT k.exchange_id, CASE WHEN e.account_id IS NULL THEN '{BEFORE}' ELSE '{ERASED}' END AS reason
        FROM ({KEPT}) k LEFT JOIN erased_accounts e ON k.account_id = e.account_id
        WHERE e.account_id IS NOT NULL OR CAST(k.requested_at AS DATE) < DATE '{before}'
        """,  # noqa: S608 - constants and a day of ours
    )
    counted = engine.query("SELECT reason, count(*) AS n FROM unwanted GROUP BY reason ORDER BY reason")
    return Counter(dict(zip(counted["reason"].to_pylist(), counted["n"].to_pylist(), strict=True)))


def hash_of_account(key: SketchKey, account: str) -> str:
    """Return what stands for an erased account that shall not come back: nobody without the key can test a guess."""
    return hmac.new(key.derived("erased-account"), account.encode(), hashlib.sha256).hexdigest()
