"""A tiny world's days, made once a test process, and the state after all of them."""

import pytest
from days import Days, Replayed, make_days


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """The tiny world, cut into days."""
    return make_days(tmp_path_factory.mktemp("days"))


@pytest.fixture(scope="session")
def replayed(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The tiny world, replayed day by day."""
    folder = tmp_path_factory.mktemp("replayed")
    cases = tuple(days.scan(folder / "state", folder / "case", day) for day in days.days)
    return Replayed(folder / "state", folder / "case", cases)
