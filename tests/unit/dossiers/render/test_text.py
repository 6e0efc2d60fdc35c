"""The summary for a terminal: the counts, a line a group, the verdict, and nothing that a terminal obeys."""

import dataclasses
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from example_case import PLANS, make_case
from hostile import plant_all

from stillwatch.dossiers.render.text import LISTED_GROUPS, render_summary
from stillwatch.dossiers.render.verdict import UNDETERMINED, kind, leading_title, standing_words, verdict


def test_summary_has_counts_groups_and_verdict() -> None:
    """Each group has its line with hypothesis, q and accounts; the verdict comes last."""
    case = make_case(n_listed=5)
    lines = render_summary(case).splitlines()
    for campaign in case.campaigns:
        assert len([line for line in lines if campaign.id in line and f"{campaign.n_accounts:,} account" in line]) == 1
    assert len([line for line in lines if line.startswith("!")]) == 3
    assert "18,412,351 read = 18,402,331 used + 1,204 quarantined + 8,816 out of scope" in lines[1]
    assert lines[-1] == verdict(case)


def test_a_narrow_terminal_gets_short_lines_and_a_pipe_whole_ones() -> None:
    """At 80 columns nothing is cut or broken within a word, and all that a wide line says is said."""
    case = make_case(n_listed=5)
    narrow, wide, piped = render_summary(case, 80), render_summary(case, 160), render_summary(case)
    assert max(map(len, narrow.splitlines())) <= 80
    assert len(narrow.splitlines()) > len(piped.splitlines())
    assert (
        set(narrow.replace(",", " ").split())
        == set(piped.replace(",", " ").split())
        == set(wide.replace(",", " ").split())
    )


def test_hostile_text_cannot_steer_a_terminal() -> None:
    """Escape sequences, carriage returns and direction marks come out as their numbers, one line a group."""
    case = plant_all(make_case(n_listed=5))
    text = render_summary(case)
    assert all(line.isprintable() for line in text.split("\n"))
    assert max(map(len, text.split("\n"))) < 400
    assert len(text.split("\n")) == len(render_summary(make_case(n_listed=5)).split("\n"))


def test_many_groups_are_counted_and_not_listed() -> None:
    """Beyond a screenful the rest is counted."""
    case = make_case((PLANS[5],) * (LISTED_GROUPS + 7), n_listed=2)
    assert "and 7 more groups in campaigns.json" in render_summary(case)


def test_verdicts() -> None:
    """The verdict accuses only where a group accuses, and never names who is behind it."""
    assert verdict(make_case(n_listed=2)) == (
        "3 groups look like distillation; 3 others are better explained otherwise; 1 is listed without sign"
        " of coordination."
        " Nothing is proven about who is behind them."
    )
    assert (
        verdict(make_case((PLANS[0],), n_listed=2))
        == "1 group looks like distillation. Nothing is proven about who is behind it."
    )
    assert (
        verdict(make_case((PLANS[4],), n_listed=2))
        == "No group looks like distillation; 1 group is better explained otherwise."
    )
    empty = dataclasses.replace(make_case(()), first_seen_at=None, last_seen_at=None)
    assert "not that there is none" in verdict(empty)
    assert "no groups" in render_summary(empty)


def test_what_could_not_be_told_has_a_mark_of_its_own() -> None:
    """An undetermined group is not marked as one that is explained."""
    case = make_case(n_listed=2)
    explained = next(one for one in case.campaigns if kind(one) == "explained")
    untold = dataclasses.replace(explained, leading_hypothesis=UNDETERMINED)
    assert kind(untold) == "undetermined"
    assert standing_words(untold, case.q_level) == "Not accused"
    assert "not enough to accuse" in leading_title(untold)
    told = dataclasses.replace(untold, withheld=("lacks a sign of purpose", "q above 0.05"))
    assert standing_words(told, case.q_level) == "Not accused: lacks a sign of purpose; q above 0.05"
    one_group = dataclasses.replace(case, campaigns=(told,))
    assert "not enough to accuse (lacks a sign of purpose; q above 0.05)" in render_summary(one_group)
    narrow = render_summary(one_group, 80)
    assert "lacks a sign of purpose" in " ".join(narrow.split())
    assert max(map(len, narrow.splitlines())) <= 80
    assert standing_words(dataclasses.replace(explained, q_value=1.0), 0.05).endswith("no sign of coordination")
    assert standing_words(dataclasses.replace(explained, q_value=0.01), 0.05) == "Better explained otherwise"
    assert [kind(one) for one in case.campaigns].count("accused") == 3
