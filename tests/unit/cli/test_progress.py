"""Progress away from a terminal: one line a stage, at its end, with what it counted."""

import re

from stillwatch.cli.progress import Lines, shown_progress


def test_one_line_a_stage(capsys):
    """Many reports of one stage give one line; the last stage's line comes with the end."""
    lines = Lines()
    for count in (100, 2_000, 74_388):
        lines("records and sketches", count, 0)
    lines("population", 0, 1)
    for i in range(7):
        lines("members", i, 7)
    lines("done", 1, 1)
    assert [re.sub(r"[\d.]+ s$", "S", line) for line in capsys.readouterr().err.splitlines()] == [
        "reading and sketching: 74,388 exchanges, S",
        "putting accounts in order, S",
        "weighing memberships: 7 groups, S",
    ]


def test_nothing_for_programs(capsys):
    """With --json, away from a terminal, standard error stays empty for the refusal."""
    with shown_progress(as_json=True) as progress:
        progress("population", 0, 1)
        progress("done", 1, 1)
    assert capsys.readouterr() == ("", "")
