"""Tests of pairs weighed from the case's tables: the same as the scan wrote."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from example_case import PLANS, make_case
from planted_case import write_case_folder
from scanned_world import Scanned

from stillwatch.links.comparison import COMPARISONS, STATED
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


def test_a_case_of_before_rates_were_estimated_is_still_weighed(tmp_path: Path) -> None:
    """Where the table has m and u alone, shared values count by their rarity and m is as it stands there."""
    folder = write_case_folder(tmp_path / "case", make_case((PLANS[0],), n_listed=8))
    old = ["name", "title", "channel", "because", "needs", "m", "u", "n_entities"]
    table = pq.read_table(folder / "comparisons.parquet").select(old)
    pq.write_table(table, folder / "comparisons.parquet")
    scale = scale_of(CaseSource(folder).current())
    assert scale is not None
    assert scale.weights.of["payment_fingerprint"].m == COMPARISONS["payment_fingerprint"].m
    assert scale.weights.of["payment_fingerprint"].source == STATED
    assert weigh_pair(CaseSource(folder).current(), "e-0", "e-1", scale)
