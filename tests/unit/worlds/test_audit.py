"""The audit of single columns: planted tells are found, and the presets have none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.records.schema import ACCOUNTS, EXCHANGES
from stillwatch.worlds.audit import N_FOLDS, Audit, auc, out_of_fold_share
from stillwatch.worlds.generator import build_world
from stillwatch.worlds.presets import load_preset

BOUND = 0.80  # no single column may come near to separating the classes


def test_auc_agrees_with_counting_pairs() -> None:
    """The rank formula equals the share of ordered pairs, ties counted half."""
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 6, 60).astype(float), rng.random(60) < 0.4
    above = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    assert auc(scores, positive) == pytest.approx(max(np.mean(above), 1 - np.mean(above)))


def test_auc_needs_two_classes() -> None:
    """With one class alone there is nothing to rank."""
    assert auc(np.arange(3.0), np.ones(3, dtype=bool)) is None


def test_a_value_tells_only_through_others() -> None:
    """An account's own label never enters its own score: unique values say nothing."""
    positive = np.arange(200) % 2 == 0
    fold = np.arange(200) % N_FOLDS
    unique = out_of_fold_share(np.arange(200), np.arange(200), positive, fold)
    assert np.allclose(unique, 0.5)
    shared = out_of_fold_share(np.arange(200), positive.astype(np.int64), positive, fold)
    assert auc(shared, positive) == 1.0


def planted(column: str, honest: object, hostile: object) -> Audit:
    """Return the audit of a world in which one column tells the classes apart."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    labels = ["distillation" if i % 4 == 0 else "organic" for i in range(80)]
    accounts, exchanges = [], []
    for i, label in enumerate(labels):
        value = hostile if label == "distillation" else honest
        accounts.append({"account_id": f"a{i}", **({column: value} if column in ACCOUNTS.names else {})})
        for k in range(2):
            row = {
                "exchange_id": f"e{i}{k}",
                "account_id": f"a{i}",
                "requested_at": start + timedelta(hours=i * 7 % 31),
            }
            exchanges.append({**row, **({column: value} if column in EXCHANGES.names else {})})
    audit = Audit()
    for part in (slice(0, 40), slice(40, 80)):
        ids = {row["account_id"] for row in accounts[part]}
        rows = [row for row in exchanges if row["account_id"] in ids]
        tables = pa.Table.from_pylist(rows, EXCHANGES), pa.Table.from_pylist(accounts[part], ACCOUNTS)
        audit.add(*tables, labels[part])
    return audit


@pytest.mark.parametrize(
    ("column", "honest", "hostile", "line"),
    [
        ("temperature", 0.7, 0.1, "exchanges.temperature"),
        ("temperature", None, 0.1, "exchanges.temperature.presence"),
        ("prompt", "short", "a much longer text", "exchanges.prompt"),
        ("ip", "240.0.0.1", "240.0.0.2", "exchanges.ip"),
        ("tool_names", ["a"], ["a", "b"], "exchanges.tool_names"),
        ("payment_kind", "card", "virtual_card", "accounts.payment_kind"),
        ("phone_fingerprint", None, "p", "accounts.phone_fingerprint"),
        ("plan_price_usd", 20.0, 100.0, "accounts.plan_price_usd"),
    ],
)
def test_a_planted_tell_is_found(column: str, honest: object, hostile: object, line: str) -> None:
    """A column that separates the classes shows an AUC of one, and the other columns stay near a half."""
    result = planted(column, honest, hostile).result()
    assert result[line] == 1.0
    others = [value for name, value in result.items() if name.split(".")[1] != column and value is not None]
    assert max(others) < 0.75


@pytest.mark.parametrize(("preset", "seed"), [("demo", 1), ("hard", 2)])
def test_no_column_gives_the_campaigns_away(preset: str, seed: int) -> None:
    """In the presets no single column separates campaign accounts from all the others."""
    found = build_world(load_preset(preset), seed).summary["column_auc"]
    telling = {name: value for name, value in found.items() if value is not None and value > BOUND}
    assert telling == {}
    assert len(found) > 40
