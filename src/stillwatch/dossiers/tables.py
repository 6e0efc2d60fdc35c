"""The tables that a scan leaves beside the case document.

``schemas/`` publishes the same as JSON Schema, one row a document.
"""

from typing import Final

import pyarrow as pa

ACCOUNTS: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),  # every account with traffic
        pa.field("campaign_id", pa.string()),  # of highest membership; null: in none
        pa.field("p_member", pa.float64(), nullable=False),  # of belonging to any distillation campaign
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
    ]
)

EXCHANGES: Final = pa.schema(
    [
        pa.field("exchange_id", pa.string(), nullable=False),  # every exchange of every member
        pa.field("campaign_id", pa.string()),  # null: the account's own traffic
        pa.field("p_extraction", pa.float64(), nullable=False),  # an absent row means 0
    ]
)

MEMBERSHIPS: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("p_member", pa.float64(), nullable=False),
    ]
)

QUARANTINE: Final = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),  # 1-based, or the record's number
        pa.field("reason", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),  # the record's length; its content is not kept
    ]
)

MEMBERS: Final = pa.schema(
    [
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),  # every account that the campaign lists
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("p_group", pa.float64(), nullable=False),  # of belonging to the linked group, whatever explains it
        pa.field("exchanges", pa.int64(), nullable=False),  # of the slice, failed ones included
        pa.field("other_exchanges", pa.int64(), nullable=False),  # the account's own traffic
        pa.field("families", pa.int64(), nullable=False),  # of the campaign's families, how many it used
        pa.field("shares", pa.list_(pa.string()), nullable=False),  # columns whose value another member has too
        pa.field("first_seen_at", pa.timestamp("us", "UTC"), nullable=False),  # of the slice
        pa.field("last_seen_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("created_at", pa.timestamp("us", "UTC")),
        pa.field("banned_at", pa.timestamp("us", "UTC")),
        pa.field("organisation_id", pa.string()),
        pa.field("is_verified", pa.bool_(), nullable=False),
        pa.field("plan_price_usd", pa.float64()),
    ]
)

SLICES: Final = pa.schema(
    [
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("exchange_id", pa.string(), nullable=False),  # of the campaign's slice, failed ones included
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("requested_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("p_slice", pa.float64(), nullable=False),  # that it belongs to the group's slice
        pa.field("model", pa.string()),
        pa.field("platform", pa.string()),
        pa.field("status", pa.int32()),
        pa.field("input_tokens", pa.int64()),  # cached ones included
        pa.field("cached_tokens", pa.int64()),
        pa.field("output_tokens", pa.int64()),  # reasoning included
        pa.field("reasoning_tokens", pa.int64()),
        pa.field("capability", pa.list_(pa.uint8())),  # probability of each capability, times 255; null: no prompt
    ]
)

OBSERVATIONS: Final = pa.schema(
    [
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("observation", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("value", pa.float64()),  # null: it could not be made
        pa.field("low", pa.float64()),  # of its 95% interval over accounts; null: none
        pa.field("high", pa.float64()),
        pa.field("method", pa.string(), nullable=False),  # how the interval was computed, or why there is none
        pa.field("comparison", pa.float64()),  # mean of matched controls
        pa.field("comparison_low", pa.float64()),  # least of them
        pa.field("comparison_high", pa.float64()),
        pa.field("n_controls", pa.int64(), nullable=False),
        pa.field("n_effective", pa.float64()),  # accounts, each counted once, that leave a share as uncertain
        pa.field("standard_error", pa.float64()),  # of the value, where it was not found by counting accounts
    ]
)

ORGANISATIONS: Final = pa.schema(
    [
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("organisation_id", pa.string(), nullable=False),  # named by a member, or by an account tied to one
        pa.field("n_members", pa.int64(), nullable=False),  # members that name it
        pa.field("n_verified", pa.int64(), nullable=False),  # of them, verified
        pa.field("n_tied", pa.int64(), nullable=False),  # members that share a rare value with its accounts outside
        pa.field("exchanges", pa.int64(), nullable=False),  # of the slice, by members that name it or are so tied
        pa.field("n_accounts", pa.int64(), nullable=False),  # accounts of the whole traffic that name it
    ]
)

PROFILES: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),  # every account of a reported group
        pa.field("entity_id", pa.string(), nullable=False),
        pa.field("is_authorised", pa.bool_(), nullable=False),  # the registry names it
        pa.field("created_at", pa.timestamp("us", "UTC")),
        pa.field("banned_at", pa.timestamp("us", "UTC")),
        pa.field("first_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("last_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("n_exchanges", pa.int64(), nullable=False),  # failed ones included
        pa.field("n_failed", pa.int64(), nullable=False),
        pa.field("n_active_days", pa.int64(), nullable=False),
        pa.field("hours", pa.list_(pa.int32()), nullable=False),  # exchanges by hour of the day, UTC; 24 numbers
    ]
)

ACTIVITY: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),  # every account of a reported group
        pa.field("day", pa.date32(), nullable=False),  # UTC
        pa.field("campaign_id", pa.string()),  # null: the account's own traffic
        pa.field("n_exchanges", pa.int64(), nullable=False),
    ]
)

VALUES: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),  # every account of a reported group
        pa.field("kind", pa.string(), nullable=False),  # the column
        pa.field("value", pa.string(), nullable=False),
        pa.field("n_exchanges", pa.int64()),  # null: the account has it, not its exchanges
        pa.field("n_entities", pa.int64(), nullable=False),  # that have it in the whole traffic
    ]
)

FAMILIES: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),  # every account of a reported group
        pa.field("family_id", pa.string(), nullable=False),  # opaque, as in the document
        pa.field("campaign_id", pa.string()),  # the group that the family defines, or null
        pa.field("n_exchanges", pa.int64(), nullable=False),
        pa.field("n_entities", pa.int64(), nullable=False),  # that use it in the whole traffic
    ]
)

COMPARISONS: Final = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("because", pa.string(), nullable=False),
        pa.field("needs", pa.list_(pa.string()), nullable=False),
        pa.field("m", pa.float64(), nullable=False),  # how often linked pairs agree
        pa.field("u", pa.float64()),  # how often strangers do; a shared value counts by its rarity; null: not compared
        pa.field("m_alone", pa.float64(), nullable=False),  # m where no earlier one of the channel agrees
        pa.field("u_alone", pa.float64()),  # likewise u
        pa.field("m_further", pa.float64(), nullable=False),  # m where another one of the channel agrees
        pa.field("u_further", pa.float64(), nullable=False),  # likewise u
        pa.field("n_linked", pa.float64(), nullable=False),  # linked pairs, by probability, that m was estimated on
        pa.field("source", pa.string(), nullable=False),  # of m, in words
        pa.field("n_entities", pa.int64(), nullable=False),  # of the population that m and u were estimated on
    ]
)

TABLES: Final = {
    "accounts": ACCOUNTS,
    "exchanges": EXCHANGES,
    "memberships": MEMBERSHIPS,
    "quarantine": QUARANTINE,
    "members": MEMBERS,
    "slices": SLICES,
    "observations": OBSERVATIONS,
    "organisations": ORGANISATIONS,
    "profiles": PROFILES,
    "activity": ACTIVITY,
    "values": VALUES,
    "families": FAMILIES,
    "comparisons": COMPARISONS,
}
