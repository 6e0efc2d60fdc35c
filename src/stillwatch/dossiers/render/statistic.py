"""What the statistic of a test of coordination counts, in words: its number alone says nothing to a reader."""

from typing import Final

from stillwatch.dossiers.case import GroupTest

SHARED: Final = "bits of the rarest value that each member shares, summed"
TOGETHER: Final = "minus log2 of the hours that half of them fall within, so that higher is closer"
NONE_TOGETHER: Final = -64.0  # campaigns/coordination.py: fewer than three times are known
WORDS: Final = {
    "turn_taking": "the mean share of the members in each round of requests",
    "shared_silence": "depth of the deepest silence: twice the root of what was expected less that of what was said",
    "failover": "how far the root of the others' requests rose after bans, beyond the days around",
    "succession": "how small the daily changes of the number at work are: minus log2 of the sum of their squares",
    "passed_on": "hand-overs",
    "passed_on_elsewhere": "hand-overs among others",
    "passed_round": "accounts that hand-overs join into one group",
}


def statistic_words(test: GroupTest) -> str:
    """Return what a test's number counts; empty for a test that is not known here."""
    if test.name.endswith("_burst"):
        return "fewer than three of them, the lowest value" if test.statistic <= NONE_TOGETHER else TOGETHER
    return SHARED if test.name.startswith("shared_") and test.name != "shared_silence" else WORDS.get(test.name, "")
