"""Families to which people keep: those that most of their users come back to, one by one or several in rotation.

A phrase that people meet by chance has many users with one or two uses for each that comes back, and some with very
many; a programme has none such, or deals a few uses evenly.

Source: ours: docs/decisions/0010-hand-overs.md, docs/decisions/0021-thin-shares.md.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.stats import binom

from stillwatch.campaigns.family_overlap import JOIN_LEVEL
from stillwatch.campaigns.few_uses import MOST_TIMES, MOSTLY_USUAL
from stillwatch.campaigns.recurrence import excess_spread, is_recurrent, spread_beyond_chance
from stillwatch.links.components import connected_components
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, LEAST_KEPT_UP, RECURRENT_USES
from stillwatch.links.population import BoolArray, IntArray

LEAST_EVEN: Final = 0.4  # of a family's users come back, where all use it about as often: a few uses each are enough
MOST_SPREAD: Final = 0.5  # excess spread, squared: of chance families that people come back to, nine in ten have more
HABITS_SPREAD: Final = 1.0  # of what people do as they please; less, where nearly all come back, is dealt
DEALT_SPREAD: Final = 0.25  # of the usual users alone: of a language's, a half
LEAST_ALIKE: Final = 2 / 3  # of the entities of two families: beyond, they are one programme's
LEAST_CONTAINED: Final = 0.8  # of a family's users, to belong to a group of others
KEPT_UP_TOGETHER: Final = 0.8  # of all users come back to a set of families: of a language's speakers, two thirds do
LEAST_ROTATION: Final = 2  # families in rotation, and of them those of a typical user
MOSTLY_KEPT_UP, CHANCE_KEPT_UP = 0.5, 1 / 3  # half of many users suffices where clearly more than a third come back


class KeptUp(NamedTuple):
    """Groups of families (columns of a table of use) to which their users keep.

    Args:
        groups: the families of each group, rising; one may be in several.
        is_taken: (n,) which families are in any.
        is_even: (n,) which of these only because few uses are dealt evenly.
    """

    groups: list[IntArray]
    is_taken: BoolArray
    is_even: BoolArray


def kept_up_groups(used: csc_array, entities: Entities) -> KeptUp:
    """Return the groups of families to which their users keep; ``used`` is, (n_entities, n), who used which how often.

    Families kept up by the same entities are one group. A further family belongs to it where most of its users do,
    beyond the chance of their share of all use; it may belong to several.
    """
    column = np.repeat(np.arange(used.shape[1]), np.diff(used.indptr))
    recurs = is_recurrent(used.data, entities.n_exchanges[used.indices])
    is_kept_up, is_even = _kept_up(used, np.bincount(column[recurs], minlength=used.shape[1]))
    strong = np.flatnonzero(is_kept_up)
    if not len(strong):
        return KeptUp([], is_kept_up, is_even)
    held = csr_array((recurs.astype(np.int64), used.indices, used.indptr), shape=used.shape[::-1]).T.tocsc()[:, strong]
    held.eliminate_zeros()
    label = _alike_sets(held)
    n_groups = int(label.max()) + 1
    nuclei = np.split(strong[np.argsort(label, kind="stable")], np.cumsum(np.bincount(label))[:-1])
    in_group = csr_array(
        (np.ones(len(strong), np.int32), (np.arange(len(strong)), label)), shape=(len(strong), n_groups)
    )
    inside = (held.sign() @ in_group).sign().astype(np.int32)
    family, group = _attached(used, inside, is_kept_up)
    is_taken = is_kept_up.copy()
    is_taken[family] = True
    order = np.argsort(group, kind="stable")
    parts = np.split(family[order], np.searchsorted(group[order], np.arange(1, n_groups)))
    groups = [np.union1d(nucleus, part) for nucleus, part in zip(nuclei, parts, strict=True)]
    return KeptUp(groups, is_taken, is_even)


def _kept_up(used: csc_array, n_recurrent: IntArray) -> tuple[BoolArray, BoolArray]:
    """Return which families are kept up by themselves, (n,), and which of them only because their use is even.

    Args:
        used: who used which family how often.
        n_recurrent: (n,) users of each who come back to it.
    """
    n_users = np.diff(used.indptr)
    is_kept_up = n_recurrent >= LEAST_KEPT_UP * n_users
    is_many = binom.sf(n_recurrent - 1, n_users, CHANCE_KEPT_UP) <= JOIN_LEVEL / max(used.shape[1], 1)
    is_kept_up |= (n_recurrent >= MOSTLY_KEPT_UP * n_users) & is_many
    is_even = ~is_kept_up & (n_recurrent >= LEAST_EVEN * n_users) & (excess_spread(used) <= MOST_SPREAD)
    is_even &= n_recurrent >= LEAST_ENTITIES
    return (is_kept_up & (n_recurrent >= LEAST_ENTITIES)) | is_even, is_even


def _attached(used: csc_array, inside: csr_array, is_kept_up: BoolArray) -> tuple[IntArray, IntArray]:
    """Return further families most of whose users keep to a group, beyond chance: pairs of family and group.

    Args:
        used: who used which family how often.
        inside: (n_entities, n_groups) who keeps to any family of a group.
        is_kept_up: (n,) families that are in a group by themselves.
    """
    n_users = np.diff(used.indptr)
    binary = csc_array((np.ones(len(used.indices), np.int32), used.indices, used.indptr), shape=used.shape)
    found = (binary.T.tocsr() @ inside).tocoo()  # how many of each family's users are inside each group
    n_inside = np.bincount(found.col, weights=found.data, minlength=inside.shape[1])
    contained = (found.data >= LEAST_CONTAINED * n_users[found.row]) & ~is_kept_up[found.row]
    family, group, n_theirs = found.row[contained].astype(np.int64), found.col[contained], found.data[contained]
    by_chance = binom.sf(n_theirs - 1, n_users[family], n_inside[group] / max(len(used.indices), 1))
    attached = by_chance <= JOIN_LEVEL / max(used.shape[1], 1)
    return family[attached], group[attached]


def _alike_sets(held: csc_array) -> IntArray:
    """Return the group of each column: columns are joined where their entities are the same by two thirds (Jaccard)."""
    size = np.diff(held.indptr)
    overlap = (held.T @ held).tocoo()
    jaccard = overlap.data / np.maximum(size[overlap.row] + size[overlap.col] - overlap.data, 1)
    is_alike = (overlap.row < overlap.col) & (jaccard >= LEAST_ALIKE)
    return connected_components(held.shape[1], overlap.row[is_alike], overlap.col[is_alike])


def is_kept_up_together(used: csc_array, group: IntArray) -> bool:
    """Return whether nearly all who use any of several families come back to them, though not to one of them.

    So do the accounts of one list whose templates are in rotation: each has one or two uses of each template, and some
    of most. Who merely speaks alike has a family or two of many, and for each that comes back there is one that does
    not; speakers of one language do come back, but as they please: their counts spread. Some heavy users of another
    kind, who have the same templates from the same source, do not hide the even deal of the others.
    """
    if len(group) < LEAST_ROTATION:
        return False
    part = used[:, group]
    place = np.unique(part.indices, return_inverse=True)[1]
    count = np.bincount(place, weights=part.data).astype(np.float64)
    n_families = np.bincount(place)
    recurs = count >= RECURRENT_USES
    n_recurrent = int(np.count_nonzero(recurs))
    spread = spread_beyond_chance(count)
    chance = float(binom.sf(n_recurrent - 1, len(count), CHANCE_KEPT_UP))
    is_mostly = n_recurrent >= MOSTLY_KEPT_UP * len(count) and chance <= JOIN_LEVEL / used.shape[1]
    usual = count[count <= MOST_TIMES * np.median(count[recurs])] if n_recurrent else count[:0]
    is_dealt = len(usual) >= MOSTLY_USUAL * len(count) and spread_beyond_chance(usual) <= DEALT_SPREAD
    is_kept_up = n_recurrent >= KEPT_UP_TOGETHER * len(count) and (spread < HABITS_SPREAD or is_dealt)
    is_kept_up |= is_mostly and spread <= MOST_SPREAD
    is_rotation = float(np.median(n_families[recurs])) >= LEAST_ROTATION if n_recurrent else False
    return is_kept_up and is_rotation and n_recurrent >= LEAST_ENTITIES
