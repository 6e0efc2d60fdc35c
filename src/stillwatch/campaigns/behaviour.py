"""What the members of a group do, as numbers: what they send for it, with what, and when.

Nothing here is a tie, or decides whether there can be one: cards, devices, phones, e-mail addresses, referrers and
network addresses, plans and kinds of payment are left out, since what members do is compared with who is tied.
Country, language and geography are not among it either, nor lengths in bytes and tokens, which a script decides, nor
which hours of the day, which a time zone does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.group import Group
from stillwatch.links.entity import Entities
from stillwatch.links.population import MISSING_TIME, FloatArray, IntArray, Population
from stillwatch.links.rows import accounts_of_entities

MOST_VALUES: Final = 10  # of a column: the commonest ones
HOUR_US: Final = 3_600_000_000
HOURS: Final = 24

SIZES: Final = {"turn": "turns of conversations", "n_tools": "number of tools"}
LABELS: Final = {"system_hash": "system prompt", "tools_hash": "set of tools"}
CLIENTS: Final = {
    "model": "model",
    "user_agent": "client",
    "platform": "platform",
    "tls_fingerprint": "TLS fingerprint",
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the members of a group do.

    Args:
        features: (g, f) one row a member.
        names: (f,) what each feature is of, in words; several may be of one thing.
        n_exchanges: (g,) exchanges of each member for the group.
    """

    features: FloatArray
    names: tuple[str, ...]
    n_exchanges: FloatArray


def behaviour_of(group: Group, population: Population, entities: Entities) -> Behaviour:
    """Return what the members of a group do in its slice. Cost: O(exchanges of the slice times features)."""
    exchanges, accounts, rows = population.exchanges, population.accounts, group.slice_rows
    members = group.entities
    who = np.searchsorted(members, entities.of_account[exchanges.account[rows]])
    n = np.bincount(who, minlength=len(members)).astype(np.float64)
    found: list[tuple[str, FloatArray]] = []

    def mean(values: npt.NDArray[np.generic]) -> FloatArray:
        total = np.bincount(who, weights=np.nan_to_num(values.astype(np.float64)), minlength=len(members))
        return np.asarray(total / np.maximum(n, 1.0), np.float64)

    def shares(name: str, values: npt.NDArray[np.generic]) -> None:
        distinct, count = np.unique(values, return_counts=True)
        found.extend(
            (name, mean(values == value)) for value in distinct[np.argsort(-count, kind="stable")[:MOST_VALUES]]
        )

    found += [(name, mean(np.log1p(exchanges.numbers[column][rows]))) for column, name in SIZES.items()]
    for column, name in LABELS.items():
        shares(name, exchanges.hashes[column][rows])
    for column, name in CLIENTS.items():
        shares(name, exchanges.keys[column].code[rows])
    for name, matrix in (
        ("subjects", exchanges.topic),
        ("capabilities", exchanges.capability),
        ("wording", exchanges.cue_bits),
    ):
        found += [(name, mean(matrix[rows, column])) for column in range(matrix.shape[1])]
    hour = exchanges.requested_us[rows] / HOUR_US % HOURS * (2 * np.pi / HOURS)
    found.append(("keeping to some hours", np.hypot(mean(np.sin(hour)), mean(np.cos(hour)))))  # whichever they are
    found.append(("time of use", mean(exchanges.requested_us[rows] - population.begun_us)))
    found.append(("share of own traffic", n / np.maximum(entities.n_exchanges[members], 1)))
    of_account = accounts_of_entities(entities, members)
    member = np.searchsorted(members, entities.of_account[of_account])
    found.append(("sign-up", _sign_up(accounts.created_us[of_account], member, len(members))))
    return Behaviour(np.column_stack([column for _, column in found]), tuple(name for name, _ in found), n)


def _sign_up(created_us: IntArray, member: IntArray, n_members: int) -> FloatArray:
    """Return the days from the first sign-up to each member's; the mean where it is not known."""
    known = created_us != MISSING_TIME
    if not np.any(known):
        return np.zeros(n_members)
    days = (created_us[known] - created_us[known].min()) / (HOURS * HOUR_US)
    result = np.full(n_members, float(days.mean()))
    result[member[known]] = days
    return result
