"""Why an account is in its campaign, in words."""

from types import SimpleNamespace
from typing import Any

import pytest

from stillwatch.pipeline.reasons import SHARED_WORDS, _why


def group(channel: str, families: tuple[int, ...] = ()) -> Any:
    """Return as much of a finding as its reasons need."""
    return SimpleNamespace(group=SimpleNamespace(channel=channel, families=families))


@pytest.mark.parametrize(
    ("channel", "families", "shared", "stood_by", "said"),
    [
        (
            "content",
            (3,),
            ["a device"],
            False,
            ["15 of its exchanges belong to", "shares a device with another member"],
        ),
        ("hand_over", (), [], False, ["15 of its exchanges failed for one member"]),
        ("identity", (), ["an address"], False, ["shares an address with another member"]),
        ("identity", (), [], False, ["tied to members by rare values of identity through others"]),
        ("content", (3,), [], True, ["sent nothing of the group's slice"]),
    ],
)
def test_a_reason_says_what_ties_the_account_and_nothing_else(
    channel: str, families: tuple[int, ...], shared: list[str], said: list[str], *, stood_by: bool
) -> None:
    """Each way into a group has its own sentence, and a shared value is named once, in words."""
    found = _why(group(channel, families), 15, shared, stood_by=stood_by)
    assert len(found) == len(said)
    assert all(whole.startswith(start) for whole, start in zip(found, said, strict=True))


def test_every_tie_has_a_word() -> None:
    """No column name reaches a reader of the reasons."""
    assert all("_" not in word and word.startswith(("a ", "an ")) for word in SHARED_WORDS.values())
