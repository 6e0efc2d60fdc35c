"""A case as plain text for a terminal: counts, one line a group, the verdict."""

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.render.inert import sentence, short
from stillwatch.dossiers.render.numbers import compact, count, day, plural, probability, share
from stillwatch.dossiers.render.verdict import leading_title, verdict

LISTED_GROUPS = 30  # more would push the verdict off the screen


def render_summary(case: Case) -> str:
    """Return the case in a few lines, free of control characters whatever the input held."""
    return "\n".join([*_counts(case), "", *_groups(case), "", verdict(case), ""])


def _counts(case: Case) -> list[str]:
    funnel = case.funnel
    lines = [
        f"exchanges  {count(funnel.read)} read = {count(funnel.used)} used + {count(funnel.quarantined)} quarantined"
        f" + {count(funnel.out_of_scope)} out of scope",
        f"accounts   {count(funnel.accounts)} in {plural(funnel.entities, 'entity', 'entities')},"
        f" {count(funnel.authorised_accounts)} authorised",
        f"groups     {count(funnel.candidate_groups)} candidates, {count(funnel.tested_groups)} tested,"
        f" {count(funnel.campaigns)} found, {plural(funnel.accusations, 'accusation')}"
        f" of {plural(funnel.accused_accounts, 'account')} (false discovery rate {share(case.q_level)})",
    ]
    if case.first_seen_at is not None and case.last_seen_at is not None:
        lines.insert(0, f"traffic    {day(case.first_seen_at)} to {day(case.last_seen_at)} (UTC)")
    if case.lapsed:
        lines.append(f"lapsed     {plural(len(case.lapsed), 'account')} went on after an authorisation ran out")
    if case.missing:
        columns = sorted({column for item in case.missing for column in item.missing})
        lines.append(f"missing    {plural(len(case.missing), 'kind')} of evidence off for want of: {', '.join(map(short, columns))}")
    return lines


def _groups(case: Case) -> list[str]:
    if not case.campaigns:
        return ["no groups"]
    lines = [_group(campaign) for campaign in case.campaigns[:LISTED_GROUPS]]
    left = len(case.campaigns) - len(lines)
    return [*lines, f"  and {plural(left, 'more group')} in campaigns.json"] if left else lines


def _group(campaign: Campaign) -> str:
    mark = "!" if campaign.is_accusation else " "
    title = sentence(leading_title(campaign))[:40]
    return (
        f"{mark} {short(campaign.id):<16} {title:<32} {share(campaign.p_leading):>6}  q {probability(campaign.q_value):<9}"
        f" {plural(campaign.n_accounts, 'account'):>14} {compact(campaign.exchanges):>9} exchanges"
        f"  {day(campaign.first_seen_at)} to {day(campaign.last_seen_at)}"
    )
