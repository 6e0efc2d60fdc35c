"""The frozen document of one scan: what ``campaigns.json`` holds and what every renderer reads.

A *campaign* here is a linked group with evidence. It accuses only where ``is_accusation`` is true: the leading
hypothesis is distillation, its false discovery rate is controlled, and no authorisation covers it.
Times are aware UTC; shares and probabilities lie in [0, 1]; bits are base-2 logarithms of likelihood ratios.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stillwatch.dossiers.decided import DeskStatus, Lifecycle
from stillwatch.dossiers.drawn import Graph, Timeline

SCHEMA_NAME: Final = "stillwatch.case/1"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One weighed observation.

    Args:
        name: stable identifier, as ``dealt_work_list``.
        title: a few words for people.
        channel: content, work_list, rhythm, identity, infrastructure, volume or registry; evidence of one channel is
            dependent and was counted once.
        bits: weight; positive speaks for, negative against.
        observation: the number that was seen, as a sentence without inference.
        because: why that number bears on the hypothesis.
        needs: the columns that it was computed from.
        expected: where the number lies in what was expected, as ``below the expected range (at least 15%)``; empty for
            the comparison of a pair, which is expected to agree.
        controls: the same on matched controls, as ``3% on average (0% to 8%)``; empty where none was compared.
    """

    name: str
    title: str
    channel: str
    bits: float
    observation: str
    because: str
    needs: tuple[str, ...]
    expected: str = ""
    controls: str = ""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation of the group: its posterior, the sum of its bits, and what speaks for and against it.

    ``posterior_low`` and ``posterior_high`` are the ends of its 95% credible interval over what m and u could be; see
    ``assessments/credible.py`` for what it does not cover. Null: the weights do not say on how many votes they rest.
    """

    name: str
    title: str
    posterior: float
    bits: float
    evidence: tuple[Evidence, ...]  # for and against, strongest first
    posterior_low: float | None = None
    posterior_high: float | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One published indicator, as an observation apart from inference.

    Args:
        name: stable identifier.
        title: the indicator in the words of its source.
        source: where it was published, as ``AA26-251A``.
        value: the number seen, or null where a column was missing.
        comparison: the same number in matched organic controls, or null.
        unit: as ``share of accounts`` or ``bits``.
        observation: a sentence.
        innocent_reading: what honest traffic shows the same.
        measured: what stands for the indicator here, as ``Accounts created in the busiest week of sign-ups``.
    """

    name: str
    title: str
    source: str
    value: float | None
    comparison: float | None
    unit: str
    observation: str
    innocent_reading: str
    measured: str = ""


@dataclass(frozen=True, slots=True)
class GroupTest:
    """One test of the group against a null.

    Args:
        name: stable identifier, as ``shared_identity``.
        null: what the null model is, in words.
        statistic: the value seen.
        null_mean: the mean of the statistic under the null.
        null_high: its 99th percentile under the null.
        p_value: in (0, 1].
        n_controls: controls or permutations behind it.
        is_selection: true where this channel also formed the group, so that its p-value is not counted.
        method: how the p-value was computed, as ``exact test`` or ``3 of 199 draws reach as much``.
    """

    name: str
    null: str
    statistic: float
    null_mean: float
    null_high: float
    p_value: float
    n_controls: int
    is_selection: bool
    method: str = ""


@dataclass(frozen=True, slots=True)
class TemplateFamily:
    """A family of exchanges: one phrase or skeleton. ``id`` comes from keyed hashes and says nothing of the text."""

    id: str
    kind: str  # phrase, system_prompt, work_list, tool_set
    n_accounts: int
    n_exchanges: int
    n_accounts_outside: int
    bits: float


@dataclass(frozen=True, slots=True)
class SharedValue:
    """One value of infrastructure that several accounts share, with how many share it inside and outside the group."""

    value: str
    n_accounts: int
    n_accounts_outside: int


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """One kind of infrastructure (ip, user_agent, tls_fingerprint, payment_fingerprint, ...) as the group uses it."""

    kind: str
    n_values: int
    n_accounts_sharing: int  # accounts that share at least one value with another member
    top: tuple[SharedValue, ...]  # at most ten


@dataclass(frozen=True, slots=True)
class PairLink:
    """Why two accounts are linked: a waterfall from the prior to the total, in bits."""

    account_a: str
    account_b: str
    prior_bits: float
    total_bits: float
    comparisons: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class CapabilityShare:
    """The share of the slice's exchanges that exercise a capability, and the same share in the traffic at large."""

    name: str
    share: float
    share_at_large: float


@dataclass(frozen=True, slots=True)
class MissingEvidence:
    """Evidence that could not be computed, and the columns whose absence switched it off."""

    name: str
    title: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One linked group with its evidence; a field with a default is in the document only where it differs from it."""

    id: str
    leading_hypothesis: str  # undetermined where distillation leads without enough to accuse
    is_accusation: bool
    p_leading: float
    p_value: float
    q_value: float
    accounts: tuple[str, ...]  # members, most probable first
    n_accounts: int
    n_entities: int  # after folding accounts that openly belong together
    exchanges: int  # exchanges of the slice
    attempts: int  # of the slice, failed ones included
    first_seen_at: datetime
    last_seen_at: datetime
    summary: str  # two sentences of observation
    hypotheses: tuple[Hypothesis, ...]  # by posterior
    indicators: tuple[Indicator, ...]
    tests: tuple[GroupTest, ...]
    evidence: tuple[Evidence, ...]  # what was weighed and speaks for the best hypothesis, strongest first
    evidence_against: tuple[Evidence, ...]  # what was weighed and speaks against it, strongest first; bits below 0
    counter_evidence: tuple[str, ...]  # sentences: what else speaks against the finding
    capability_shares: tuple[CapabilityShare, ...]
    template_families: tuple[TemplateFamily, ...]
    infrastructure: tuple[Infrastructure, ...]
    pairs: tuple[PairLink, ...]  # a few, the median one first
    timeline: Timeline
    graph: Graph
    missing: tuple[MissingEvidence, ...]
    desk: DeskStatus | None = None  # what analysts decided; null: nothing
    lifecycle: Lifecycle | None = None  # its story from day to day; null: a scan without a state
    withheld: tuple[str, ...] = ()  # why an undetermined group is not accused, a few words each


@dataclass(frozen=True, slots=True)
class Lapsed:
    """An account that went on after its authorisation ran out; reported apart from campaigns."""

    account_id: str
    reference: str
    valid_to: datetime
    exchanges_after: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts that add up: ``read == used + quarantined + out_of_scope``."""

    read: int
    used: int
    quarantined: int
    out_of_scope: int
    quarantined_by_reason: tuple[tuple[str, int], ...]
    out_of_scope_by_reason: tuple[tuple[str, int], ...]
    accounts: int
    entities: int
    authorised_accounts: int
    families: int
    candidate_groups: int
    tested_groups: int
    campaigns: int
    accusations: int
    accused_accounts: int


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that one scan found."""

    schema: str
    stillwatch_version: str
    weights: str  # the name of the released weights used
    key_id: str  # names the key without giving it away
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    q_level: float
    funnel: Funnel
    campaigns: tuple[Campaign, ...]  # accusations first, then by q-value
    lapsed: tuple[Lapsed, ...]
    missing: tuple[MissingEvidence, ...]  # for the run as a whole
