"""Tests of what holds for every answer of the console: headers, hosts, static files, refusals."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from example_case import make_case
from fastapi.testclient import TestClient
from planted_case import client_of, write_case_folder

ADDRESSES = ["/campaigns", "/campaigns.json", "/nowhere", "/nowhere.json", "/static/nothing.css", "/openapi.json"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example case with its tables."""
    return write_case_folder(tmp_path_factory.mktemp("example") / "case", make_case(n_listed=30))


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    """A console on the example case."""
    return client_of(folder)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_has_the_headers(client: TestClient, address: str) -> None:
    """Pages, JSON, files and refusals alike keep to themselves and let no script in."""
    headers = client.get(address).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8377", "", "localhost.evil.example"])
def test_another_name_is_refused(client: TestClient, host: str) -> None:
    """A request under a name that is not ours gets nothing of the case."""
    answer = client.get("/campaigns", headers={"Host": host})
    assert answer.status_code == 421
    assert "distillation" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8377", "LOCALHOST", "[::1]:8377", "[::1]"])
def test_loopback_names_are_served(client: TestClient, host: str) -> None:
    """The loopback names answer with and without a port."""
    assert client.get("/campaigns", headers={"Host": host}).status_code == 200


def test_static_files_are_kept_for_ever_and_named_by_content(client: TestClient) -> None:
    """What a page loads is there, may be kept, and its address holds a digest."""
    page = client.get("/campaigns").text
    addresses = [part.split('"')[0] for part in page.split('"/static/')[1:]]
    assert len(addresses) >= 5
    for address in addresses:
        answer = client.get(f"/static/{address}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e/console.css", "console.css", "/etc/passwd"])
def test_static_files_are_a_closed_list(client: TestClient, path: str) -> None:
    """Nothing of the disk can be asked for."""
    assert client.get(f"/static/{path}").status_code == 404


def test_a_refusal_is_a_page_or_its_parts(client: TestClient) -> None:
    """People get a page with a way back, programs the parts of the refusal."""
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "To the queue" in page.text
    told = client.get("/campaigns.json?page=0")
    assert told.status_code == 400
    assert told.json()["error"]["where"] == "page"


def test_a_broken_case_is_said_and_a_mended_one_served(folder: Path, tmp_path: Path) -> None:
    """A case that cannot be read gives 503 and says what is wrong; once it is whole, it is served without a restart."""
    broken = tmp_path / "case"
    shutil.copytree(folder, broken)
    (broken / "campaigns.json").write_text("{}")
    client = client_of(broken)
    told = client.get("/campaigns.json")
    assert told.status_code == 503
    assert told.json()["error"]["code"] == "case-unavailable"
    assert "stillwatch scan" in client.get("/campaigns").text
    shutil.copy(folder / "campaigns.json", broken / "campaigns.json")
    assert client.get("/campaigns").status_code == 200


@pytest.mark.parametrize("name", ["campaigns.json", "accounts.parquet", "memberships.parquet"])
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    """A case without one of its files is unavailable, and the refusal names the file."""
    shutil.copytree(folder, tmp_path / "case")
    (tmp_path / "case" / name).unlink()
    told = client_of(tmp_path / "case").get("/campaigns.json")
    assert told.status_code == 503
    assert name in told.json()["error"]["where"]


def test_an_empty_case_says_so(tmp_path: Path) -> None:
    """A case in which nothing was found has a page of its own, not an empty table."""
    case = make_case(n_listed=30)
    funnel = dataclasses.replace(case.funnel, campaigns=0, accusations=0, accused_accounts=0)
    empty = dataclasses.replace(case, campaigns=(), funnel=funnel)
    page = client_of(write_case_folder(tmp_path / "case", empty)).get("/campaigns")
    assert page.status_code == 200
    assert "No group was found" in page.text
    assert "<table" not in page.text
