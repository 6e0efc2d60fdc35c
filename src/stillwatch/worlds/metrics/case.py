"""A CASE folder beside the truth of the world that was scanned: every metric of one scan."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Case
from stillwatch.dossiers.document import from_json
from stillwatch.worlds.account import DISTILLATION
from stillwatch.worlds.metrics.agreement import campaign_agreement
from stillwatch.worlds.metrics.calibration import expected_calibration_error
from stillwatch.worlds.metrics.decision import Decision, account_metrics
from stillwatch.worlds.metrics.explanation import NamedGroup, naming_metrics
from stillwatch.worlds.metrics.ranking import area_inside_accounts
from stillwatch.worlds.metrics.truth import EXCHANGE_TRUTH, Truth, read_truth


def case_metrics(case_folder: Path, world: Path) -> dict[str, Any]:
    """Return every metric of a case, from the files of its folder and of the world's.

    Raises:
        InputError: the world's truth is not there.
    """
    truth = read_truth(world)
    case = from_json((case_folder / "campaigns.json").read_bytes())
    decision = case_decision(case, pq.read_table(case_folder / "memberships.parquet"))
    return {
        **account_metrics(truth, decision),
        "agreement": campaign_agreement(truth, decision),
        "account_calibration_error": account_calibration(truth, pq.read_table(case_folder / "accounts.parquet")),
        **exchange_metrics(
            truth,
            pq.read_table(case_folder / "exchanges.parquet"),
            pq.read_table(world / f"{EXCHANGE_TRUTH}.parquet"),
            pq.read_table(world / "exchanges.parquet", columns=["exchange_id", "account_id"]),
        ),
        **naming_metrics(truth, named_groups(case)),
        "n_groups_reported": len(case.campaigns),
        "n_groups_accused": sum(campaign.is_accusation for campaign in case.campaigns),
    }


def case_decision(case: Case, memberships: pa.Table) -> Decision:
    """Return whom a case accuses: the groups with ``is_accusation``, each account in the one of highest membership."""
    accusing = {campaign.id: campaign for campaign in case.campaigns if campaign.is_accusation}
    best: dict[str, tuple[float, str]] = {}
    columns = (memberships[name].to_pylist() for name in ("account_id", "campaign_id", "p_member"))
    for account_id, campaign_id, p_member in zip(*columns, strict=True):
        if campaign_id in accusing and (p_member, campaign_id) > best.get(account_id, (-1.0, "")):
            best[account_id] = (p_member, campaign_id)
    cluster_of = {account: campaign.id for campaign in accusing.values() for account in campaign.accounts}
    cluster_of |= {account: campaign_id for account, (_, campaign_id) in best.items() if account in cluster_of}
    return Decision(tuple(frozenset(campaign.accounts) for campaign in accusing.values()), cluster_of)


def named_groups(case: Case) -> Iterable[NamedGroup]:
    """Yield the groups that a case reports, under the names it reports them by."""
    for one in case.campaigns:
        posteriors = {hypothesis.name: hypothesis.posterior for hypothesis in one.hypotheses}
        yield NamedGroup(frozenset(one.accounts), one.leading_hypothesis, posteriors, one.is_accusation)


def account_calibration(truth: Truth, accounts: pa.Table) -> float | None:
    """Return the calibration error of ``p_member`` over all accounts but registered ones; an absent row means 0."""
    stated = dict(zip(accounts["account_id"].to_pylist(), accounts["p_member"].to_pylist(), strict=True))
    names = truth.counted()
    p = np.array([stated.get(name, 0.0) for name in names], np.float64)
    return expected_calibration_error(p, np.array([truth.is_member(name) for name in names], np.bool_))


def exchange_metrics(truth: Truth, stated: pa.Table, labels: pa.Table, owners: pa.Table) -> dict[str, Any]:
    """Return how well ``p_extraction`` is calibrated and how it ranks inside mixed accounts; an absent row means 0.

    Mixed accounts are members that have both extraction and other traffic.

    Args:
        truth: the world's accounts.
        stated: ``exchange_id`` and ``p_extraction`` of a case.
        labels: ``exchange_id`` and ``class`` of the world's exchanges.
        owners: ``exchange_id`` and ``account_id`` of the world's exchanges.
    """
    counted = owners.filter(pc.invert(pc.is_in(owners["account_id"], pa.array(sorted(truth.registered), pa.string()))))
    joined = counted.join(labels.select(["exchange_id", "class"]), "exchange_id").join(
        stated.select(["exchange_id", "p_extraction"]), "exchange_id"
    )
    p = joined["p_extraction"].combine_chunks().fill_null(0.0).to_numpy(zero_copy_only=False)
    is_extraction = np.asarray(pc.equal(joined["class"], DISTILLATION).to_numpy(), np.bool_)
    is_mine = np.asarray(pc.is_in(joined["account_id"], pa.array(truth.members(), pa.string())).to_numpy(), np.bool_)
    mine = joined["account_id"].combine_chunks().dictionary_encode()
    account = np.asarray(mine.indices.to_numpy(), np.int64)
    auc, n_mixed = area_inside_accounts(account[is_mine], p[is_mine], is_extraction[is_mine])
    scored = np.zeros(len(mine.dictionary), np.bool_)
    scored[account[p > 0]] = True
    is_found = is_mine & scored[account]
    auc_found, n_found = area_inside_accounts(account[is_found], p[is_found], is_extraction[is_found])
    return {
        "exchange_calibration_error": expected_calibration_error(p, is_extraction),
        "exchange_auc": auc,
        "n_mixed": n_mixed,
        "exchange_auc_found": auc_found,
        "n_mixed_found": n_found,
    }
