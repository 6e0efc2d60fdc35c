"""A case's tables beside a world's truth."""

import pyarrow as pa

from stillwatch.worlds.metrics.case import account_calibration, exchange_metrics
from stillwatch.worlds.metrics.truth import Truth

CLASSES = {"m": "distillation", "o": "organic", "r": "authorised_distillation"}
TRUTH = Truth(CLASSES, dict.fromkeys(CLASSES), frozenset({"r"}), dict.fromkeys(CLASSES, 2))


def test_an_account_without_a_row_has_probability_0():
    """The member is missing, so its whole weight is error; the registered one counts nowhere."""
    stated = pa.table({"account_id": ["o", "r"], "p_member": [0.0, 1.0]})
    assert account_calibration(TRUTH, stated) == 0.5


def test_exchanges_without_a_row_have_probability_0():
    """The member's extraction outranks its own talk; of four exchanges that count, one is 0.2 off."""
    owners = pa.table({"exchange_id": ["1", "2", "3", "4", "5"], "account_id": ["m", "m", "o", "o", "r"]})
    labels = pa.table(
        {
            "exchange_id": ["1", "2", "3", "4", "5"],
            "class": ["distillation", "organic", "organic", "organic", "authorised_distillation"],
        }
    )
    stated = pa.table({"exchange_id": ["1"], "p_extraction": [0.8]})
    found = exchange_metrics(TRUTH, stated, labels, owners)
    assert found["exchange_auc"] == 1
    assert (found["n_mixed"], found["n_mixed_found"]) == (1, 1)
    assert abs(found["exchange_calibration_error"] - 0.05) < 1e-12
