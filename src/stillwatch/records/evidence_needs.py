"""Which evidence each column of an exchange carries, in words: what a log without it cannot show."""

from collections.abc import Iterable, Mapping
from typing import Final

NEEDS: Final[Mapping[str, str]] = {
    "exchange_id": "everything: without a name a record cannot be counted once",
    "account_id": "everything: without an account nothing can be linked",
    "requested_at": "everything: without a time there is no traffic, only text",
    "model": "pivots of a whole pool to a new model",
    "platform": "failover between pathways, and relays told from direct customers",
    "conversation_id": "conversations told from stateless requests",
    "turn": "one-shot harvest told from talk and agents",
    "system_prompt": "shared templates in system prompts, and public applications told from private ones",
    "prompt": "template families, work lists dealt out over accounts, extraction cues and capability shares",
    "response": "what was taken: reasoning traces and rewrites in the answers",
    "tool_names": "agent traffic recognised by its tools",
    "n_choices": "several samples drawn for one prompt",
    "temperature": "sampling settings shared by a pool",
    "max_tokens": "request settings shared by a pool",
    "input_tokens": "usage against what a subscription costs",
    "output_tokens": "usage against what a subscription costs, and volume taken",
    "reasoning_tokens": "reasoning bought for its own sake",
    "cached_tokens": "prompts kept warm by one operator under many accounts",
    "status": "failover told from outages, and throttled accounts that are replaced",
    "refused": "probing of safeguards",
    "ip": "shared addresses, and one account from many",
    "user_agent": "one client behind many accounts",
    "tls_fingerprint": "one client behind many accounts, whatever it calls itself",
    "api_key_id": "stolen keys told from their owners",
    "end_user_id": "an aggregator's own users told apart",
    "thinking_signatures": "reasoning replayed in another account's session",
}


def switched_off(filled: Iterable[str]) -> dict[str, str]:
    """Return, for each column that is never filled, the evidence that is missing for it."""
    present = frozenset(filled)
    return {column: need for column, need in NEEDS.items() if column not in present}
