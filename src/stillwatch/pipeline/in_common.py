"""What the members of a group have in common, in rows of the case: families of exchanges, and values of identity."""

from typing import Final

import numpy as np

from stillwatch.dossiers.case import Infrastructure, SharedValue, TemplateFamily
from stillwatch.dossiers.rounding import rounded
from stillwatch.links.family import family_id
from stillwatch.links.identity import Ties
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.finding import Finding

MOST_FAMILIES: Final = 12
MOST_VALUES: Final = 10


def template_families(analysis: Analysis, finding: Finding) -> tuple[TemplateFamily, ...]:
    """Return the families of a group's exchanges, those with most exchanges first, and who else uses them."""
    families, population = analysis.families, analysis.population
    inside = np.zeros(len(population.accounts), bool)
    inside[finding.accounts] = True
    found = []
    for family in finding.group.families:
        rows = families.matches(np.array([family])).exchange
        account = population.exchanges.account[rows]
        within = np.unique(account[inside[account]])
        outside = np.unique(account[~inside[account]])
        n = len(within) + len(outside)
        found.append(
            TemplateFamily(
                family_id(int(families.anchor[family])),
                "phrase",
                len(within),
                int(np.count_nonzero(inside[account])),
                len(outside),
                rounded(float(np.log2(len(population.accounts) / max(n, 1)))),
            )
        )
    return tuple(sorted(found, key=lambda item: (-item.n_exchanges, item.id))[:MOST_FAMILIES])


def infrastructure(analysis: Analysis, finding: Finding) -> tuple[Infrastructure, ...]:
    """Return, for each column of ties that members hold values of, those that several of them share."""
    found = [_shared(column, tie, finding) for column, tie in analysis.ties.items()]
    return tuple(item for item in found if item is not None)


def _shared(column: str, tie: Ties, finding: Finding) -> Infrastructure | None:
    held, holder = tie.held_by(finding.group.entities)
    if not len(held):
        return None
    value, inverse, within = np.unique(held, return_inverse=True, return_counts=True)
    outside = tie.n_entities()[value] - within
    shared = np.flatnonzero(within >= 2)
    sharing = np.unique(holder[within[inverse] >= 2])
    top = shared[np.lexsort((shared, -within[shared]))][:MOST_VALUES]
    values = tuple(SharedValue(tie.names[value[i]], int(within[i]), int(outside[i])) for i in top)
    return Infrastructure(column, len(value), len(sharing), values)
