"""From a case's folder to the frozen dossier of one campaign.

Guarantee: the same files give the same dossier, byte for byte; no clock, no network and no chance beyond fixed seeds.
"""

from pathlib import Path

from stillwatch import __version__
from stillwatch.dossiers.dossier import (
    SCHEMA_NAME,
    AttributionPart,
    Confidence,
    CounterPart,
    Days,
    Dossier,
    TakenPart,
    TimelinePart,
)
from stillwatch.dossiers.freezing.case_folder import open_case
from stillwatch.dossiers.freezing.given import Given
from stillwatch.dossiers.freezing.inferred import inference_part, read_model
from stillwatch.dossiers.freezing.ledger import Ledger
from stillwatch.dossiers.freezing.observed import counts, measured, observation_part
from stillwatch.dossiers.number import say


def freeze(case_folder: Path, campaign_id: str, given: Given | None = None) -> Dossier:
    """Return the dossier of one campaign of a case.

    Args:
        case_folder: the folder that a scan left.
        campaign_id: the campaign.
        given: files beside the case; none by default.

    Raises:
        InputError: the case or a given file cannot be read.
        UsageError: the case has no such campaign.
    """
    given = given or Given()
    case = open_case(case_folder, campaign_id)
    campaign = case.campaign
    ledger = Ledger(campaign_id)
    counts(case, ledger)
    seen = measured(case, ledger)
    observation = observation_part(case, ledger, seen)
    inference = inference_part(case, ledger, seen, read_model(case.case.weights))
    settings = case.run.get("settings", {})
    timeline = campaign.timeline
    return Dossier(
        schema=SCHEMA_NAME,
        stillwatch_version=__version__,
        weights=case.case.weights,
        key_id=case.case.key_id,
        campaign_id=campaign_id,
        title=say("[[v:0]]", campaign.hypotheses[0].title),
        traffic_from=case.case.first_seen_at or campaign.first_seen_at,
        traffic_to=case.case.last_seen_at or campaign.last_seen_at,
        sources=case.sources,
        settings=tuple(sorted((str(name), str(value)) for name, value in settings.items())),
        numbers=ledger.numbers,
        observation=observation,
        inference=inference,
        attribution=AttributionPart((), Confidence("low", ()), (), ()),
        criteria=(),
        timeline=TimelinePart(
            (),
            Days(timeline.start_at, timeline.step_s, timeline.extraction, timeline.own, timeline.active_accounts),
            (),
        ),
        taken=TakenPart((), (), ()),
        counter=CounterPart((), (), ()),
        look_alikes=(),
        limits=(),
        would_change=(),
        appeal=(),
        history=(),
    )
