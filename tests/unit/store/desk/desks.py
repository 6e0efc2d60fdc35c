"""Builders for the desk's tests: a desk with a clock that only moves when it is read, and groups to decide about."""

import dataclasses
from datetime import UTC, datetime, timedelta

from example_case import PLANS, make_case

from stillwatch.store.desk.database import Database
from stillwatch.store.desk.snapshot import Snapshot

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Ticking:
    """A clock that goes on by one second at each look, or by what a test tells it."""

    def __init__(self):
        self.at = START

    def __call__(self):
        """Return the next second."""
        self.at += timedelta(seconds=1)
        return self.at

    def advance(self, **span):
        """Let time pass."""
        self.at += timedelta(**span)


def new_desk(folder):
    """Return a new desk in a folder."""
    return Database(folder / "desk.sqlite", Ticking())


def example():
    """Return a case of two groups, the first one accused."""
    return make_case((PLANS[0], PLANS[2]), n_listed=20)


def snapshot(**changes):
    """Return the first group's snapshot, changed as asked."""
    case = example()
    return dataclasses.replace(Snapshot.of(case, case.campaigns[0]), **changes)
