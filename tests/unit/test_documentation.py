"""The pages say what the code does: every mapped column, every link, and the README's two commands."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.records.catalogue import READERS
from stillwatch.records.reader import Reader
from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


MAPPED = [reader for name, reader in READERS.items() if name != "canonical"]


@pytest.mark.parametrize("reader", MAPPED, ids=lambda reader: reader.name)
def test_formats_page_says_where_each_column_comes_from(reader: Reader) -> None:
    """docs/formats.md has, under the format's heading, one row for each column with the reader's own words."""
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {reader.name}\n", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE))
    assert rows == dict(reader.mapping())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """No relative link of a page is dead."""
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize(("name", "schema"), [("accounts", ACCOUNTS), ("authorisations", AUTHORISATIONS)])
def test_tables_page_says_what_each_column_is(name: str, schema: pa.Schema) -> None:
    """docs/tables.md has, under the table's heading, one row for each column, in the schema's order."""
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == schema.names


def test_every_decision_has_a_number_of_its_own() -> None:
    """No two pages share a number, none is left out, and each heading begins with its page's."""
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert numbers == [f"{n:04}" for n in range(1, len(pages) + 1)]
    headed = [page.read_text(encoding="utf-8").startswith(f"# {n}") for n, page in zip(numbers, pages, strict=True)]
    assert all(headed)


def test_both_of_the_readmes_commands_install_by_hash() -> None:
    """The demo's and the tests' commands are one line each, and take only locked packages."""
    commands = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    assert all("--require-hashes -r requirements" in command for command in commands)
    assert all("--no-deps --no-build-isolation ." in command for command in commands)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_and_hash_everything_and_name_no_place(name: str) -> None:
    """Each requirement has one version and at least one hash; nothing names an index or a file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[a-z0-9-]+==\S+", one) and "--hash=sha256:" in one for one in requirements)
    assert "://" not in text
    assert "index-url" not in text
