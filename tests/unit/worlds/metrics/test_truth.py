"""Who counts: registered accounts are known by themselves or by a verified organisation."""

import pyarrow as pa
import pytest

from stillwatch.errors import InputError
from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS
from stillwatch.worlds.metrics.truth import read_truth, registered_accounts, truth_of
from stillwatch.worlds.truth import TRUTH_ACCOUNTS


def rows(schema, *given):
    """A table of a schema, what is not given null."""
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in given], schema=schema)


def test_an_organisation_counts_only_where_it_was_verified():
    """An authorisation by organisation names its verified accounts; who only claims the name is not registered."""
    accounts = rows(
        ACCOUNTS,
        {"account_id": "a", "organisation_id": "o", "is_verified": True},
        {"account_id": "b", "organisation_id": "o", "is_verified": False},
        {"account_id": "c", "organisation_id": "o"},
        {"account_id": "d"},
    )
    registry = rows(AUTHORISATIONS, {"organisation_id": "o"}, {"account_id": "d"})
    assert registered_accounts(accounts, registry) == {"a", "d"}


def test_registered_accounts_count_nowhere():
    """They are neither among the counted nor among the members, and keep their class for naming groups."""
    labels = rows(
        TRUTH_ACCOUNTS,
        {"account_id": "a", "class": "distillation", "group_id": "distillation-x"},
        {"account_id": "b", "class": "organic"},
        {"account_id": "d", "class": "authorised_distillation", "group_id": "authorised"},
    )
    accounts = rows(ACCOUNTS, {"account_id": "a"}, {"account_id": "b"}, {"account_id": "d"})
    exchanges = pa.table({"account_id": ["a", "a", "b"]})
    truth = truth_of(labels, accounts, rows(AUTHORISATIONS, {"account_id": "d"}), exchanges)
    assert truth.counted() == ["a", "b"]
    assert truth.members() == ["a"]
    assert truth.class_of["d"] == "authorised_distillation"
    assert truth.n_requests == {"a": 2, "b": 1, "d": 0}


def test_a_world_without_truth_is_refused(tmp_path):
    """The refusal names the table that is missing."""
    with pytest.raises(InputError, match=r"truth_accounts\.parquet"):
        read_truth(tmp_path)
