"""No value anywhere crashes a shipped map: each record has one outcome that the run's checks take or refuse."""

from typing import Any

import pytest
from gateway_records import load, records, spoiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.records.coercion import BadValueError, RowCheck
from stillwatch.records.outcome import Used
from stillwatch.records.readers.canonical import MISSING
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.shipped_maps import SHIPPED_MAPS

ACCOUNTS = {
    "portkey": "metadata._user",
    "cloudflare": "metadata.user",
    "cloudflare-logpush": "Metadata.user",
    "vertex": "principal_email",
    "openrouter-generation": "key",
    "envoy-ai-gateway": "account",
    "sglang": "account",
}


@pytest.mark.parametrize("name", sorted(SHIPPED_MAPS))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_anywhere_crashes_a_map(name: str, data: st.DataObject) -> None:
    """Whatever JSON stands where, there is one outcome a record, and its row is checked without another failure."""
    values: list[dict[str, Any]] = data.draw(spoiled(load(f"{name.replace('-', '_')}.jsonl")))
    reader = SHIPPED_MAPS[name]
    if name in ACCOUNTS:
        reader = reader.with_account(ACCOUNTS[name])
    session, check = reader.session(), RowCheck(EXCHANGES, MISSING)
    for record in records(values):
        (outcome,) = session.feed(record)
        if isinstance(outcome, Used):
            assert outcome.row.keys() <= reader.provides
            try:
                checked, _ = check.check(outcome.row)
            except BadValueError:
                continue
            assert checked["account_id"]
    assert 0 <= reader.recognises(values) <= 1
