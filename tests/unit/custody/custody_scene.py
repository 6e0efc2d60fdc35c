"""People with keys, a trust file, and a signed dossier of a few files."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.custody.signing import sign
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.trust import Trust, TrustedKey
from stillwatch.custody.verification import Request, verify

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DOCUMENT = (
    '{"campaign": {"q_value": 0.013, "accounts": ["a-1", "a-2", "a-3"], "is_accusation": true},\n'
    ' "a/b~c": null, "limits": [], "word": "caf\\u00e9"}\n'
)
ORIGIN = {"inputs": [{"name": "traffic.parquet", "sha256": "0" * 64}], "run": {"weights": "w-1"}}


@dataclass(frozen=True)
class Person:
    """A key and its entry in the trust file."""

    key: SigningKey
    entry: TrustedKey


def person(name, *roles, begin=AT - DAY, end=AT + 365 * DAY):
    """Somebody with a key of their own."""
    key = SigningKey.generate()
    return Person(key, TrustedKey(key.public, name, roles, begin, end))


def trust_in(*people, required=("analyst",)):
    """A trust file that believes these people."""
    return Trust(tuple(one.entry for one in people), required)


def dossier(folder: Path) -> Path:
    """A folder with one file of each kind, one of them in a folder below."""
    (folder / "tables").mkdir(parents=True)
    (folder / "dossier.json").write_text(DOCUMENT, encoding="utf-8")
    (folder / "dossier.md").write_text("# A\n\nOne line.\nAnother.\n", encoding="utf-8")
    (folder / "dossier.pdf").write_bytes(bytes(range(256)) * 50)
    (folder / "tables" / "rows.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return folder


def signed(folder: Path, *people, trust=None):
    """A dossier that these people signed, one after the other."""
    dossier(folder)
    for one in people:
        sign(folder, one.key, trust or trust_in(*people), ORIGIN, AT)
    return folder


def verdict(folder, trust, **more):
    """What a verification says an hour later."""
    return verify(Request(folder, trust, **{"at": AT + timedelta(hours=1), **more}))


def revoked(one, at, because="stolen"):
    """The same person with a revoked key."""
    return replace(one, entry=replace(one.entry, revoked_at=at, revoked_because=because))
