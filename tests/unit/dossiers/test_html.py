"""The report: nothing of the input acts, nothing is fetched, every fact is in the page."""

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest
from example_case import PLANS, make_case
from hostile import ATTACKS, plant, plant_all

from stillwatch.dossiers.case import Case
from stillwatch.dossiers.render.html import render_html
from stillwatch.dossiers.render.inert import visible

SMALL = make_case((PLANS[2], PLANS[5]), n_listed=12)
EMPTY = dataclasses.replace(make_case(()), first_seen_at=None, last_seen_at=None, lapsed=(), missing=())


class _Parsed(HTMLParser):
    """What a reader of HTML makes of a page: elements with their attributes, text, raw text of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.comments: list[str] = []
        self.policy = ""
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]
        self.links += [
            value or "" for name, value in attrs if name in ("href", "src", "srcdoc", "action", "xlink:href")
        ]
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"] or ""
        self._inside = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.raw[self._inside] if self._inside else self.text).append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def _words(case: Case) -> str:
    return " ".join(" ".join(_Parsed(render_html(case)).text).split())


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_element_or_attribute_comes_from_the_input(attack: str) -> None:
    """A hostile value in every text gives the very elements and attributes that a harmless one of its length gives."""
    harmless = "a" * max(len(attack), len(visible(attack)))
    numbers = iter(range(100_000))
    hostile = _Parsed(render_html(plant(SMALL, lambda _: f"{attack}{next(numbers)}")))
    numbers = iter(range(100_000))
    benign = _Parsed(render_html(plant(SMALL, lambda _: f"{harmless}{next(numbers)}")))
    assert hostile.elements == benign.elements
    assert hostile.raw == benign.raw
    assert not hostile.comments
    assert not any("pwned" in value for value in hostile.values)


def test_all_attacks_at_once_leave_only_our_links() -> None:
    """With every attack planted, all links stay within the page and no address scheme occurs."""
    parsed = _Parsed(render_html(plant_all(make_case(n_listed=20))))
    assert all(re.fullmatch(r"#[a-z0-9-]+", link) for link in parsed.links)
    assert {tag for tag, _ in parsed.elements}.isdisjoint({"iframe", "img", "object", "embed", "base", "form", "link"})
    assert not [name for _, names in parsed.elements for name in names if name.startswith("on") or name == "style"]


def test_hidden_characters_are_written_out() -> None:
    """No control, direction or zero-width character of the input is in the page; each is shown by its number."""
    page = render_html(plant_all(SMALL))
    assert not [c for c in page if c != "\n" and (not c.isprintable() or c in "\u200b\ufeff\u202e\u2066\u3164")]
    for shown in ("⟨U+202E⟩", "⟨U+0000⟩", "⟨U+001B⟩", "⟨U+3164⟩", "⟨more marks⟩"):
        assert shown in page


def test_long_values_are_whole_at_the_end() -> None:
    """A long value is shortened in place, and its link leads to the whole."""
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36"
    page = render_html(SMALL)
    assert page.count(agent) == 1
    key = hashlib.sha256(agent.encode()).hexdigest()[:8]
    assert f'href="#v-{key}"' in page
    assert f'id="v-{key}"' in page


def test_policy_allows_exactly_our_style_and_script() -> None:
    """There is one style and one script, their hashes are in the policy, and nothing else is allowed."""
    parsed = _Parsed(render_html(SMALL))
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256("".join(parsed.raw[tag]).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in parsed.policy
    assert parsed.policy.startswith("default-src 'none';")
    assert "unsafe" not in parsed.policy


def test_page_asks_nothing_of_the_network() -> None:
    """No address, no import and no font or picture source stands in the page."""
    page = render_html(SMALL)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page.replace("// ", ""))


def test_forty_large_groups_stay_below_two_megabytes() -> None:
    """The report of 40 accusations with 300 drawn accounts each is at most 2 MiB."""
    page = render_html(make_case((PLANS[0],) * 40, n_listed=300))
    assert len(page.encode()) <= 2 * 1024 * 1024


def test_same_case_gives_the_same_page() -> None:
    """Rendering has no clock and no chance in it."""
    assert render_html(make_case((PLANS[3],), n_listed=30)) == render_html(make_case((PLANS[3],), n_listed=30))


def test_every_fact_of_a_group_is_in_the_text() -> None:
    """Evidence, indicators, tests, rivals, counter-evidence, shares and missing columns all stand in words."""
    campaign = SMALL.campaigns[0]
    words = _words(SMALL)
    both = campaign.evidence + campaign.evidence_against
    expected = [
        *(row.title for row in both), *(row.observation for row in both), *(row.because for row in both),
        *(row.title for row in campaign.indicators),
        *(row.innocent_reading for row in campaign.indicators), *(row.null for row in campaign.tests),
        *(row.title for row in campaign.hypotheses), *campaign.counter_evidence, *campaign.accounts,
        *(row.id for row in campaign.template_families), *(row.model for row in campaign.timeline.releases),
        *(column for row in campaign.missing for column in row.missing), campaign.id, campaign.summary,
        SMALL.key_id, SMALL.weights, SMALL.lapsed[0].account_id, SMALL.lapsed[0].reference, "not UTF-8", "702",
    ]  # fmt: skip
    assert not [fact for fact in expected if fact not in words]


def test_missing_indicator_says_that_it_was_not_measured() -> None:
    """A null value is never drawn or printed as a number."""
    assert "not measured: a column was missing" in _words(SMALL)


def test_observation_that_differs_for_a_rival_is_told() -> None:
    """A rival's evidence is not repeated where it was told, and is told where it differs."""
    campaign = SMALL.campaigns[0]
    rival = campaign.hypotheses[-1]
    other = dataclasses.replace(rival.evidence[0], observation="Seen otherwise for this rival.")
    hypotheses = (*campaign.hypotheses[:-1], dataclasses.replace(rival, evidence=(other, *rival.evidence[1:])))
    case = dataclasses.replace(
        SMALL, campaigns=(dataclasses.replace(campaign, hypotheses=hypotheses), SMALL.campaigns[1])
    )
    assert "Seen otherwise for this rival." not in _words(SMALL)
    assert "Seen otherwise for this rival." in _words(case)


def test_empty_case_renders() -> None:
    """A scan that read nothing of use gives a whole page that claims no innocence."""
    words = _words(EMPTY)
    assert "No linked group of accounts was found" in words
    assert "no traffic" in words


def test_group_without_anything_renders() -> None:
    """A group whose lists are all empty gives sentences instead of empty tables."""
    bare = dataclasses.replace(
        SMALL.campaigns[0],
        accounts=(), evidence=(), evidence_against=(), indicators=(), tests=(), hypotheses=(), counter_evidence=(),
        capability_shares=(), template_families=(), infrastructure=(), pairs=(), missing=(),
        graph=dataclasses.replace(SMALL.campaigns[0].graph, nodes=(), edges=()),
        timeline=dataclasses.replace(
            SMALL.campaigns[0].timeline, extraction=(), own=(), active_accounts=(),
            sign_ups=(), bans=(), hour_of_week=(0,) * 168,
        ),
    )  # fmt: skip
    words = _words(dataclasses.replace(SMALL, campaigns=(bare, SMALL.campaigns[1])))
    for sentence in (
        "No evidence was weighed",
        "No pair was laid out",
        "No times were recorded",
        "Nothing that was measured speaks against",
    ):
        assert sentence in words
