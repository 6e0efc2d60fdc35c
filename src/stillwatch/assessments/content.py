"""Observations of content: what a group's requests exercise, how alike they are, and what comes back.

All are shares or similarities in [0, 1] unless said otherwise. None looks at language or country.
"""

from typing import Final

import numpy as np

from stillwatch.assessments.cohesion import topic_cohesion
from stillwatch.assessments.parts import Parts
from stillwatch.assessments.sample import Sample
from stillwatch.links.population import FloatArray
from stillwatch.links.rows import distinct_pairs, run_starts
from stillwatch.sketches.schema import CAPABILITIES, CUES
from stillwatch.sketches.shape import Shape

CLEAR_CUE_BITS: Final = 3.0  # eight to one: a phrase that honest texts of the same kind rarely hold
THINKING: Final = Shape.THINKING_TAGS | Shape.RESPONSE_THINKING_TAGS | Shape.SYSTEM_THINKING_TAGS
SHORT_OUTPUT_TOKENS: Final = 24.0  # a label, a score or a yes, with little beside it


def cue_share(sample: Sample, cue: str) -> float | None:
    """Return the share of exchanges that carry a clear cue of one kind."""
    if not sample.has("prompt") or not len(sample.rows):
        return None
    return float(np.mean(sample.population.exchanges.cue_bits[sample.rows, CUES.index(cue)] >= CLEAR_CUE_BITS))


def reasoning_asked_share(sample: Sample) -> float | None:
    """Return the share of exchanges that ask for reasons or steps in any words, or have them in tags.

    Ordinary in a lesson; telling where nearly every request of a group does.
    """
    if not sample.has("prompt") or not len(sample.rows):
        return None
    exchanges = sample.population.exchanges
    cues = [CUES.index("step_by_step"), CUES.index("reasoning_trace")]
    is_asked = (exchanges.cue_bits[sample.rows][:, cues] > 0).any(axis=1)
    return float(np.mean(is_asked | (exchanges.shape[sample.rows] & int(THINKING) != 0)))


def thinking_tag_share(sample: Sample) -> float | None:
    """Return the share of exchanges whose prompt asks for, or whose answer comes in, tags of thinking as plain text."""
    if not sample.has("prompt") or not len(sample.rows):
        return None
    return float(np.mean(sample.population.exchanges.shape[sample.rows] & int(THINKING) != 0))


def capabilities_by_account(sample: Sample) -> Parts | None:
    """Return the sums of the probabilities of each capability, times 255, by account."""
    if not sample.has("prompt") or not len(sample.rows):
        return None
    first = run_starts(sample.account_of_row)
    capability = sample.population.exchanges.capability[sample.rows]
    return Parts(sample.account_of_row[first].astype(np.int64), (np.add.reduceat(capability, first, dtype=np.int64),))


def shares_of(capabilities: Parts) -> FloatArray:
    """Return, (len(CAPABILITIES),), the mean probability of each capability over some accounts' exchanges."""
    total = capabilities.columns[0].sum(axis=0)
    return np.asarray(total / max(float(total.sum()), 1.0), np.float64)


def capability_shares(sample: Sample) -> FloatArray | None:
    """Return, (len(CAPABILITIES),), the mean probability of each capability."""
    capabilities = capabilities_by_account(sample)
    return None if capabilities is None else shares_of(capabilities)


def focus_of(capabilities: Parts) -> float:
    """Return the share of the two most exercised capabilities, of some accounts."""
    return float(np.sort(shares_of(capabilities))[-2:].sum())


def capability_focus(sample: Sample) -> float | None:
    """Return the share of the two most exercised capabilities."""
    capabilities = capabilities_by_account(sample)
    return None if capabilities is None else focus_of(capabilities)


def trainable_of(capabilities: Parts) -> float:
    """Return the share of what a rival would train on, of some accounts."""
    shares = shares_of(capabilities)
    wanted = ("code", "maths", "science", "agentic", "data_analysis", "grading", "task_writing")
    return float(sum(shares[CAPABILITIES.index(name)] for name in wanted))


def trainable_share(sample: Sample) -> float | None:
    """Return the share of what a rival would train on: code, maths, science, agents, data, grading, task writing."""
    capabilities = capabilities_by_account(sample)
    return None if capabilities is None else trainable_of(capabilities)


def topics(sample: Sample) -> Parts | None:
    """Return the topics of what is in question, by account."""
    return sample.topics


def rest_topics(sample: Sample) -> Parts | None:
    """Return the topics of what the accounts sent beside it, by account."""
    return sample.rest.topics


def own_of(sums: Parts) -> float | None:
    """Return how much more alike an account's requests are to each other than to others', of some accounts."""
    cohesion = topic_cohesion(sums)
    return None if cohesion is None else max(cohesion[0] - cohesion[1], 0.0)


def shared_of(sums: Parts) -> float | None:
    """Return how alike the requests of different accounts are, of some accounts."""
    cohesion = topic_cohesion(sums)
    return None if cohesion is None else max(cohesion[1], 0.0)


def own_subjects(sample: Sample) -> float | None:
    """Return how much more alike an account's requests are to each other than to other members'."""
    return None if sample.topics is None else own_of(sample.topics)


def rest_subjects(sample: Sample) -> float | None:
    """Return the same as ``own_subjects`` for what the accounts sent beside the slice.

    Members of a campaign live their own cover lives; accounts of a relay carry whoever comes, in all that they send.
    """
    return own_subjects(sample.rest)


def shared_subject(sample: Sample) -> float | None:
    """Return how alike the requests of different members are."""
    return None if sample.topics is None else shared_of(sample.topics)


def replica_share(sample: Sample) -> float | None:
    """Return the share of openings whose exact text another member account sent as well."""
    if not sample.has("prompt") or not len(sample.openings):
        return None
    exchanges = sample.population.exchanges
    n_known = int(np.count_nonzero(exchanges.hashes["prompt_hash"][sample.openings]))
    repeated = sample.openings[sample.population.has_repeated_prompt[sample.openings]]
    _, item = np.unique(exchanges.hashes["prompt_hash"][repeated], return_inverse=True)
    holders = np.bincount(distinct_pairs(item, exchanges.account[repeated])[0], minlength=1)
    return int(np.count_nonzero(holders[item] >= 2)) / n_known if n_known else None


def one_system_prompt(sample: Sample) -> float | None:
    """Return the share of exchanges with the group's commonest system prompt, none counting as no prompt at all."""
    if not sample.has("system_prompt") or not len(sample.rows):
        return None
    hashes = sample.population.exchanges.hashes["system_hash"][sample.rows]
    known = hashes[hashes != 0]
    return float(np.unique(known, return_counts=True)[1].max() / len(hashes)) if len(known) else 0.0


def short_output_share(sample: Sample) -> float | None:
    """Return the share of answered exchanges with at most a label's worth of output."""
    if not sample.has("output_tokens"):
        return None
    tokens = sample.number("output_tokens")
    tokens = tokens[tokens > 0]
    return float(np.mean(tokens <= SHORT_OUTPUT_TOKENS)) if len(tokens) else None


def median_output_tokens(sample: Sample) -> float | None:
    """Return the median of output tokens of answered exchanges."""
    if not sample.has("output_tokens"):
        return None
    tokens = sample.number("output_tokens")
    tokens = tokens[tokens > 0]
    return float(np.median(tokens)) if len(tokens) else None


def tool_share(sample: Sample) -> float | None:
    """Return the share of exchanges that offer tools."""
    if not sample.has("tool_names"):
        return None
    return float(np.mean(np.nan_to_num(sample.number("n_tools")) > 0)) if len(sample.rows) else None


def later_turn_share(sample: Sample) -> float | None:
    """Return the share of exchanges that go on a conversation."""
    if not sample.has("turn"):
        return None
    return float(np.mean(np.nan_to_num(sample.number("turn")) > 0)) if len(sample.rows) else None


def mixed_talk(sample: Sample) -> float | None:
    """Return how far some openings are gone on with and others stand alone: 0 for all or none, 1 for half of them.

    A programme has one kind of unit: it always goes on, or never. People go on when they like, and so do the customers
    of a relay, whichever tool they use.
    """
    conversation = sample.population.exchanges.keys["conversation_id"]
    if not sample.has("turn", "conversation_id") or not len(sample.openings):
        return None
    code = conversation.code[sample.openings]
    sizes = sample.population.conversation_sizes
    share = float(np.mean((code >= 0) & (sizes[code] >= 2)))
    return 2.0 * min(share, 1.0 - share)


def end_user_share(sample: Sample) -> float | None:
    """Return the share of exchanges that disclose an end user."""
    if not sample.has("end_user_id") or not len(sample.rows):
        return None
    return float(np.mean(sample.population.exchanges.keys["end_user_id"].code[sample.rows] >= 0))


def slice_share(sample: Sample) -> float | None:
    """Return the share of the members' traffic that is in the slice."""
    return len(sample.rows) / len(sample.all_rows) if len(sample.all_rows) else None


def widest_family(sample: Sample) -> float | None:
    """Return the share of accounts that use the group's most widespread family of exchanges; 0 where it has none."""
    if not sample.has("prompt"):
        return None
    if not len(sample.family_of_match):
        return 0.0
    family, _, _ = distinct_pairs(sample.family_of_match, sample.account_of_match)
    return float(np.bincount(family).max() / len(sample.accounts))


def favourites(sample: Sample) -> float | None:
    """Return how far accounts keep to favourites among the group's families: 1 as if dealt at random, more for habits.

    It is the chi-square of the table of accounts by families over its degrees of freedom: independent dealing from one
    deck gives 1 in expectation whatever the volumes; people who each have their own habits give more. Null where the
    group has fewer than three families, or too few matches a cell to tell.

    Source: Pearson's index of dispersion; ours as a test of dealing: docs/decisions/0007-rival-hypotheses.md.
    """
    if not sample.has("prompt") or not len(sample.family_of_match):
        return None
    _, family = np.unique(sample.family_of_match, return_inverse=True)
    _, account = np.unique(sample.account_of_match, return_inverse=True)
    shape = (int(account.max()) + 1, int(family.max()) + 1)
    cells = np.bincount(account * shape[1] + family, minlength=shape[0] * shape[1])
    table = cells.reshape(shape).astype(np.float64)
    if table.shape[0] < 5 or table.shape[1] < 3 or table.sum() < 3 * table.shape[0]:
        return None
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    return float(((table - expected) ** 2 / expected).sum() / ((table.shape[0] - 1) * (table.shape[1] - 1)))


def one_tool_set(sample: Sample) -> float | None:
    """Return the share of exchanges with the group's commonest set of tools, none at all not counting as a set."""
    if not sample.has("tool_names") or not len(sample.rows):
        return None
    hashes = sample.population.exchanges.hashes["tools_hash"][sample.rows]
    known = hashes[hashes != 0]
    return float(np.unique(known, return_counts=True)[1].max() / len(hashes)) if len(known) else 0.0
