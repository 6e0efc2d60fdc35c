"""From a case's folder to the frozen dossier of one campaign.

Guarantee: the same files give the same dossier, byte for byte; no clock, no network and no chance beyond fixed seeds.
"""

from pathlib import Path
from typing import Final

from stillwatch import __version__
from stillwatch.dossiers.dossier import SCHEMA_NAME, Dossier, Source
from stillwatch.dossiers.freezing.attributed import attribution_part
from stillwatch.dossiers.freezing.case_folder import CaseFolder, open_case
from stillwatch.dossiers.freezing.closing import appeal, history, limits, would_change
from stillwatch.dossiers.freezing.countered import counter_part
from stillwatch.dossiers.freezing.criteria import criteria
from stillwatch.dossiers.freezing.dated import timeline_part
from stillwatch.dossiers.freezing.given import Given, read_given
from stillwatch.dossiers.freezing.inferred import inference_part, read_model
from stillwatch.dossiers.freezing.ledger import Ledger
from stillwatch.dossiers.freezing.looked_alike import look_alikes
from stillwatch.dossiers.freezing.observed import counts, measured, observation_part
from stillwatch.dossiers.freezing.taken import taken_part
from stillwatch.dossiers.number import say

SETTINGS: Final = ("q_level", "p_leading", "least_members", "weights")  # those that decide what is found


def freeze(case_folder: Path, campaign_id: str, given: Given | None = None) -> Dossier:
    """Return the dossier of one campaign of a case.

    Args:
        case_folder: the folder that a scan left.
        campaign_id: the campaign.
        given: files beside the case; none by default.

    Raises:
        InputError: the case or a given file cannot be read.
        UsageError: the case has no such campaign.
        SettingsError: a given file is wrong.
    """
    facts = read_given(given or Given())
    case = open_case(case_folder, campaign_id)
    campaign = case.campaign
    model = read_model(case.case.weights)
    ledger = Ledger(campaign_id)
    counts(case, ledger)
    seen = measured(case, ledger)
    observation = observation_part(case, ledger, seen)
    inference = inference_part(case, ledger, seen, model)
    timeline = timeline_part(case, ledger, facts)
    attribution = attribution_part(case, ledger, facts)
    taken = taken_part(case, ledger, facts)
    judged = criteria(case, ledger, seen, timeline.correlation)
    counter = counter_part(case, ledger, inference, observation.members, model)
    alike = look_alikes(case, ledger, seen, inference)
    turns = tuple(would_change(case, inference, model))
    past = history(case, ledger)
    settings = case.run.get("settings", {})
    return Dossier(
        schema=SCHEMA_NAME,
        stillwatch_version=__version__,
        weights=case.case.weights,
        key_id=case.case.key_id,
        campaign_id=campaign_id,
        title=say("[[v:0]]", campaign.hypotheses[0].title),
        traffic_from=case.case.first_seen_at or campaign.first_seen_at,
        traffic_to=case.case.last_seen_at or campaign.last_seen_at,
        sources=(*case.sources, *_inputs(case), *facts.sources),
        settings=tuple(sorted((str(name), str(value)) for name, value in settings.items() if name in SETTINGS)),
        numbers=ledger.numbers,
        observation=observation,
        inference=inference,
        attribution=attribution,
        criteria=judged,
        timeline=timeline,
        taken=taken,
        counter=counter,
        look_alikes=alike,
        limits=limits(case),
        would_change=turns,
        appeal=appeal(facts),
        history=past,
    )


def _inputs(case: CaseFolder) -> list[Source]:
    """Return what the scan read, as its record names it."""
    inputs = case.run.get("inputs", [])
    return [
        Source(str(one.get("name", "")), "input", str(one.get("sha256", "")), int(one.get("bytes", 0)))
        for one in (inputs if isinstance(inputs, list) else [])
        if isinstance(one, dict)
    ]
