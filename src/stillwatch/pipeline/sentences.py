"""What is told of a group in sentences: its summary, what speaks against it, and why it is not accused."""

from typing import Final

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import described
from stillwatch.assessments.sign import LEAST_LOW, lacking, lacks
from stillwatch.dossiers.case import Hypothesis
from stillwatch.dossiers.render.numbers import certainty, share
from stillwatch.pipeline.finding import UNDETERMINED, Finding
from stillwatch.pipeline.settings import Settings

WITHOUT_PHRASES: Final = {
    "identity": "in all, by accounts that hold rare values of identity or address in common",
    "hand_over": "like those that failed for one of them and were sent again by another",
}
"""What the exchanges of a group without families are, by what proposed it: content proposes none."""
SUMMED: Final = {
    "identity_reuse": "{} of the accounts share a card, device, phone or e-mail with another",
    "sign_up_burst": "{} were created in the busiest week of sign-ups",
    "requests_per_active_day": "{} exchanges an account on an active day",
}
"""Observations that the summary tells, each in a sentence around its number."""


def summary_of(finding: Finding, n_accounts: int, n_rows: int) -> str:
    """Return two sentences of observation."""
    share = finding.observations["slice_share"].value or 0.0
    of_what = "that carry its phrases" if len(finding.group.families) else WITHOUT_PHRASES[finding.group.channel]
    seen = "; ".join(
        words.format(described(KINDS[name], value).split(" ")[0])
        for name, words in SUMMED.items()
        if (value := finding.observations[name].value) is not None
    )
    return f"{n_accounts:,} accounts sent {n_rows:,} exchanges {of_what}, {share:.0%} of their traffic. Seen: {seen}."


def _title(observation: str) -> str:
    """Return the title of an observation as it stands within a sentence."""
    title = KINDS[observation].title
    return title[:1].lower() + title[1:]


def counter_evidence(finding: Finding, settings: Settings) -> tuple[str, ...]:
    """Return what speaks against a finding, or what its evidence does not show."""
    sentences = []
    if len(finding.hypotheses) > 1:
        rival = finding.hypotheses[1]
        sentences += [
            f"{rival.title} would explain as well: {item.expectation.because}. "
            f"Seen: {_title(item.expectation.observation)}, {item.observed}"
            for item in rival.evidence[:3]
            if item.bits > 0
        ]
    if len(finding.group.standby):
        sentences.append(
            f"{len(finding.group.standby)} of the members sent nothing of the group's slice: they were added after all "
            "tests, for values that hardly anybody but members has, and speak for nothing."
        )
    if len(finding.group.apart):
        sentences.append(
            f"{len(finding.group.apart)} further entities used the same words and were set apart before anything was "
            "weighed: hardly any of them is tied to a member, and they were told from the members by their "
            f"{' and '.join(finding.group.told_by)}. The tests are those of all together."
        )
    if finding.q_value > settings.q_level:
        sentences.append(
            f"No test of coordination that did not also form the group is significant (q = {finding.q_value:.2g})."
        )
    if finding.verdict == UNDETERMINED and not finding.is_dismissed:
        sentences.append(
            f"Distillation leads with {certainty(finding.leading.posterior)}; an accusation needs "
            f"{settings.p_leading:.0%}, {LEAST_LOW:.0%} at the lower end of its interval, and q of at most "
            f"{settings.q_level:g}."
        )
        sentences += lacking(finding.observations, finding.leading.posterior)
    sentences.append(
        "Who is behind the accounts was not examined: an account is not an organisation, and a group is not a verdict."
    )
    return tuple(sentences)


def withheld(finding: Finding, settings: Settings, best: Hypothesis) -> tuple[str, ...]:
    """Return, in a few words each, why a group that distillation leads is not accused; empty for any other."""
    if finding.verdict != UNDETERMINED:
        return ()
    if finding.is_dismissed:
        return ("dismissed by an analyst",)
    found = []
    if best.posterior < settings.p_leading:
        found.append(f"posterior of distillation below {share(settings.p_leading)}")
    elif best.posterior_low is not None and best.posterior_low < LEAST_LOW:
        found.append(f"lower end of its interval below {share(LEAST_LOW)}")
    if finding.q_value > settings.q_level:
        found.append(f"q above {settings.q_level:g}")
    return (*found, *lacks(finding.observations, finding.leading.posterior))
