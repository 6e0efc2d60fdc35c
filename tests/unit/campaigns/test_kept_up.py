"""Tests of families to which people keep."""

import numpy as np
import pytest
from scipy.sparse import csc_array

from stillwatch.campaigns.kept_up import is_kept_up_together, kept_up_groups
from stillwatch.links.entity import Entities


def test_half_of_many_users_keep_a_family_up_and_half_of_few_do_not() -> None:
    """Forty of sixty-six that come back are no chance where a third would be; three fifths of ten may be."""
    for n_users, n_recurrent, wanted in ((66, 40, True), (10, 6, False), (66, 30, False)):
        use = np.ones(n_users, np.int64)
        use[:n_recurrent] = np.arange(3, 3 + n_recurrent) ** 2  # as people do, very unequally
        used = csc_array((use, np.arange(n_users), [0, n_users]), shape=(n_users, 1))
        entities = Entities(np.arange(n_users, dtype=np.int32), n_users, np.full(n_users, 40), np.zeros(n_users, bool))
        assert bool(kept_up_groups(used, entities).is_taken[0]) == wanted


@pytest.mark.parametrize("use", ["in rotation", "one language", "one template", "now and then"])
def test_templates_in_rotation_are_kept_up_together(use: str) -> None:
    """Some uses of each of many templates are a deal; a language's are uneven, and one template or a try is none."""
    rng = np.random.default_rng(13)
    mean = {"in rotation": 6.0, "one template": 6.0, "now and then": 1.5}
    count = rng.poisson(mean[use], 60) if use in mean else rng.poisson(15 * rng.gamma(0.5, 2.0, 60))
    count = np.maximum(count, 1)
    n_templates = 1 if use == "one template" else 10
    table = np.array([rng.multinomial(n, np.full(n_templates, 1 / n_templates)) for n in count])
    used = csc_array(table)
    used.eliminate_zeros()
    assert is_kept_up_together(used, np.arange(n_templates)) == (use == "in rotation")
