"""Control of the false discovery rate over all candidate groups, whatever the dependence between their tests."""

import numpy as np

from stillwatch.links.population import FloatArray


def q_values(p_values: FloatArray, n_tests: int | None = None) -> FloatArray:
    """Return the Benjamini-Yekutieli q-value of each p-value.

    Guarantee: calling a discovery where ``q <= a`` keeps the expected share of false discoveries at or below ``a``
    under any dependence between the tests.

    Args:
        p_values: (m,) in (0, 1].
        n_tests: tests made in all, where some are not listed; at least m.

    Source: Benjamini and Yekutieli 2001, The control of the false discovery rate in multiple testing under dependency.
    """
    m = len(p_values)
    if m == 0:
        return np.zeros(0)
    total = max(m, n_tests or m)
    penalty = total * float(np.sum(1.0 / np.arange(1, total + 1)))
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * penalty / np.arange(1, m + 1)
    q = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    result = np.empty(m)
    result[order] = q
    return result
