"""A console with people on a planted case, and browsers that use it as its pages do."""

import html
import re
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from planted_case import write_case_folder

from stillwatch.service.console.app import create_app
from stillwatch.service.console.console import ConsoleOptions, DossierOptions
from stillwatch.service.console.source import CaseSource
from stillwatch.service.login.password import Passwords
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.person import add_person

ORIGIN = "http://127.0.0.1:8377"
FAST = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PEOPLE = {"ada": "analyst", "ben": "approver", "cleo": "approver", "eve": "auditor"}
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


class Clock:
    """Stands still until a test moves it."""

    def __init__(self):
        self.at = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self):
        """Return the time."""
        return self.at

    def advance(self, **span):
        """Let time pass."""
        self.at += timedelta(**span)


class Place:
    """A case, a desk with people, and the console on both."""

    def __init__(self, folder, case, *, people=PEOPLE, **options):
        self.folder = write_case_folder(folder / "case", case)
        self.clock = Clock()
        self.desk = Database(folder / "desk.sqlite", self.clock)
        for name, role in people.items():
            add_person(self.desk, name, role, by="test", password_hash=FAST.hash(password_of(name)))
        dossiers = DossierOptions(folder / "dossiers")
        self.options = ConsoleOptions(desk=self.desk, passwords=FAST, dossiers=dossiers, **options)
        self.app = create_app(CaseSource(self.folder), self.options)

    def browser(self, name=None, host="198.51.100.7"):
        """Return a browser, logged in where a name is given."""
        browser = Browser(self.app, host)
        if name is not None:
            assert browser.log_in(name).status_code == 303
        return browser


class Browser(TestClient):
    """A browser that keeps cookies, sends our own origin, and fills in the form's secret that its last page had."""

    def __init__(self, app, host):
        super().__init__(
            app, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False, client=(host, 50000)
        )
        self.secret = ""

    def visit(self, address):
        """Open a page and keep its form secret."""
        answer = self.get(address)
        found = TOKEN.search(answer.text)
        self.secret = html.unescape(found[1]) if found else self.secret
        return answer

    def log_in(self, name, password=None, back="/"):
        """Log in with a password, by default the right one."""
        self.visit("/login")
        answer = self.submit("/login", name=name, password=password or password_of(name), next=back)
        self.visit("/proposals")
        return answer

    def submit(self, address, *, origin=ORIGIN, secret=None, headers=None, **fields):
        """Send a form from one of our pages."""
        fields["csrf"] = self.secret if secret is None else secret
        given = {"Origin": origin, **(headers or {})} if origin else headers
        return self.post(address, data=fields, headers=given)


def password_of(name):
    """Return a test person's password."""
    return f"correct horse {name}"
