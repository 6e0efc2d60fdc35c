"""Record linkage on the accounts' attributes.

Source: Splink 5 (MIT); the model is that of Fellegi and Sunter 1969, A theory for record linkage.
"""

import contextlib
import importlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from stillwatch.links.components import connected_components
from stillwatch.worlds.rivals.pairs import sizes_as_scores
from stillwatch.worlds.rivals.rival import Scored, Traffic

OF_ACCOUNTS = ("payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint", "referrer_id",
    "email_domain", "organisation_id")  # fmt: skip
OF_TRAFFIC = ("ip", "tls_fingerprint", "user_agent")
BLOCKED_BY = (
    "payment_fingerprint",
    "device_fingerprint",
    "phone_fingerprint",
    "email_fingerprint",
    "referrer_id",
    "ip",
)
LEAST_SHARED = 2  # accounts of some value: a column without a shared value cannot be compared
WEIGHTS = (-10.0, -5.0, 0.0, 5.0, 10.0)  # match weights in bits at which pairs are linked; 0 is as likely as not
PRIOR = 1e-4  # of two accounts belonging together, before any attribute


@dataclass(frozen=True)
class RecordLinkage:
    """Splink over attributes, exact matches, clusters of linked pairs; score: cluster size."""

    name: str = "splink"
    source: str = "Splink 5 (MIT), the package"
    setting: str = (
        "payment, device, phone, email, referrer, organisation, most used address, TLS fingerprint and client, exact, "
        "with and without term frequencies; u by sampling, m by EM; linked at -10 to 10 bits; components; score: size"
    )
    modules: tuple[str, ...] = ("splink",)

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return an answer for each match weight, with and without term frequencies."""
        logging.getLogger("splink").setLevel(logging.ERROR)
        table, columns = _attributes(traffic)
        n = len(traffic.account_ids)
        answers = []
        for has_frequencies in (True, False):
            left = right = np.zeros(0, np.int64)
            weights = np.zeros(0)
            if columns:
                pairs = _linked(table, columns, has_frequencies=has_frequencies)
                left, right, weights = (
                    pairs[name].to_numpy() for name in ("unique_id_l", "unique_id_r", "match_weight")
                )
            for least in WEIGHTS:
                kept = weights >= least
                label = connected_components(n, left[kept], right[kept])
                name = f"{least:g} bits, {'with' if has_frequencies else 'without'} term frequencies"
                answers.append(Scored(name, *sizes_as_scores(label)))
        return answers


def _attributes(traffic: Traffic) -> tuple[pa.Table, list[str]]:
    """Return one row an account, and the columns in which some value is shared."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    names = pa.table({"account_id": list(traffic.account_ids), "unique_id": np.arange(len(traffic.account_ids))})
    connection.register("names", names)
    connection.register("facts", traffic.accounts)
    connection.register("rows", traffic.exchanges.select(["account_id", *OF_TRAFFIC]))
    commonest = ", ".join(f"mode({name}) AS {name}" for name in OF_TRAFFIC)
    columns = ", ".join((*OF_ACCOUNTS, *OF_TRAFFIC))
    table = connection.sql(
        f"WITH used AS (SELECT account_id, {commonest} FROM rows GROUP BY 1) "  # noqa: S608 - only names from above
        f"SELECT unique_id, {columns} FROM names LEFT JOIN facts USING (account_id) LEFT JOIN used USING (account_id) "
        "ORDER BY unique_id"
    ).to_arrow_table()
    connection.close()
    shared = [
        name
        for name in (*OF_ACCOUNTS, *OF_TRAFFIC)
        if any(row["counts"] >= LEAST_SHARED for row in table[name].drop_null().value_counts().to_pylist())
    ]
    return table.select(["unique_id", *shared]), shared


def _linked(table: pa.Table, columns: list[str], *, has_frequencies: bool) -> pa.Table:
    splink = importlib.import_module("splink")
    library = importlib.import_module("splink.comparison_library")
    backend = importlib.import_module("splink.backends.duckdb").DuckDBAPI()
    blocked = [name for name in BLOCKED_BY if name in columns]
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            library.ExactMatch(name).configure(term_frequency_adjustments=has_frequencies) for name in columns
        ],
        blocking_rules_to_generate_predictions=[splink.block_on(name) for name in blocked],
        probability_two_random_records_match=PRIOR,
    )
    linker: Any = splink.Linker(backend.register(table), settings, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for name in blocked[:3]:  # each run of EM leaves out the column it blocks on, so that three reach every column
        with contextlib.suppress(ValueError):  # refused where some column never agrees within the block
            linker.training.estimate_parameters_using_expectation_maximisation(splink.block_on(name))
    return linker.inference.predict(threshold_match_weight=min(WEIGHTS)).as_pyarrow_table()
