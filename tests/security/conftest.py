"""One place for the tests that change nothing in it; each other test makes its own."""

import pytest
from consoles import Place
from example_case import PLANS, make_case


@pytest.fixture
def case():
    """A case of two groups; the first is accused."""
    return make_case((PLANS[0], PLANS[2]), n_listed=12)


@pytest.fixture
def place(tmp_path, case):
    """A place of its own."""
    return Place(tmp_path, case)


@pytest.fixture
def group(case):
    """The accused group's id."""
    return case.campaigns[0].id
