"""A small case folder by hand: one accusation of twelve accounts, its tables, and a run's record.

Its hypotheses are weighed with released weights on the observations stated here, so that it changes with neither
detection nor later weights. ``hostile`` goes into every value that comes from outside.
"""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from example_case import PLANS, make_campaign, make_case

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.credible import credible, draw_weights
from stillwatch.assessments.hypothesis import released_weights, weigh
from stillwatch.assessments.observation import Observation
from stillwatch.dossiers.case import Campaign, Case, Evidence, GroupTest, Hypothesis, Infrastructure, SharedValue
from stillwatch.dossiers.decided import DeskStatus
from stillwatch.dossiers.document import to_json
from stillwatch.dossiers.tables import TABLES

CAMPAIGN = "c-0123456789ab"
OTHER = "c-ba9876543210"
WEIGHTS = "hypotheses-2026-11b"
VOTES = (9.0, 40.0)  # behind m and behind u, for the intervals of posteriors
START = datetime(2026, 7, 1, tzinfo=UTC)
N_ACCOUNTS = 12
N_EACH = 10

SEEN: Mapping[str, tuple[float | None, float | None, float | None, float | None]] = {
    # value, low, high, mean of controls
    "thinking_tags": (0.63, 0.55, 0.7, 0.05),
    "cue_reasoning_trace": (0.06, 0.03, 0.09, 0.004),
    "capability_focus": (0.41, 0.38, 0.44, 0.4),
    "trainable_share": (0.74, 0.7, 0.78, 0.5),
    "widest_family": (1.0, 0.76, 1.0, 0.0),
    "own_subjects": (0.001, 0.0, 0.01, 0.06),
    "rest_subjects": (0.03, 0.01, 0.05, None),
    "identity_reuse": (0.55, 0.28, 0.79, 0.13),
    "registered_share": (0.0, 0.0, 0.24, 0.0),
    "one_address_share": (0.08, 0.01, 0.35, 0.1),
    "requests_per_active_day": (2.7, 2.4, 3.0, 4.9),
    "active_days": (9.0, 8.0, 10.0, 9.8),
    "around_the_clock": (0.77, 0.7, 0.84, 0.7),
    "sign_up_burst": (0.07, 0.0, 0.33, 0.15),
    "no_ramp": (0.7, 0.4, 0.89, 0.5),
    "pivot_share": (0.56, 0.4, 0.7, 0.1),
    "end_user_share": (0.0, 0.0, 0.24, 0.08),
    "verified_share": (0.0, 0.0, 0.24, 0.28),
    "one_organisation": (0.17, 0.05, 0.45, 0.13),
    "median_output_tokens": (475.0, 458.0, 492.0, 221.0),
    "identity_coordination": (8.2, None, None, 0.0),
    "rhythm_coordination": (4.0, None, None, 0.0),
    "work_list_coordination": (12.0, None, None, 0.0),
    "banned_share": (None, None, None, None),
}


def make_folder(path: Path, hostile: str = "", **changes: Any) -> Path:
    """Write the case to ``path`` and return it; ``changes`` replace fields of the campaign."""
    path.mkdir(parents=True, exist_ok=True)
    campaign = dataclasses.replace(_campaign(hostile), **changes)
    (path / "campaigns.json").write_bytes(to_json(_case(campaign)))
    for name, rows in _tables(campaign, hostile).items():
        pq.write_table(pa.Table.from_pylist(rows, schema=TABLES[name]), path / f"{name}.parquet")
    (path / "run.json").write_text(json.dumps(_run(hostile)))
    return path


def _case(campaign: Campaign) -> Case:
    case = make_case(())
    funnel = dataclasses.replace(case.funnel, campaigns=1, accusations=int(campaign.is_accusation), accused_accounts=12)
    return dataclasses.replace(
        case, stillwatch_version="0.0.0", weights=WEIGHTS, first_seen_at=START, last_seen_at=START + timedelta(days=44.9),
        funnel=funnel, campaigns=(campaign,),
    )  # fmt: skip


def names(hostile: str = "") -> tuple[str, ...]:
    """Return the accounts' names."""
    return tuple(f"acct_{k:02d}{hostile}" for k in range(N_ACCOUNTS))


def _campaign(hostile: str) -> Campaign:
    plan = dataclasses.replace(PLANS[2], n_accounts=N_ACCOUNTS, exchanges=108)
    made = make_campaign(0, plan)
    observations = {name: Observation(kind, SEEN.get(name, (None,))[0], None) for name, kind in KINDS.items()}
    kinds = released_weights(WEIGHTS)
    learned = tuple(
        dataclasses.replace(k, expects=tuple(dataclasses.replace(e, votes=VOTES) for e in k.expects)) for k in kinds
    )
    bands = credible(draw_weights(learned), observations)
    hypotheses = tuple(
        Hypothesis(
            item.name, item.title + hostile, float(f"{item.posterior:.6g}"), float(f"{item.bits:.6g}"),
            tuple(
                Evidence(w.expectation.observation, KINDS[w.expectation.observation].title + hostile, w.channel,
                         float(f"{w.bits:.6g}"), w.observed, w.expectation.because + hostile, w.needs)
                for w in item.evidence
            ),
            float(f"{bands[item.name].low:.6g}"), float(f"{bands[item.name].high:.6g}"),
        )
        for item in weigh(kinds, observations)
    )  # fmt: skip
    test = GroupTest("shared_device" + hostile, "strangers share as often" + hostile, 72.6, 7.9, 17.8, 1e-9, 999, False)
    return dataclasses.replace(
        made, id=CAMPAIGN, accounts=names(hostile), n_accounts=N_ACCOUNTS, n_entities=N_ACCOUNTS, exchanges=108, attempts=120,
        first_seen_at=START + timedelta(days=6), last_seen_at=START + timedelta(days=15, hours=11),
        p_leading=hypotheses[0].posterior,
        q_value=8e-10, hypotheses=hypotheses, indicators=(),
        evidence=tuple(row for row in hypotheses[0].evidence if row.bits > 0),
        evidence_against=tuple(row for row in hypotheses[0].evidence if row.bits < 0),
        tests=(test, dataclasses.replace(test, name="ban_burst" + hostile, p_value=0.7)),
        infrastructure=(Infrastructure("device_fingerprint", 4, 7, (SharedValue("dev-1" + hostile, 4, 1),)),),
        timeline=dataclasses.replace(
            made.timeline, releases=tuple(dataclasses.replace(r, model=r.model + hostile) for r in made.timeline.releases)
        ),
        desk=DeskStatus("confirmed", "ana" + hostile, START, "Read the log." + hostile, CAMPAIGN, 1.0, (), (), (), (), None),
    )  # fmt: skip


def _tables(campaign: Campaign, hostile: str) -> dict[str, list[dict[str, Any]]]:
    members, slices = [], []
    for k, account in enumerate(campaign.accounts):
        begun = START + timedelta(days=6, hours=k)
        members.append({
            "campaign_id": CAMPAIGN, "account_id": account, "entity_id": f"e-{k}", "p_group": round(1.0 - 0.04 * k, 6),
            "exchanges": N_EACH, "other_exchanges": 3 * k, "families": 1 + k % 3,
            "shares": ["device_fingerprint"] if k < 7 else [], "first_seen_at": begun,
            "last_seen_at": begun + timedelta(days=9), "created_at": START, "banned_at": None,
            "organisation_id": f"org_1{hostile}" if k < 2 else None, "is_verified": k == 0, "plan_price_usd": 20.0,
        })  # fmt: skip
        for j in range(N_EACH):
            model = (f"large-5{hostile}", f"fast-5{hostile}", None)[(j + k) % 3]
            slices.append({
                "campaign_id": CAMPAIGN, "exchange_id": f"x{k:02d}-{j}{hostile}", "account_id": account,
                "requested_at": begun + timedelta(days=j), "p_slice": 0.995 if j else 0.7, "model": model, "platform": "api",
                "status": 429 if j == 9 else 200, "input_tokens": None if j == 9 else 100 + k, "cached_tokens": 40,
                "output_tokens": 500 + 10 * j, "reasoning_tokens": 300,
                "capability": [100 + k, 10, 5, 60, 20, 5, 5],
            })  # fmt: skip
    observations = [
        {
            "campaign_id": CAMPAIGN, "observation": name, "unit": KINDS[name].unit, "value": value, "low": low, "high": high,
            "method": "95% Wilson interval over 12 accounts" if low is not None else "a p-value is its own uncertainty",
            "comparison": control, "comparison_low": control and control / 2, "comparison_high": control and control * 1.5,
            "n_controls": 10 if control is not None else 0,
        }
        for name, (value, low, high, control) in SEEN.items()
    ]  # fmt: skip
    organisations = [
        {"campaign_id": CAMPAIGN, "organisation_id": f"org_1{hostile}", "n_members": 2, "n_verified": 1, "n_tied": 0,
         "exchanges": 20, "n_accounts": 9},
        {"campaign_id": CAMPAIGN, "organisation_id": f"org_2{hostile}", "n_members": 0, "n_verified": 0, "n_tied": 3,
         "exchanges": 30, "n_accounts": 40},
    ]  # fmt: skip
    memberships = [{"account_id": a, "campaign_id": CAMPAIGN, "p_member": 0.9} for a in campaign.accounts]
    memberships.append({"account_id": campaign.accounts[0], "campaign_id": OTHER, "p_member": 0.1})
    return {"members": members, "slices": slices, "observations": observations, "organisations": organisations,
            "memberships": memberships}  # fmt: skip


def _run(hostile: str) -> dict[str, Any]:
    return {
        "schema": "stillwatch.run/1",
        "settings": {"q_level": 0.05, "p_leading": 0.9, "least_members": 5, "weights": WEIGHTS, "threads": 2},
        "inputs": [{"name": f"log.jsonl{hostile}", "sha256": "ab" * 32, "bytes": 1234}],
        "registers": {"authorisations": {}},
    }


PRICES = """
currency = "USD"
as_of = 2026-07-01
source = "an example list"
[[price]]
model = "large-5"
input_per_million = 5
cached_per_million = 0.5
output_per_million = 25.0
"""

RELEASES = """
source = "an example"
[[release]]
model = "large-5"
at = 2026-07-08T15:00:00Z
[[release]]
model = "student-1"
at = 2026-07-18
organisation = "Example Lab"
"""

SETTINGS = """
appeal = "Write to the desk."
contact = "appeals@example.org"
[organisations]
org_1 = "First Example"
"""
