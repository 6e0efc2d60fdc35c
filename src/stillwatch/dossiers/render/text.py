"""A case as plain text for a terminal: counts, one line a group, the verdict."""

from textwrap import wrap

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.render.inert import sentence, short
from stillwatch.dossiers.render.numbers import certainty, compact, count, day, plural, probability, share
from stillwatch.dossiers.render.verdict import leading_title, verdict, withheld_words

LISTED_GROUPS = 30  # more would push the verdict off the screen
ONE_LINE = 150  # columns that a group in one line takes
INDENT = " " * 11  # of what a counted line goes on with


def render_summary(case: Case, width: int | None = None) -> str:
    """Return the case in a few lines, free of control characters whatever the input held.

    Args:
        case: what a scan found.
        width: columns of the terminal; null for a pipe or a file, where nothing is wrapped and a group is one line.
    """
    groups = _groups(case, width if width is not None and width < ONE_LINE else None)
    counts, said = _counts(case), [verdict(case)]
    if width is not None:
        counts = [part for line in counts for part in wrap(line, width, subsequent_indent=INDENT)]
        said = wrap(said[0], width)
    return "\n".join([*counts, "", *groups, "", *said, ""])


def _counts(case: Case) -> list[str]:
    funnel = case.funnel
    left_out = f"{count(funnel.quarantined)} quarantined + {count(funnel.out_of_scope)} out of scope"
    entities = plural(funnel.entities, "entity", "entities")
    accused = f"{count(funnel.accusations)} accused ({plural(funnel.accused_accounts, 'account')})"
    rate = f"of the groups called coordinated, at most {share(case.q_level)} are expected by chance"
    stages = f"{count(funnel.candidate_groups)} candidates, {count(funnel.tested_groups)} tested"
    lines = [
        f"exchanges  {count(funnel.read)} read = {count(funnel.used)} used + {left_out}",
        f"accounts   {count(funnel.accounts)} in {entities}, {count(funnel.authorised_accounts)} authorised",
        f"groups     {stages}, {count(funnel.campaigns)} found, {accused}; {rate}",
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


def _groups(case: Case, width: int | None) -> list[str]:
    """Return a line a group, or a few lines of a narrow terminal's width."""
    if not case.campaigns:
        return ["no groups"]
    listed = case.campaigns[:LISTED_GROUPS]
    lines = [line for one in listed for line in (_one_line(one) if width is None else _few_lines(one, width))]
    left = len(case.campaigns) - LISTED_GROUPS
    return [*lines, f"  and {plural(left, 'more group')} in campaigns.json"] if left > 0 else lines


def _one_line(campaign: Campaign) -> list[str]:
    found = f"{certainty(campaign.p_leading):>5}  q {probability(campaign.q_value):<9}"
    size = f"{plural(campaign.n_accounts, 'account'):>14} {compact(campaign.exchanges):>9} exchanges"
    title = _titled(campaign)  # last, for it is the longest
    return [f"{_mark(campaign)} {short(campaign.id):<16} {found} {size}  {_span(campaign):<26}  {title}"]


def _few_lines(campaign: Campaign, width: int) -> list[str]:
    found = f"{certainty(campaign.p_leading):>5}  q {probability(campaign.q_value):<9}"
    size = f"{plural(campaign.n_accounts, 'account')}, {compact(campaign.exchanges)} exchanges, {_span(campaign)}"
    title = wrap(f"{_mark(campaign)} {short(campaign.id)}  {_titled(campaign)}", width, subsequent_indent="  ")
    return [*title, f"  {found} {size}"]


def _titled(campaign: Campaign) -> str:
    reason = withheld_words(campaign)
    return sentence(f"{leading_title(campaign)} ({reason})" if reason else leading_title(campaign))


def _mark(campaign: Campaign) -> str:
    return "!" if campaign.is_accusation else " "


def _span(campaign: Campaign) -> str:
    return f"{day(campaign.first_seen_at)} to {day(campaign.last_seen_at)}"
