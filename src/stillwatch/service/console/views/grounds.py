"""Why an account is in its group, and why it might not be: sentences, with bits where there are any.

The account is compared with the most probable other members, as any pair is; what stands here is the median over them.
"""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from stillwatch.dossiers.render.numbers import plural, share
from stillwatch.links.comparison import WeighedComparison, compare
from stillwatch.links.family import RECURRENT_USES
from stillwatch.service.console.pairing import evidence_of, scale_of
from stillwatch.service.console.store import CaseStore

N_COMPARED: Final = 12  # enough for a median, few enough for a page
COUNTED_BITS: Final = 0.25  # weaker than a fifth more or less is not worth a sentence
FELLOWS: Final = """
SELECT p.entity_id FROM memberships m JOIN profiles p USING (account_id)
WHERE m.campaign_id IN (SELECT unnest($1)) AND p.entity_id <> $2
GROUP BY p.entity_id ORDER BY max(m.p_member) DESC, min(m.account_id) LIMIT $3"""


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason.

    Args:
        title: a few words.
        observation: what was seen.
        because: why that bears on it, or nothing.
        bits: its weight, or null for what is not weighed.
    """

    title: str
    observation: str
    because: str
    bits: float | None


@dataclass(frozen=True, slots=True)
class Grounds:
    """Both sides, and with how many members the account was compared."""

    why: tuple[Ground, ...]
    why_not: tuple[Ground, ...]
    n_compared: int


def grounds_of(store: CaseStore, account: dict[str, Any], campaign_id: str | None) -> Grounds:
    """Return why an account is in a campaign, and why it might not be.

    Args:
        store: the case.
        account: its row of ``accounts``.
        campaign_id: the campaign in question; null for an account in none.
    """
    if campaign_id is None:
        reason = "Nothing ties it to others beyond what strangers share by chance."
        return Grounds((), (Ground("In no group", reason, "", None),), 0)
    why = [Ground(_capital(sentence), "", "", None) for sentence in account["reasons"]]
    weighed, n = _compared(store, account["entity_id"], campaign_id)
    why += [ground for ground in weighed if (ground.bits or 0.0) > COUNTED_BITS]
    why_not = [ground for ground in weighed if (ground.bits or 0.0) < -COUNTED_BITS]
    return Grounds(tuple(why), (*why_not, *_doubts(store, account, campaign_id)), n)


def _compared(store: CaseStore, entity_id: str, campaign_id: str) -> tuple[list[Ground], int]:
    """Return the median of each comparison with the most probable other members, the strongest first."""
    scale = scale_of(store)
    if scale is None:
        return [], 0
    fellows = [row["entity_id"] for row in store.rows(FELLOWS, [store.bases(campaign_id), entity_id, N_COMPARED])]
    found = evidence_of(store, [entity_id, *fellows])
    if entity_id not in found or not fellows:
        return [], 0
    by_name: dict[str, list[WeighedComparison]] = defaultdict(list)
    for fellow in fellows:
        for one in compare(found[entity_id], found[fellow], scale.weights):
            by_name[one.name].append(one)
    grounds = []
    for name, ones in by_name.items():
        n_for = sum(one.bits > 0 for one in ones)
        seen = f"with {n_for} of {plural(len(ones), 'member')}"
        grounds.append(Ground(scale.titles[name], seen, scale.because[name], round(median(o.bits for o in ones), 4)))
    grounds.sort(key=lambda ground: (-abs(ground.bits or 0.0), ground.title))
    return grounds, len(fellows)


def _doubts(store: CaseStore, account: dict[str, Any], campaign_id: str) -> list[Ground]:
    """Return what speaks against an account's membership besides comparisons."""
    campaign = store.campaign(campaign_id)
    doubts = []
    profile = store.profile(account["account_id"])
    if profile is not None and profile["is_authorised"]:
        doubts.append(
            Ground("Authorised", "The registry of authorisations names it.", "who may do this is not accused", None)
        )
    member = store.member(campaign_id, account["account_id"])
    if member is not None and member["other_exchanges"]:
        n, n_all = member["other_exchanges"], member["other_exchanges"] + member["exchanges"]
        seen = f"{plural(n, 'exchange')} of {n_all:,} ({share(n / n_all)}) are its own, unlike the group's."
        doubts.append(Ground("Does other things", seen, "accounts made for one purpose rarely do anything else", None))
    if member is not None and campaign.template_families:
        doubts += _doubts_of_wording(member)
    if member is not None and not member["shares"]:
        seen = "No address and no identity value of it is another member's."
        doubts.append(Ground("Shares no identity", seen, "clean accounts are what an honest stranger has too", None))
    if not campaign.is_accusation:
        seen = f"The group is reported as {campaign.leading_hypothesis.replace('_', ' ')}, not as distillation."
        doubts.append(Ground("The group is not accused", seen, "a group is not a verdict", None))
    against = [
        f"{row.title}: {row.observation} {_capital(row.expected)}."
        for row in campaign.evidence_against
        if row.bits < -COUNTED_BITS
    ]
    doubts += [Ground("Of the whole group", line, "", None) for line in (*against, *campaign.counter_evidence)[:2]]
    return doubts


def _doubts_of_wording(member: dict[str, Any]) -> list[Ground]:
    """Return what speaks against a member that says little or nothing of what its group says."""
    if member["families"] == 0:
        seen = "No exchange of it carries the group's wording."
        return [Ground("None of the group's wording", seen, "what ties it to the group is something else", None)]
    if member["families"] == 1 and member["exchanges"] < RECURRENT_USES:
        seen = f"It used one family of the group's wording, in {plural(member['exchanges'], 'exchange')}."
        return [Ground("Little of the group's wording", seen, "so few uses may be chance", None)]
    return []


def _capital(sentence: str) -> str:
    words = sentence.replace("_", " ")
    return words[:1].upper() + words[1:]
