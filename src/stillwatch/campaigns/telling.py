"""What the outcome of a test says to a reader: what was counted, what it was held against, and how p was computed.

Guarantee: a p-value below what its draws can give is called the fitted tail that it comes from, one without draws is
called exact, and one that was multiplied says by how many tests.

Source: ours: docs/decisions/0038-what-a-sentence-may-claim.md; the tail: campaigns/control.py.
"""

from typing import Final

from stillwatch.campaigns.control import LEAST_P
from stillwatch.campaigns.coordination import TestResult
from stillwatch.campaigns.dealing import LEAST_EXACT_P

ONE: Final = 1.0 - 1e-9  # a rank is a whole number of draws but for the last bits
SUBJECTS: Final = {
    "shared_payment": "shared payment methods",
    "shared_device": "shared devices",
    "shared_phone": "shared phone numbers",
    "shared_email": "shared e-mail addresses",
    "shared_referrer": "shared referrers",
    "shared_ip": "shared addresses",
    "sign_up_burst": "sign-ups close together",
    "first_request_burst": "first requests close together",
    "last_request_burst": "last requests close together",
    "ban_burst": "bans close together",
    "pivot_burst": "turns to a new model close together",
    "turn_taking": "members that take turns in rounds",
    "shared_silence": "silences in the same hours",
    "succession": "members that follow one another, so that the number at work stays even",
    "failover": "more sent by the other members after a ban",
}
ELSEWHERE: Final = "_elsewhere"
FLOORS: Final = {LEAST_P: "1\u00d710⁻⁹", LEAST_EXACT_P: "1\u00d710⁻¹²"}


def method_of(result: TestResult, drawn: str = "draws") -> str:
    """Return how the p-value of one test came about, as ``3 of 999 draws reach as much``; beside it stands the null."""
    n, p = result.n_controls, result.p_value
    if not n:
        return f"exact test{_end(p, LEAST_EXACT_P)}"
    if p * (n + 1) < ONE:
        return f"beyond all {n} {drawn}, by a fitted tail{_end(p, LEAST_P)}"
    n_as_high = round(p * (n + 1)) - 1
    if not n_as_high:
        return f"above all {n} {drawn}"
    return f"{n_as_high} of {n} {drawn} {'reaches' if n_as_high == 1 else 'reach'} as much"


def _end(p: float, least: float) -> str:
    return f" with a floor of {FLOORS[least]}" if p <= least else ""


def basis_of(results: tuple[TestResult, ...], kinds: tuple[str, ...]) -> str:
    """Return what the p-value of some kinds of evidence rests on: the decisive test; empty where none was counted."""
    counted = [result for result in results if not result.is_selection and result.kind in kinds]
    if not counted:
        return ""
    decisive = min(counted, key=lambda result: result.p_value)
    if len(counted) > 1 and decisive.p_value * len(counted) >= 1.0:
        return f"nothing beyond chance in {len(counted)} tests"
    corrected = f"; corrected for {len(counted)} tests" if len(counted) > 1 else ""
    return f"{subject_of(decisive)}; {method_of(decisive, decisive.drawn)}{corrected}"


def subject_of(result: TestResult) -> str:
    """Return what one test counted; of hand-overs how many there were, how many the other way round, and by chance."""
    name = result.name.removesuffix(ELSEWHERE)
    if name == "passed_on":
        return _handed_over(result)
    if name == "passed_round":
        return (
            f"{result.statistic:,.0f} accounts joined by hand-overs into one group, "
            f"{result.null_mean:,.3g} on average by as many random links"
        )
    subject = SUBJECTS.get(name, name.replace("_", " "))
    return subject if name == result.name else f"{subject} between the group and others who use its words"


def _handed_over(result: TestResult) -> str:
    n = round(result.statistic)
    n_mirrored = round(2 * result.null_mean) - n
    who = "one account that had no part in forming the group" if result.name.endswith(ELSEWHERE) else "one member"
    if not n:
        return "no hand-over that counts as the group's"
    return (
        f"{_times(n)} an item that failed for {who} was then answered for another within a day, {_times(n_mirrored)} "
        f"the other way round; {result.null_mean:,.10g} each expected by chance"
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
