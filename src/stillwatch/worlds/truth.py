"""What is true of a world: each account's and each exchange's class and group, apart from the tables that are scanned.

An account has one row: its class is that of the group it was made for, although single exchanges may be its own organic
talk or belong to another group; the exchanges' truth says which.
"""

from typing import Final

import pyarrow as pa

from stillwatch.worlds.traffic import Rendered

TRUTH_ACCOUNTS: Final = pa.schema(
    [("account_id", pa.string()), ("class", pa.string()), ("group_id", pa.string()), ("role", pa.string())]
)
TRUTH_EXCHANGES: Final = pa.schema([("exchange_id", pa.string()), ("class", pa.string()), ("group_id", pa.string())])


def account_truth(rendered: Rendered) -> pa.Table:
    """Return the truth of one contribution's accounts."""
    specs = rendered.specs
    return pa.Table.from_pydict(
        {
            "account_id": [spec.account_id for spec in specs],
            "class": [spec.label for spec in specs],
            "group_id": [spec.group_id for spec in specs],
            "role": [spec.role for spec in specs],
        },
        schema=TRUTH_ACCOUNTS,
    )


def exchange_truth(rendered: Rendered) -> pa.Table:
    """Return the truth of one contribution's exchanges."""
    return pa.Table.from_pydict(
        {"exchange_id": rendered.exchanges["exchange_id"], "class": rendered.labels, "group_id": rendered.groups},
        schema=TRUTH_EXCHANGES,
    )
