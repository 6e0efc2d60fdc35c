"""Laws of addresses: every id comes back from its address, and none of them can act."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import NotFoundError
from stillwatch.service.console.address import account_address, slug, unslug


@given(st.text())
def test_every_id_comes_back(identifier: str) -> None:
    """A segment holds no sign that an address, a page or a twin could take for its own."""
    segment = slug(identifier)
    assert unslug(segment) == identifier
    assert unquote(segment) == segment == quote(segment, safe="@:~")
    assert "/" not in segment
    assert not segment.endswith(".json")
    assert segment not in ("", ".", "..")


@given(st.text(min_size=1))
def test_plain_ids_stay_as_they_are(identifier: str) -> None:
    """An address shows the id wherever it can."""
    plain = all(character.isascii() and (character.isalnum() or character in "_@:-") for character in identifier)
    if plain and len(identifier) <= 100:
        assert account_address(identifier) == f"/accounts/{identifier}"


def test_an_id_without_an_address_says_so() -> None:
    """What no address can carry gets a short segment of its own, and asking for it tells why nothing is there."""
    with pytest.raises(NotFoundError, match="this long has no page"):
        unslug(slug("<b>" * 40_000))


@pytest.mark.parametrize("segment", ["~a", "~!!!!", "~gICA", "~____", "~é"])
def test_what_no_id_is_written_like_is_refused(segment: str) -> None:
    """A segment that nothing was written to is not found, whatever it holds."""
    with pytest.raises(NotFoundError):
        unslug(segment)
