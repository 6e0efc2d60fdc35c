"""A case as plain text for a terminal: counts, one line a group, the verdict."""

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.render.inert import sentence, short
from stillwatch.dossiers.render.numbers import certainty, compact, count, day, plural, probability, share
from stillwatch.dossiers.render.verdict import leading_title, verdict

LISTED_GROUPS = 30  # more would push the verdict off the screen


def render_summary(case: Case) -> str:
    """Return the case in a few lines, free of control characters whatever the input held."""
    return "\n".join([*_counts(case), "", *_groups(case), "", verdict(case), ""])


def _counts(case: Case) -> list[str]:
    funnel = case.funnel
    left_out = f"{count(funnel.quarantined)} quarantined + {count(funnel.out_of_scope)} out of scope"
    entities = plural(funnel.entities, "entity", "entities")
    accused = f"{plural(funnel.accusations, 'accusation')} of {plural(funnel.accused_accounts, 'account')}"
    stages = f"{count(funnel.candidate_groups)} candidates, {count(funnel.tested_groups)} tested"
    lines = [
        f"exchanges  {count(funnel.read)} read = {count(funnel.used)} used + {left_out}",
        f"accounts   {count(funnel.accounts)} in {entities}, {count(funnel.authorised_accounts)} authorised",
        f"groups     {stages}, {count(funnel.campaigns)} found, {accused} (false discovery rate {share(case.q_level)})",
    ]
    if case.first_seen_at is not None and case.last_seen_at is not None:
        lines.insert(0, f"traffic    {day(case.first_seen_at)} to {day(case.last_seen_at)} (UTC)")
    if case.lapsed:
        lines.append(f"lapsed     {plural(len(case.lapsed), 'account')} went on after an authorisation ran out")
    if case.missing:
        columns = ", ".join(
            short(column) for column in sorted({column for item in case.missing for column in item.missing})
        )
        lines.append(f"missing    {plural(len(case.missing), 'kind')} of evidence off for want of: {columns}")
    return lines


def _groups(case: Case) -> list[str]:
    if not case.campaigns:
        return ["no groups"]
    lines = [_group(campaign) for campaign in case.campaigns[:LISTED_GROUPS]]
    left = len(case.campaigns) - len(lines)
    return [*lines, f"  and {plural(left, 'more group')} in campaigns.json"] if left else lines


def _group(campaign: Campaign) -> str:
    mark = "!" if campaign.is_accusation else " "
    found = f"{certainty(campaign.p_leading):>5}  q {probability(campaign.q_value):<9}"
    size = f"{plural(campaign.n_accounts, 'account'):>14} {compact(campaign.exchanges):>9} exchanges"
    span = f"{day(campaign.first_seen_at)} to {day(campaign.last_seen_at)}"
    title = sentence(leading_title(campaign))  # last, for it is the longest
    return f"{mark} {short(campaign.id):<16} {found} {size}  {span:<26}  {title}"
