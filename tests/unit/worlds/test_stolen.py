"""Stolen keys: the owner goes on, the thief comes from elsewhere."""

from actor_ground import build, make_ground

from stillwatch.worlds.account import DAY_S

GROUND = make_ground()


def test_owners_traffic_goes_on_beside_the_thieves() -> None:
    """Nearly every victim has organic traffic and stolen traffic, from different addresses."""
    made = build("stolen_keys", GROUND)
    both = 0
    for number, account in enumerate(made.accounts):
        own = {t.address for t in made.turns if t.account == number and t.label == "organic"}
        stolen = {t.address for t in made.turns if t.account == number and t.label == "stolen_keys"}
        assert own <= set(account.addresses)
        assert len(own & stolen) <= 1  # a carrier's or a cloud's address may be both's
        both += bool(own) and bool(stolen)
    assert both > 0.8 * len(made.accounts)


def test_victims_are_old_accounts() -> None:
    """Victims signed up long before the window, at times of their own."""
    made = build("stolen_keys", GROUND)
    assert all(account.created_s < -4 * DAY_S for account in made.accounts)
    assert len({account.created_s for account in made.accounts}) == len(made.accounts)


def test_theft_begins_in_the_middle_of_a_life() -> None:
    """No thief's request comes in the first tenth of the window."""
    made = build("stolen_keys", GROUND)
    assert min(t.at_s for t in made.turns if t.label == "stolen_keys") > 0.1 * GROUND.window.seconds


def test_a_gang_uses_the_same_lines_for_all_its_victims() -> None:
    """Within a gang the thieves' addresses overlap between victims; between gangs they hardly do."""
    made = build("stolen_keys", GROUND, n_gangs=2)
    lines: dict[str, set[str]] = {}
    for turn in made.turns:
        if turn.label == "stolen_keys":
            lines.setdefault(str(turn.group_id), set()).add(turn.address)
    first, second = lines.values()
    assert len(first & second) < 0.3 * min(len(first), len(second))  # carriers and clouds are everyone's
    assert max(len(first), len(second)) < 100
