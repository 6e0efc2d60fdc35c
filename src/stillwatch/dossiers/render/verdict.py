"""What a case says in one sentence, and how hypotheses are named."""

from collections.abc import Mapping

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.render.inert import visible
from stillwatch.dossiers.render.numbers import count

NAMES: Mapping[str, str] = {
    "ip": "IP address",
    "tls_fingerprint": "TLS fingerprint",
    "api_key_id": "API key",
    "asn": "Network (ASN)",
    "maths": "Mathematics",
    "shared_ip": "Shared addresses",
    "shared_ip_elsewhere": "Addresses shared with content's groups",
    "shared_email": "Shared e-mail",
    "sign_up_burst": "Sign-ups together",
    "ban_burst": "Bans together",
    "first_request_burst": "First requests together",
    "last_request_burst": "Last requests together",
    "pivot_burst": "Turns to a new model together",
}  # identifiers whose words differ from their spelling


UNDETERMINED = "undetermined"


def verdict(case: Case) -> str:
    """Return the finding in plain words, without a claim about who is behind it."""
    accused = sum(campaign.is_accusation for campaign in case.campaigns)
    undetermined = sum(campaign.leading_hypothesis == UNDETERMINED for campaign in case.campaigns)
    by_chance = sum(
        campaign.q_value > case.q_level and kind(campaign) in ("authorised", "explained") for campaign in case.campaigns
    )
    explained = len(case.campaigns) - accused - undetermined - by_chance
    if not case.campaigns:
        return "No linked group of accounts was found. This shows that none was seen, not that there is none."
    looks = ("No group looks", "1 group looks")[accused] if accused < 2 else f"{count(accused)} groups look"
    sentence = f"{looks} like distillation"
    if explained:
        noun = " other" if accused else " group"
        noun += "s" if explained > 1 else ""
        sentence += f"; {count(explained)}{noun} {'is' if explained == 1 else 'are'} better explained otherwise"
    if undetermined:
        sentence += f"; {count(undetermined)} could not be told"
    if by_chance:
        sentence += f"; {count(by_chance)} {'is' if by_chance == 1 else 'are'} listed without sign of coordination"
    if not accused:
        return f"{sentence}."
    whom = "it" if accused == 1 and not explained + by_chance else "them"
    return f"{sentence}. Nothing is proven about who is behind {whom}."


def leading_title(campaign: Campaign) -> str:
    """Return the leading hypothesis in words; of an undetermined group, that distillation leads without enough."""
    if campaign.leading_hypothesis == UNDETERMINED:
        return "Undetermined: distillation leads, not enough to accuse"
    titles = {hypothesis.name: hypothesis.title for hypothesis in campaign.hypotheses}
    return titles.get(campaign.leading_hypothesis) or humanised(campaign.leading_hypothesis)


def withheld_words(campaign: Campaign) -> str:
    """Return why an undetermined group is not accused, as ``lacks a sign of purpose``; empty where nothing says it."""
    return "; ".join(campaign.withheld)


def best_title(campaign: Campaign) -> str:
    """Return in words the hypothesis of highest posterior, which the evidence is about, also where none is named."""
    return campaign.hypotheses[0].title if campaign.hypotheses else leading_title(campaign)


def kind(campaign: Campaign) -> str:
    """Return the class of a group for its mark: ``accused``, ``undetermined``, ``authorised`` or ``explained``."""
    if campaign.is_accusation:
        return "accused"
    if campaign.leading_hypothesis == UNDETERMINED:
        return UNDETERMINED
    return "authorised" if campaign.leading_hypothesis.startswith("authorised") else "explained"


def standing_words(campaign: Campaign, q_level: float) -> str:
    """Return how a group stands, in a few words above its title."""
    words = {"accused": "Accusation", UNDETERMINED: "Not accused", "authorised": "Authorised"}
    if kind(campaign) in words:
        reason = withheld_words(campaign)
        return f"{words[kind(campaign)]}: {reason}" if reason else words[kind(campaign)]
    better = "Better explained otherwise"
    return better if campaign.q_value <= q_level else f"{better}, no sign of coordination"


def humanised(name: str) -> str:
    """Return an identifier as words: ``work_list`` becomes ``Work list``."""
    if name in NAMES:
        return NAMES[name]
    words = visible(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]
