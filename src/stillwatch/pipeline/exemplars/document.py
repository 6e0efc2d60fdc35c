"""The document of exemplars, ``stillwatch.exemplars/1``: what a release contains, and what may be said before one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.custody.instant import instant_text
from stillwatch.custody.origin import origin_of, sha256_of
from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.document import DOCUMENT, from_json
from stillwatch.errors import InputError, SettingsError, UsageError
from stillwatch.pipeline.exemplars.detection import PATTERNS
from stillwatch.pipeline.exemplars.redaction import Segment, left_out, redacted
from stillwatch.pipeline.exemplars.selection import LEAST_P, Candidate, Sample, choose, sample, shared_text
from stillwatch.pipeline.exemplars.shared_text import LEAST_ACCOUNTS, SHINGLE_WORDS
from stillwatch.records.traffic import ReadOptions, read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher

SCHEMA: Final = "stillwatch.exemplars/1"
MOST_EXEMPLARS: Final = 12  # they show a family; they do not document every member


@dataclass(frozen=True, slots=True)
class ExemplarRequest:
    """What to show of which campaign.

    Args:
        case: the case's folder.
        campaign: the campaign's id.
        traffic: files, folders and globs that hold its exchanges.
        key: the sketch key of the scan.
        n: how many exemplars at most.
        read: how the traffic is read.
    """

    case: Path
    campaign: str
    traffic: Sequence[str]
    key: SketchKey
    n: int = 4
    read: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True, slots=True)
class Exemplars:
    """The document, and the summary that says nothing of a text."""

    document: dict[str, Any]
    summary: dict[str, Any]


def find_exemplars(request: ExemplarRequest) -> Exemplars:
    """Return the few exchanges that best show a campaign's families, redacted.

    Guarantee: each was sketched anew with the scan's key and carries the anchor of a family that the case names; no
    answer is in it; of its prompts only what ``redaction.redacted`` lets through.

    Raises:
        UsageError: no such campaign, or a number out of range.
        SettingsError: the key is not the scan's.
        InputError: the case cannot be read, it has no families, or the traffic does not hold them.
    """
    if not 1 <= request.n <= MOST_EXEMPLARS:
        raise UsageError("--most", "is out of range", got=str(request.n), expected=f"1 to {MOST_EXEMPLARS}")
    case, campaign = _campaign(request)
    wanted = _wanted(request.case / "exchanges.parquet", campaign.id)
    families = [family.id for family in campaign.template_families]
    traffic = read_traffic(request.traffic, request.read)
    sketcher = Sketcher(request.key, CapabilityModel.load())
    found = sample(traffic, wanted, frozenset(families), sketcher)
    shared = shared_text(found.candidates)
    chosen = choose(found.candidates, families, shared, request.n)
    if not chosen:
        raise InputError(
            "traffic",
            "holds no exchange that shows a family of the campaign",
            got=f"{found.n_found:,} of its {found.n_wanted:,} exchanges",
            expected="the traffic that the scan read",
        )
    shown = [(one, {zone: redacted(text, shared) for zone, text in one.zones.items()}) for one in chosen]
    document = _document(case, campaign, request.case, found, shown)
    read = {one["sha256"] for one in origin_of(request.case)["inputs"]}
    document["traffic"] = [
        {"name": one["name"], "sha256": one["sha256"], "was_scanned": one["sha256"] in read}
        for one in traffic.tally.as_document()["sources"]
    ]
    return Exemplars(document, _summary(document, found, shown))


def _campaign(request: ExemplarRequest) -> tuple[Case, Campaign]:
    path = request.case / DOCUMENT
    try:
        case = from_json(path.read_bytes())
    except OSError as error:
        raise InputError(str(path), "cannot be read", got=error.strerror) from None
    campaign = next((one for one in case.campaigns if one.id == request.campaign), None)
    if campaign is None:
        known = ", ".join(one.id for one in case.campaigns[:10])
        raise UsageError(
            "CAMPAIGN", "is not in the case", got=repr(request.campaign), expected=known or "none is there"
        )
    if case.key_id != request.key.key_id:
        raise SettingsError(
            "--key-file",
            "is not the key of this case",
            got=f"key {request.key.key_id}",
            expected=f"key {case.key_id}",
            fix="A scan without --key-file forgets its key: scan again with one.",
        )
    if not campaign.template_families:
        raise InputError(
            request.campaign, "has no family of exchanges", fix="What links it is not content; no exchange can show it."
        )
    return case, campaign


def _wanted(path: Path, campaign: str) -> pa.Array:
    """Return the ids of the campaign's exchanges that are more likely extraction than not."""
    try:
        table = pq.read_table(path, columns=["exchange_id", "campaign_id", "p_extraction"])
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise InputError(str(path), "cannot be read", got=str(error)[:200]) from None
    mine = pc.equal(table["campaign_id"], campaign)
    likely = table.filter(pc.and_(mine, pc.greater_equal(table["p_extraction"], LEAST_P)))
    chosen = likely if len(likely) else table.filter(mine)  # of a group that is no accusation, p is low throughout
    return chosen["exchange_id"].combine_chunks()


def _document(
    case: Case,
    campaign: Campaign,
    folder: Path,
    found: Sample,
    shown: Sequence[tuple[Candidate, dict[str, list[Segment]]]],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "stillwatch_version": case.stillwatch_version,
        "campaign_id": campaign.id,
        "case_sha256": sha256_of(folder / DOCUMENT),
        "key_id": case.key_id,
        "patterns": PATTERNS,
        "rule": {"shingle_words": SHINGLE_WORDS, "least_accounts": LEAST_ACCOUNTS},
        "n_exchanges": found.n_wanted,
        "n_in_traffic": found.n_found,
        "n_sampled": len(found.candidates),
        "exemplars": [
            {
                "exchange_id": one.exchange_id,
                "requested_at": instant_text(one.requested_at),
                "families": sorted(one.families),
                "zones": {zone: [part.as_document() for part in parts] for zone, parts in zones.items()},
            }
            for one, zones in shown
        ],
    }


def _summary(
    document: dict[str, Any], found: Sample, shown: Sequence[tuple[Candidate, dict[str, list[Segment]]]]
) -> dict[str, Any]:
    """Return what an approver needs to know before anybody may read: how much, of what, and what was left out."""
    reasons: Counter[str] = Counter()
    n_characters = 0
    for _, zones in shown:
        for parts in zones.values():
            reasons += left_out(parts)
            n_characters += sum(len(part.text) for part in parts if part.text is not None)
    names = ("campaign_id", "case_sha256", "key_id", "traffic", "patterns", "rule", "n_exchanges", "n_in_traffic")
    return {
        **{name: document[name] for name in names},
        "n_sampled": document["n_sampled"],
        "n_exemplars": len(shown),
        "exchange_ids": [one.exchange_id for one, _ in shown],
        "families": sorted({family for one, _ in shown for family in one.families}),
        "n_accounts_sampled": len({one.account_id for one in found.candidates}),
        "n_characters_shown": n_characters,
        "left_out": dict(sorted(reasons.items())),
    }
