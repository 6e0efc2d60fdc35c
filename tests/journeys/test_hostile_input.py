"""Identifiers that try to steer a page or a terminal reach neither."""

import html.parser
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from console import stillwatch

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
BIDI = "\u202eevil\u2066"
STEER = "\x1b]0;owned\x07\x1b[31m"
MARKUP = "[bold red]x[/bold red][link=http://evil.invalid]"
BREAK = "</script><svg onload=alert(1)>\u2028"


def hostile(value, column, salt):
    """A value of the world with an attack added, equal where the values were."""
    parts = (SCRIPT, IMAGE, BIDI, STEER, MARKUP, BREAK)
    return None if value is None else f"{value}{parts[sum(value.encode()) % len(parts)]}{salt}{column}"


def poisoned(table, columns):
    """A table whose values in some columns carry attacks."""
    for name in columns:
        values = [hostile(value, name, "~") for value in table[name].to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    return table


class Elements(html.parser.HTMLParser):
    """Collects what a browser would run or load."""

    def __init__(self):
        super().__init__()
        self.scripts = 0
        self.handlers = []
        self.tags = set()
        self.addresses = []

    def handle_starttag(self, tag, attributes):
        """Take one element's start."""
        self.tags.add(tag)
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        self.addresses += [value for name, value in attributes if name in {"src", "href", "action", "xlink:href"}]


def elements(page):
    """What a page has that could act."""
    found = Elements()
    found.feed(page)
    return found


@pytest.fixture(scope="module")
def poisoned_case(tiny, tmp_path_factory):
    """The tiny world, with attacks in every identifier, scanned."""
    folder = tmp_path_factory.mktemp("poisoned")
    exchanges = pq.read_table(tiny.world / "exchanges.parquet")
    columns = ("account_id", "user_agent", "model", "ip", "tls_fingerprint", "api_key_id")
    pq.write_table(poisoned(exchanges, columns), folder / "exchanges.parquet")
    accounts = pq.read_table(tiny.world / "accounts.parquet")
    columns = ("account_id", "payment_fingerprint", "device_fingerprint", "organisation_name", "email_domain")
    pq.write_table(poisoned(accounts, columns), folder / "accounts.parquet")
    log = ["scan", folder / "exchanges.parquet", "--accounts", folder / "accounts.parquet"]
    done = stillwatch(*log, "--key-file", tiny.key, "--out", folder / "case")
    assert done.status == 0, done.err
    return folder / "case", done


def test_the_page_stays_inert(tiny, poisoned_case):
    """The page has the elements of an honest one: no script, handler, address or tag more."""
    case, _ = poisoned_case
    assert json.loads((case / "campaigns.json").read_bytes())["campaigns"], "attacks have to be on the page"
    page = (case / "report.html").read_text(encoding="utf-8")
    found, honest = elements(page), elements((tiny.case / "report.html").read_text(encoding="utf-8"))
    assert found.scripts == honest.scripts
    assert found.handlers == []
    assert found.tags <= honest.tags | {"bdi", "wbr"}
    assert [one for one in found.addresses if one and not one.startswith(("#", "data:", "https://github.com"))] == []
    for unwanted in (SCRIPT, "<img", "<svg onload", BIDI[0], "\u2066", "\x1b", "\x07"):
        assert unwanted not in page


def test_the_terminal_is_not_steered(poisoned_case):
    """No control character and no direction mark is printed, and markup is not interpreted."""
    _, done = poisoned_case
    for stream in (done.out, done.err):
        for unwanted in ("\x1b", "\x07", "\u202e", "\u2066", "\u2028"):
            assert unwanted not in stream


def test_names_of_files_do_not_steer_either(tmp_path):
    """A file's name in a refusal is written with escapes, and as ASCII in JSON."""
    path = tmp_path / "x\x1b[31m\u202e[red].txt"
    path.write_text("not a log\n")
    done = stillwatch("scan", path, "--out", tmp_path / "case")
    assert done.status == 3
    assert "[red]" in done.err
    assert not {"\x1b", "\u202e"} & set(done.err)
    told = stillwatch("scan", path, "--out", tmp_path / "case", "--json")
    assert told.err.isascii()
    assert json.loads(told.err)["error"]["code"] in {"unknown-format", "bad-input"}


def test_the_output_folder_s_name_does_not_steer(tiny, tmp_path):
    """Signs of patterns, quotes and controls in the folder's name do no harm, and are printed as escapes."""
    done = stillwatch("scan", *tiny.inputs, "--out", tmp_path / "c\x1b[2J*'?\u202e")
    assert done.status == 0
    assert not {"\x1b", "\u202e"} & set(done.out)
