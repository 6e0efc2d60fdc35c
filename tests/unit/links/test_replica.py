"""Tests of replicas: the same prompt from two entities."""

from planted_traffic import planted

from stillwatch.links.entity import fold_accounts
from stillwatch.links.replica import replicas


def test_only_a_prompt_that_two_entities_sent_is_a_replica() -> None:
    """Repeating oneself is no replica; no prompt is none either; the same prompt from another entity is."""
    rows = [
        {"account": "a", "prompt_hash": 7},
        {"account": "a", "prompt_hash": 7},
        {"account": "a", "prompt_hash": 9},
        {"account": "b", "prompt_hash": 9},
        {"account": "b", "prompt_hash": None},
        {"account": "c", "prompt_hash": None},
    ]
    made = planted(rows)
    found = replicas(made.population, fold_accounts(made.population))
    hashes = made.population.exchanges.hashes["prompt_hash"].tolist()
    assert {(value, bool(flag)) for value, flag in zip(hashes, found, strict=True)} == {
        (7, False),
        (9, True),
        (0, False),
    }
