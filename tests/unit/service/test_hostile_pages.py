"""Tests of pages on a case in which every text is an attack: nothing of it becomes markup, nothing hides."""

import html.parser
import itertools
import re

import pytest
from example_case import PLANS, make_case
from fastapi.testclient import TestClient
from hostile import ATTACKS, plant_all
from planted_case import client_of, write_case_folder

HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\u3164]")
OWN_TAGS = {"script", "form", "input", "button", "select", "dialog", "svg", "path", "meta", "link"}


class Elements(html.parser.HTMLParser):
    """Collects what a browser would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.styles = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one element's start."""
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith(("on", "hx-on"))]
        self.styles += any(name in ("style", "srcdoc") for name, _ in attrs)
        names = ("src", "href", "action", "formaction", "xlink:href", "hx-get", "hx-post")
        self.addresses += [value or "" for name, value in attrs if name in names]


def elements(page: str) -> Elements:
    """What a page has that could act."""
    found = Elements()
    found.feed(page)
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A console on a case in which every text is an attack."""
    attacks, numbers = itertools.cycle([a for a in ATTACKS.values() if len(a) < 3000]), itertools.count()
    folder = tmp_path_factory.mktemp("hostile") / "case"
    case = plant_all(make_case(PLANS[2:5], n_listed=15))
    return client_of(write_case_folder(folder, case, spell=lambda _: f"{next(attacks)}{next(numbers)}"))


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A console on the same case as it was."""
    return client_of(write_case_folder(tmp_path_factory.mktemp("honest") / "case", make_case(PLANS[2:5], n_listed=15)))


def addresses_of(client: TestClient) -> list[str]:
    """Pages of every kind, found through the twins."""
    found = ["/campaigns", "/about", "/search?q=ss", "/search?q=pwned"]
    rows = client.get("/campaigns.json").json()["rows"]
    for row in rows:
        if row["address"].startswith("/campaigns/~."):  # too long for an address: named by its digest
            assert client.get(row["address"]).status_code == 404
            continue
        found += [row["address"] + part for part in ("", "/rivals", "/indicators", "/links", "/shared", "/compare")]
        members = client.get(f"{row['address']}/members.json").json()["rows"]
        found.append(f"{row['address']}/members")
        for member in members[:16]:
            if member["address"].startswith("/accounts/~."):
                assert client.get(member["address"]).status_code == 404
                continue
            found.append(member["address"])
            view = client.get(f"{member['address']}.json").json()
            found += [tie["pair"] for tie in view["ties"][:1]]
            found += [one["address"] for one in [*view["values"][:2], *view["families"][:1]]]
    return sorted(set(found))


def test_every_hostile_id_has_its_page_and_none_acts(client: TestClient, honest: TestClient) -> None:
    """Each page of each hostile id answers, with the elements of an honest page and no hidden sign on it."""
    scripts = elements(honest.get("/campaigns").text).tags.count("script")
    allowed = {tag for address in addresses_of(honest) for tag in elements(honest.get(address).text).tags}
    asked = addresses_of(client)
    assert len(asked) > 80
    for address in asked:
        answer = client.get(address)
        assert answer.status_code == 200, address
        found = elements(answer.text)
        assert found.tags.count("script") == scripts, address
        assert (found.handlers, found.styles) == ([], 0), address
        assert set(found.tags) <= allowed | OWN_TAGS, address
        assert all(one.startswith(("/", "#")) and not one.startswith("//") for one in found.addresses), address
        assert HIDDEN.search(answer.text) is None, address
        assert len(answer.content) < 2_000_000, address


def test_refusals_show_hostile_requests_inert(client: TestClient) -> None:
    """What was asked for is quoted as text, if at all."""
    for attack in ("<script>alert(1)</script>", "\u202eevil", "a%00b", "%0d%0aSet-Cookie: x=1"):
        for address in (
            f"/campaigns/{attack}",
            f"/accounts/{attack}",
            f"/search?q={attack}",
            f"/campaigns?sort={attack}",
        ):
            answer = client.get(address)
            assert answer.status_code in (200, 400, 404)
            assert "<script>alert" not in answer.text
            assert HIDDEN.search(answer.text) is None
            assert "set-cookie" not in answer.headers


def test_huge_requests_are_refused(client: TestClient) -> None:
    """A query beyond its limit is refused before anything is looked for."""
    assert client.get("/search.json", params={"q": "x" * 301}).status_code == 400
    assert client.get("/campaigns.json", params={"size": 101}).status_code == 400
    assert client.get("/campaigns.json", params={"page": "9" * 40}).status_code == 400
