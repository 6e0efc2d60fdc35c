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

TABLES: Final = {"accounts": ACCOUNTS, "exchanges": EXCHANGES, "memberships": MEMBERSHIPS, "quarantine": QUARANTINE}
