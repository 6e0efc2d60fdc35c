"""Tests of pairs weighed from the case's tables: the same as the scan wrote."""

import pytest
from scanned_world import Scanned

from stillwatch.service.console.pairing import scale_of, weigh_pair
from stillwatch.service.console.source import CaseSource


def test_pairs_of_the_document_are_recovered(scanned: Scanned) -> None:
    """Every pair that the scan laid out gets the same comparisons, bits and words from the tables alone."""
    store = CaseSource(scanned.case).current()
    scale = scale_of(store)
    assert scale is not None
    entity_of = {
        row["account_id"]: row["entity_id"] for row in store.rows("SELECT account_id, entity_id FROM accounts")
    }
    pairs = [pair for campaign in store.case.campaigns for pair in campaign.pairs]
    assert pairs
    for pair in pairs:
        found = weigh_pair(store, entity_of[pair.account_a], entity_of[pair.account_b], scale)
        assert found is not None
        assert [(one.name, round(one.bits, 4), one.observation) for one in found] == [
            (one.name, one.bits, one.observation) for one in pair.comparisons
        ]
        assert scale.weights.prior_bits == pytest.approx(pair.prior_bits, abs=1e-4)


def test_an_entity_without_evidence_is_not_weighed(scanned: Scanned) -> None:
    """What the case does not know of an account is not made up."""
    store = CaseSource(scanned.case).current()
    scale = scale_of(store)
    assert scale is not None
    known = store.rows("SELECT entity_id FROM profiles LIMIT 1")[0]["entity_id"]
    assert weigh_pair(store, known, "e-unknown", scale) is None
