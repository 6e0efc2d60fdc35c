"""Honest customers that look like a campaign on some signal; importing this package registers them all."""

from stillwatch.worlds.lookalikes import (
    applications,
    business,
    engineering,
    evaluation,
    grading,
    intermediaries,
    keys,
    licensed,
    neighbours,
    queues,
    schools,
)

__all__ = [
    "applications",
    "business",
    "engineering",
    "evaluation",
    "grading",
    "intermediaries",
    "keys",
    "licensed",
    "neighbours",
    "queues",
    "schools",
]
