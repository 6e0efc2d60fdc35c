"""Each rival on a case that it can solve, or that shows its known weakness."""

import numpy as np
import pytest
from planted import N_HONEST, N_RING, planted

from stillwatch.worlds.metrics.decision import account_metrics
from stillwatch.worlds.rivals.catalogue import RIVALS, missing_modules
from stillwatch.worlds.rivals.pairs import cluster_means_as_scores, shared_value_edges, sizes_as_scores
from stillwatch.worlds.rivals.rival import ALONE
from stillwatch.worlds.rivals.verdict import best_decision

SOLVE = ("self-join", "shared-infrastructure", "splink", "minhash", "mmd-100")


def scored(name):
    """A rival's answers on the planted case, or a skipped test where its package is not installed."""
    if missing_modules(RIVALS[name]):
        pytest.skip("its package is not installed: it is in the extra 'bench'")
    traffic, truth = planted()
    return traffic, truth, RIVALS[name].score(traffic)


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.filterwarnings("default")  # the packages' own
def test_every_rival_answers_for_every_account(name):
    """At least one setting, one score and one cluster an account, no score that is not a number."""
    traffic, _, answers = scored(name)
    n = len(traffic.account_ids)
    assert len(answers) >= 1
    for answer in answers:
        assert answer.scores.shape == answer.clusters.shape == (n,)
        assert not np.isnan(answer.scores).any()
        assert answer.clusters.min() >= ALONE


@pytest.mark.parametrize("name", SOLVE)
@pytest.mark.filterwarnings("default")
def test_a_ring_with_one_template_and_one_payer_is_found(name):
    """The ring's accounts, and at most one other, have the highest scores."""
    traffic, truth, answers = scored(name)
    found = account_metrics(truth, best_decision(truth, traffic.account_ids, answers).decision)
    assert found["recall"] == 1
    assert found["n_accused"] <= N_RING + 1


def test_clusters_of_the_self_join_are_the_ring():
    """One group, the planted one."""
    traffic, truth, answers = scored("self-join")
    found = best_decision(truth, traffic.account_ids, answers).decision
    assert found.groups == (frozenset(truth.members()),)


@pytest.mark.filterwarnings("default")
def test_rules_per_key_see_templates_and_no_ring():
    """They flag who repeats itself, so that the ring stands out here, and put nobody into a group."""
    traffic, _, answers = scored("per-key-rules")
    scores = answers[0].scores
    is_ring = np.array(["ring" in name for name in traffic.account_ids])
    assert scores[is_ring].min() > scores[~is_ring].max()
    assert set(answers[0].clusters.tolist()) == {ALONE}
    assert len(scores) == N_HONEST + N_RING


def test_the_published_rule_merges_whoever_shares_a_client():
    """Five TLS fingerprints chain forty honest accounts into five clusters, which the best setting leaves out."""
    _, _, answers = scored("shared-infrastructure")
    published, narrow = answers[0], answers[-1]
    assert len(set(published.clusters[:N_HONEST].tolist())) == 5
    assert set(narrow.clusters[:N_HONEST].tolist()) == {ALONE}


def test_common_values_link_nobody():
    """A value of three accounts links three pairs; under a limit of two it links none."""
    owner, value = np.array([0, 1, 2, 0, 1, 3]), np.array([7, 7, 7, 8, 8, -1])
    left, right, weight = shared_value_edges(owner, value, 3)
    assert sorted(zip(left.tolist(), right.tolist(), weight.tolist(), strict=True)) == [(0, 1, 2), (0, 2, 1), (1, 2, 1)]
    assert [part.tolist() for part in shared_value_edges(owner, value, 2)] == [[0], [1], [1]]


def test_a_cluster_of_one_is_none():
    """Its account cannot be judged; the others score the size of their cluster, or its mean."""
    scores, clusters = sizes_as_scores(np.array([0, 0, 1]))
    assert (scores.tolist(), clusters.tolist()) == ([2, 2, float("-inf")], [0, 0, ALONE])
    means, _ = cluster_means_as_scores(np.array([1.0, 3.0, float("-inf")]), clusters)
    assert means.tolist() == [2, 2, float("-inf")]
