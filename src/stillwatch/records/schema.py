"""The tables that cross every boundary: one name, one type and one meaning a column.

Only the columns in ``REQUIRED`` must be there; each missing one switches off, and says so, exactly the evidence
that needs it.
"""

from typing import Final

import pyarrow as pa

UTC_MICROSECONDS: Final = pa.timestamp("us", tz="UTC")

EXCHANGES: Final = pa.schema(
    [
        ("exchange_id", pa.string()),
        ("account_id", pa.string()),
        ("requested_at", UTC_MICROSECONDS),
        ("model", pa.string()),
        ("platform", pa.string()),  # api, console, bedrock, vertex, azure, aggregator:NAME
        ("conversation_id", pa.string()),  # null: a stateless request
        ("turn", pa.int32()),  # starts at 0
        ("system_prompt", pa.string()),  # repeated in each turn
        ("prompt", pa.string()),  # what is new in this request, tool results included
        ("response", pa.string()),  # null for a failed request
        ("tool_names", pa.list_(pa.string())),  # empty: no tools; null: not known
        ("n_choices", pa.int32()),
        ("temperature", pa.float64()),
        ("max_tokens", pa.int64()),
        ("input_tokens", pa.int64()),  # includes cached_tokens
        ("output_tokens", pa.int64()),  # includes reasoning_tokens
        ("reasoning_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("status", pa.int32()),  # HTTP status
        ("refused", pa.bool_()),
        ("ip", pa.string()),
        ("user_agent", pa.string()),
        ("tls_fingerprint", pa.string()),  # JA4
        ("api_key_id", pa.string()),
        ("end_user_id", pa.string()),  # disclosed by an aggregator; caller-controlled, never an identity
        ("thinking_signatures", pa.list_(pa.string())),  # those sent back first, the one returned last
    ]
)

ACCOUNTS: Final = pa.schema(
    [
        ("account_id", pa.string()),
        ("created_at", UTC_MICROSECONDS),
        ("banned_at", UTC_MICROSECONDS),
        ("organisation_id", pa.string()),
        ("organisation_name", pa.string()),
        ("is_verified", pa.bool_()),  # the organisation was verified
        ("pathway", pa.string()),  # standard, enterprise, education, research, startup; open vocabulary
        ("plan", pa.string()),
        ("plan_price_usd", pa.float64()),
        ("email_domain", pa.string()),
        ("email_fingerprint", pa.string()),  # fingerprints are opaque: the raw value is never asked for
        ("payment_fingerprint", pa.string()),
        ("payment_kind", pa.string()),  # card, virtual_card, invoice, ...; open vocabulary
        ("phone_fingerprint", pa.string()),
        ("device_fingerprint", pa.string()),
        ("referrer_id", pa.string()),
        ("declared_country", pa.string()),  # screening and attribution only, never detection
    ]
)

AUTHORISATIONS: Final = pa.schema(
    [
        ("account_id", pa.string()),  # an account or an organisation, one of them a row
        ("organisation_id", pa.string()),
        ("scope", pa.string()),  # distillation, evaluation, safety_research, resale
        ("valid_from", UTC_MICROSECONDS),
        ("valid_to", UTC_MICROSECONDS),
        ("reference", pa.string()),
    ]
)

REQUIRED: Final = {
    "exchanges": ("exchange_id", "account_id", "requested_at"),
    "accounts": ("account_id",),
    "authorisations": (),
}

PLACE_COLUMNS: Final = (
    ("source_index", pa.int32()),  # which input file, in sorted order
    ("line", pa.int64()),  # 1-based line, or record number where the format has no lines
    ("record_bytes", pa.int64()),
)

PLACED_EXCHANGES: Final = pa.schema([*EXCHANGES, *(pa.field(name, kind) for name, kind in PLACE_COLUMNS)])
"""What readers hand on: an exchange and where it stood."""
