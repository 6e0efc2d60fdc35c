"""Whether found groups are rightly named."""

from stillwatch.assessments.hypothesis import RELEASED_WEIGHTS, released_weights
from stillwatch.worlds.lookalikes.label import LOOKALIKES, OTHER_ABUSE
from stillwatch.worlds.metrics.explanation import ALLOWED, NAMES, NamedGroup, hypothesis_of, naming_metrics
from stillwatch.worlds.metrics.truth import Truth

CLASSES = {f"{label}-{i}": label for label in ("distillation", "relay", "authorised_distillation") for i in range(3)}
TRUTH = Truth(CLASSES, dict.fromkeys(CLASSES), frozenset(), dict.fromkeys(CLASSES, 1))


def group(label, name, *, n=3, is_accusation=False, **posteriors):
    """A group of one class, as reported under a name."""
    return NamedGroup(frozenset(f"{label}-{i}" for i in range(n)), name, posteriors, is_accusation)


def test_every_class_of_the_worlds_has_a_right_name_that_exists():
    """No look-alike is without an allowed name, and every allowed name is a hypothesis of the released weights."""
    assert {*LOOKALIKES, *OTHER_ABUSE, "distillation", "organic"} == set(ALLOWED)
    known = {kind.name for kind in released_weights(RELEASED_WEIGHTS)}
    assert set().union(*ALLOWED.values()) <= known


def test_every_class_teaches_a_hypothesis_that_is_right_for_it():
    """What is learned and what counts as right stand in one table, but for intermediaries, which teach nothing."""
    known = {kind.name for kind in released_weights(RELEASED_WEIGHTS)}
    taught = {label: hypothesis_of(label, "user") for label in NAMES}
    assert {label for label, own in taught.items() if own is None} == {"aggregator", "reseller_disclosed"}
    assert {own for own in taught.values() if own} <= known
    assert all(own in ALLOWED[label] for label, own in taught.items() if own)


def test_contractors_of_any_queue_teach_what_crowd_workers_teach():
    """Each with an account of their own: to the provider they are one thing."""
    assert hypothesis_of("business_queue", "contractor") == hypothesis_of("crowd_work", "worker") == "task_workers"
    assert hypothesis_of("business_queue", "queue") == "business_queue"
    assert hypothesis_of("agent_fleet", "queue") == "continuous_integration"
    assert hypothesis_of("agent_fleet", "contractor") is None


def test_undetermined_is_never_right():
    """A campaign's group that is left open counts as named, and as not right."""
    found = naming_metrics(TRUTH, [group("distillation", "undetermined"), group("distillation", "distillation")])
    assert (found["n_groups"], found["n_undetermined"], found["top_1"]) == (2, 1, 0.5)


def test_relay_and_distillation_are_compared_by_their_posteriors():
    """Whatever else leads, the larger of the two decides."""
    groups = [
        group("relay", "classroom", relay=0.2, distillation=0.1),
        group("distillation", "relay", relay=0.6, distillation=0.4),
    ]
    found = naming_metrics(TRUTH, groups)
    assert (found["n_relay_or_distillation"], found["relay_or_distillation"]) == (2, 0.5)


def test_an_authorised_customer_called_distillation_is_counted():
    """By name or by accusation."""
    groups = [
        group("authorised_distillation", "distillation"),
        group("authorised_distillation", "undetermined", is_accusation=True),
        group("authorised_distillation", "authorised_customer"),
    ]
    found = naming_metrics(TRUTH, groups)
    assert (found["n_authorised"], found["authorised_called_distillation"]) == (3, 2)
