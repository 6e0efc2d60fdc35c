"""Campaigns from day to day: which group goes on which campaign, and what happened to each."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from stillwatch.campaigns.lifecycle import Book, Window, follow
from stillwatch.campaigns.record import Record, Sighting

START = date(2026, 3, 1)


def day(n: int) -> str:
    """Return the n-th day."""
    return (START + timedelta(days=n)).isoformat()


def accounts(name: str, n: int, start: int = 0) -> list[str]:
    """Return some account ids of one pool."""
    return [f"{name}{i:03}" for i in range(start, start + n)]


def seen(
    members: Sequence[str],
    days: Sequence[int],
    phrases: Sequence[int] = (),
    *,
    name: str = "c-new",
    accused: bool = False,
) -> Sighting:
    """Return a group whose members were all active on all the days."""
    pairs = sorted((account, day(n)) for account in members for n in days)
    return Sighting(
        id=name, accounts=tuple(sorted(members)), phrases=tuple(sorted(phrases)), days=tuple(pairs),
        exchanges=len(pairs), attempts=len(pairs), first_seen=day(min(days)), last_seen=day(max(days)),
        leading_hypothesis="distillation" if accused else "relay", p_leading=0.95, q_value=0.01,
        is_accusation=accused, is_coordinated=True,
    )  # fmt: skip


def window(last: int, length: int = 45) -> Window:
    """Return the window that ends on the n-th day."""
    return Window(day(last - length + 1), day(last))


def kinds(record: Record) -> list[str]:
    """Return what happened to a campaign, in order."""
    return [event.kind for event in record.events]


def record(book: Book, name: str) -> Record:
    """Return a campaign of a book."""
    return next(one for one in book.records if one.id == name)


def test_an_unchanged_group_keeps_its_id_and_has_no_news() -> None:
    """The same group a day later is the same campaign, under the id of its first sighting."""
    book, (first,) = follow(Book(), [seen(accounts("a", 20), [0], name="c-1")], window(0), {})
    book, (second,) = follow(book, [seen(accounts("a", 20), [0, 1], name="c-2")], window(1), {})
    assert first == second == "c-1"
    assert kinds(record(book, "c-1")) == ["new"]
    assert record(book, "c-1").last_seen == day(1)


def test_growth_is_no_change_of_identity() -> None:
    """A group that doubles keeps its id; the event says how many joined; slow growth is told once it adds up."""
    book, _ = follow(Book(), [seen(accounts("a", 20), [0], name="c-1")], window(0), {})
    book, (name,) = follow(book, [seen(accounts("a", 40), [0, 1], name="c-2")], window(1), {})
    assert name == "c-1"
    assert kinds(record(book, "c-1")) == ["new", "grew"]
    assert "20 joined, 0 left" in record(book, "c-1").events[-1].reason
    for n in range(2, 6):
        book, _ = follow(book, [seen(accounts("a", 40 + n), list(range(n + 1)), name="c-x")], window(n), {})
    assert kinds(record(book, "c-1")) == ["new", "grew", "grew"]
    book, _ = follow(book, [seen(accounts("a", 20), list(range(7)), name="c-x")], window(6), {})
    assert kinds(record(book, "c-1"))[-1] == "shrank"


def test_groups_are_assigned_by_the_best_total() -> None:
    """Two campaigns that share some accounts go on as themselves, whatever the order of the groups."""
    one, two = accounts("a", 20), [*accounts("a", 8), *accounts("b", 14)]
    book, _ = follow(Book(), [seen(one, [0], name="c-1"), seen(two, [0], name="c-2")], window(0), {})
    _, ids = follow(book, [seen(two, [0, 1], name="c-8"), seen(one, [0, 1], name="c-9")], window(1), {})
    assert ids == ("c-2", "c-1")


def test_a_split_names_where_it_comes_from() -> None:
    """Of two halves the likelier one keeps the id; the other gets its own, and both say so."""
    book, _ = follow(Book(), [seen(accounts("a", 30), [0], name="c-1")], window(0), {})
    parts = [seen(accounts("a", 18), [0, 1], name="c-8"), seen(accounts("a", 12, 18), [0, 1], name="c-9")]
    book, ids = follow(book, parts, window(1), {})
    assert ids == ("c-1", "c-9")
    assert kinds(record(book, "c-9")) == ["split"]
    assert record(book, "c-9").events[0].campaigns == ("c-1",)
    assert "split" in kinds(record(book, "c-1"))


def test_a_merger_ends_the_smaller_one() -> None:
    """Two campaigns that become one group: the larger goes on, the other is merged into it, and both say so."""
    before = [seen(accounts("a", 30), [0], name="c-1"), seen(accounts("b", 10), [0], name="c-2")]
    book, _ = follow(Book(), before, window(0), {})
    both = [*accounts("a", 30), *accounts("b", 10)]
    book, (name,) = follow(book, [seen(both, [0, 1], name="c-9")], window(1), {})
    assert name == "c-1"
    assert record(book, "c-2").status == "merged"
    assert record(book, "c-2").merged_into == "c-1"
    assert record(book, "c-1").events[-1].campaigns == ("c-2",)
    again, _ = follow(book, [seen(both, [0, 1, 2], name="c-9")], window(2), {})
    assert record(again, "c-2") == record(book, "c-2")


def test_a_silent_campaign_sleeps_wakes_and_ends() -> None:
    """Three days without an exchange make it dormant, one exchange wakes it, and an empty window ends it."""
    pool = accounts("a", 10)
    book, _ = follow(Book(), [seen(pool, [0], name="c-1")], window(0), {})
    for n in range(1, 5):
        book, _ = follow(book, [seen(pool, [0], name="c-9")], window(n), {})
    assert kinds(record(book, "c-1")) == ["new", "dormant"]
    assert record(book, "c-1").events[-1].day == day(3)
    book, _ = follow(book, [seen(pool, [0, 5], name="c-9")], window(5), {})
    assert kinds(record(book, "c-1"))[-1] == "resumed"
    book, _ = follow(book, [], window(9), {})
    assert record(book, "c-1").status == "unconfirmed"
    book, _ = follow(book, [], window(60), {})
    assert record(book, "c-1").status == "ended"
    book, (name,) = follow(book, [seen(pool, [61], name="c-9")], window(61), {})
    assert name == "c-1"
    assert kinds(record(book, "c-1"))[-2:] == ["ended", "resumed"]


def test_the_first_accusation_is_dated_and_counted() -> None:
    """The day of the first accusation and the exchanges until then stay, whatever comes afterwards."""
    pool = accounts("a", 10)
    book, _ = follow(Book(), [seen(pool, [0], name="c-1")], window(0), {})
    book, _ = follow(book, [seen(pool, [0, 1], accused=True)], window(1), {})
    book, _ = follow(book, [seen(pool, [0, 1, 2])], window(2), {})
    book, _ = follow(book, [seen(pool, [0, 1, 2, 3], accused=True)], window(3), {})
    one = record(book, "c-1")
    assert (one.accused, one.exchanges_lost) == (day(1), 20)
    assert kinds(one) == ["new", "accused", "cleared", "accused"]


def test_a_pool_replaced_inside_one_campaign_is_told_once() -> None:
    """Most members banned, others began then: the campaign goes on under its id, and says so once."""
    old, new = accounts("a", 20), accounts("b", 20)
    bans = dict.fromkeys(old, day(3))
    book, _ = follow(Book(), [seen(old, [0, 1, 2], name="c-1")], window(2), {})
    first = replace(seen([*old, *new], [2, 3]), days=(*seen(old, [0, 1, 2]).days, *seen(new, [3]).days))
    book, (name,) = follow(book, [first], window(3), bans)
    later = replace(first, days=(*seen(old, [0, 1, 2]).days, *seen(new, [3, 4]).days), last_seen=day(4))
    book, _ = follow(book, [later], window(4), bans)
    assert name == "c-1"
    assert kinds(record(book, "c-1")).count("replaced") == 1
    assert "20 of 20 members were banned" in next(e.reason for e in record(book, "c-1").events if e.kind == "replaced")


def replacement(new: Sighting, bans: dict[str, str]) -> Book:
    """Return the book after a campaign of 20 accounts with 12 rare phrases and then a further group."""
    book, _ = follow(Book(), [seen(accounts("a", 20), [0, 1], range(12), name="c-1")], window(1), {})
    return follow(book, [new], window(50), bans)[0]


def test_a_banned_pools_replacement_is_linked() -> None:
    """Other accounts with the same rare phrases, days after the ban, go on for the banned campaign."""
    bans = dict.fromkeys(accounts("a", 20), day(48))
    book = replacement(seen(accounts("b", 20), [49, 50], range(2, 14), name="c-2"), bans)
    assert record(book, "c-2").replaces == ("c-1",)
    assert record(book, "c-1").replaced_by == ("c-2",)
    assert "banned" in record(book, "c-2").events[-1].reason


def test_strangers_are_not_taken_for_a_replacement() -> None:
    """Without the bans, the rare phrases, the time or the coordination there is no link."""
    bans = dict.fromkeys(accounts("a", 20), day(48))
    strangers = accounts("b", 20)
    for new, banned in (
        (seen(strangers, [49, 50], range(12), name="c-2"), {}),
        (seen(strangers, [49, 50], range(12), name="c-2"), dict.fromkeys(accounts("a", 9), day(48))),
        (seen(strangers, [49, 50], range(100, 112), name="c-2"), bans),
        (seen(strangers, [49, 50], name="c-2"), bans),  # a public app's phrases are rare for nobody
        (seen(strangers, [49, 50], range(9, 21), name="c-2"), bans),
        (seen(strangers, [20, 50], range(12), name="c-2"), bans),
        (replace(seen(strangers, [49, 50], range(12), name="c-2"), is_coordinated=False), bans),
    ):
        assert record(replacement(new, banned), "c-2").replaces == ()


def test_the_same_book_and_groups_give_the_same_book() -> None:
    """A scan that is repeated from the book before it changes nothing, and the order of groups does not matter."""
    rng = random.Random(5)
    pool = accounts("a", 200)
    book = Book()
    for n in range(12):
        groups = [
            seen(rng.sample(pool, rng.randint(8, 40)), [n], rng.sample(range(50), 8), name=f"c-{n}-{i}")
            for i in range(6)
        ]
        once, ids = follow(book, groups, window(n), {})
        again, _ = follow(book, groups, window(n), {})
        assert once == again
        turned, turned_ids = follow(book, groups[::-1], window(n), {})
        assert turned_ids[::-1] == ids
        assert {one.id for one in turned.records} == {one.id for one in once.records}
        assert len(set(ids)) == len(ids)
        book = once
