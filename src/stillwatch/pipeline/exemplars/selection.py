"""Choosing exemplars: exchanges of the campaign, found in the traffic at hand, whose new sketch shows that they belong.

Source: ours: docs/custody.md; the order by digest is bottom-k sampling (Cohen and Kaplan 2007).
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.pipeline.exemplars.detection import MOST_CHARACTERS
from stillwatch.pipeline.exemplars.shared_text import SharedText, covered
from stillwatch.sketches.sketch import Sketcher

ZONES: Final = ("system_prompt", "prompt")  # answers are the provider's own text and are not needed
MOST_SAMPLED: Final = 1_500  # exchanges kept in memory, with 20,000 characters a zone at most
MOST_TRIED: Final = 40  # of one family; the best of them is shown
LEAST_P: Final = 0.5  # of extraction: what is likelier the account's own is not looked at


@dataclass(frozen=True, slots=True)
class Candidate:
    """An exchange of the campaign with its text, cut, and the families whose anchor its new sketch carries."""

    exchange_id: str
    account_id: str
    requested_at: datetime
    zones: Mapping[str, str]
    families: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was found of a campaign in the traffic at hand.

    Args:
        candidates: a sample of its exchanges, in an order that depends on their ids alone.
        n_wanted: exchanges of the campaign in the case.
        n_found: those of them that the traffic holds.
    """

    candidates: tuple[Candidate, ...]
    n_wanted: int
    n_found: int


def family_id(phrase: int) -> str:
    """Return the id of the family that a phrase anchors, as a case names it."""
    return f"f-{hashlib.sha256(int(phrase).to_bytes(8, 'little')).hexdigest()[:10]}"


def sample(batches: Iterable[pa.RecordBatch], wanted: pa.Array, families: frozenset[str], sketcher: Sketcher) -> Sample:
    """Return a sample of the wanted exchanges, sketched anew.

    Args:
        batches: the traffic, of schema ``PLACED_EXCHANGES``.
        wanted: ids of the campaign's exchanges.
        families: ids of its families, as the case has them.
        sketcher: with the key of the scan.

    Cost: one pass; memory holds the sample and one batch.
    """
    kept: list[tuple[int, str, Candidate]] = []
    seen: set[str] = set()
    for batch in batches:
        mine = batch.filter(pc.is_in(batch["exchange_id"], value_set=wanted))
        if not mine.num_rows:
            continue
        for candidate in _candidates(mine, families, sketcher):
            if candidate.exchange_id in seen:  # a retry under one id counts once
                continue
            seen.add(candidate.exchange_id)
            entry = (-_rank(candidate.exchange_id), candidate.exchange_id, candidate)
            if len(kept) < MOST_SAMPLED:
                heapq.heappush(kept, entry)
            else:
                heapq.heappushpop(kept, entry)
    ordered = sorted(kept, key=lambda entry: (-entry[0], entry[1]))
    return Sample(tuple(candidate for _, _, candidate in ordered), len(wanted), len(seen))


def shared_text(candidates: Iterable[Candidate]) -> SharedText:
    """Return what the accounts of a sample share, over all zones: a template may stand in either."""
    shared = SharedText()
    for candidate in candidates:
        for text in candidate.zones.values():
            shared.add(candidate.account_id, text)
    return shared


def choose(candidates: Sequence[Candidate], families: Sequence[str], shared: SharedText, n: int) -> list[Candidate]:
    """Return at most ``n`` exchanges, from one family after the other and each account once.

    Within a family, the one of which most is shared text comes first, in characters and then in share.
    """
    ranked = {family: iter(_by_shared(candidates, family, shared)) for family in families}
    chosen: list[Candidate] = []
    accounts: set[str] = set()
    while ranked and len(chosen) < n:
        for family in list(ranked):
            found = next((one for one in ranked[family] if one.account_id not in accounts), None)
            if found is None:
                del ranked[family]
                continue
            chosen.append(found)
            accounts.add(found.account_id)
            if len(chosen) == n:
                break
    return chosen


def _by_shared(candidates: Sequence[Candidate], family: str, shared: SharedText) -> list[Candidate]:
    tried = [one for one in candidates if family in one.families][:MOST_TRIED]
    scored = []
    for one in tried:
        n_shown = sum(covered(shared.shown(text)) for text in one.zones.values())
        n_all = sum(len(text) for text in one.zones.values())
        scored.append((-n_shown, n_all - n_shown, one.exchange_id, one))
    return [one for *_, one in sorted(scored, key=lambda entry: entry[:3]) if covered_at_all(one, shared)]


def covered_at_all(candidate: Candidate, shared: SharedText) -> bool:
    """Return whether anything of an exchange may be shown."""
    return any(shared.shown(text) for text in candidate.zones.values())


def _candidates(batch: pa.RecordBatch, families: frozenset[str], sketcher: Sketcher) -> Iterator[Candidate]:
    sketched = sketcher.sketch(batch)
    phrases = _phrases(sketched)
    rows: list[dict[str, Any]] = batch.select(["exchange_id", "account_id", "requested_at", *ZONES]).to_pylist()
    for row, held in zip(rows, phrases, strict=True):
        zones = {zone: row[zone][:MOST_CHARACTERS] for zone in ZONES if row[zone]}
        found = frozenset(family_id(phrase) for phrase in held) & families
        at = row["requested_at"]
        yield Candidate(row["exchange_id"], row["account_id"], at.astimezone(UTC), zones, found)


def _phrases(sketched: pa.RecordBatch) -> Iterator[set[int]]:
    """Yield the phrases of each exchange as a scan sees them: in an agent's later turns the tool is the author."""
    names = [
        "turn",
        "n_tools",
        "system_hash",
        "prompt_hash",
        "system_minima",
        "head_minima",
        "tail_minima",
        "body_minima",
    ]
    for row in sketched.select(names).to_pylist():
        is_tool_result = (row["turn"] or 0) > 0 and (row["n_tools"] or 0) > 0
        held = {row["system_hash"], *(row["system_minima"] or ())}
        if not is_tool_result:
            held |= {row["prompt_hash"]}
            for zone in ("head_minima", "tail_minima", "body_minima"):
                held |= set(row[zone] or ())
        yield {phrase for phrase in held if phrase}


def _rank(exchange_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(exchange_id.encode("utf-8", "surrogatepass"), digest_size=8).digest())
