"""The trust file: whose public keys are believed, in which roles, from when to when, and what was revoked.

It belongs to who verifies, holds no secret, and is the root of what a verification says: keep it where others cannot
write. Schema ``stillwatch.trust/1``.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from stillwatch.custody.files import read_small, write_whole
from stillwatch.custody.instant import instant, instant_text
from stillwatch.custody.signing_key import PublicKey, decoded, encoded
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.errors import InputError, SettingsError

SCHEMA: Final = "stillwatch.trust/1"
ROLES: Final = ("analyst", "approver", "releaser")
MOST_NAME_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One public key and what its holder may do with it.

    Args:
        public: the key.
        name: the person; two keys of one name count as one person.
        roles: of ``ROLES``.
        valid_from: the first second in which it may sign.
        valid_to: the first in which it may not any more; null: open.
        revoked_at: since when nothing it signed is believed, unless a time stamp shows that it was there before.
        revoked_because: why.
        replaces: the id of the key that vouched for this one when it was rotated.
    """

    public: PublicKey
    name: str
    roles: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime | None = None
    revoked_at: datetime | None = None
    revoked_because: str | None = None
    replaces: str | None = None

    @property
    def key_id(self) -> str:
        """Return the key's id."""
        return self.public.key_id

    @property
    def person(self) -> str:
        """Return the name by which two keys are one person's: neither case, blanks nor the form of letters counts."""
        return " ".join(unicodedata.normalize("NFKC", self.name).casefold().split())

    def is_valid_at(self, at: datetime) -> bool:
        """Return whether the key may sign at a time, revocation aside."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def may_act(self, role: str, at: datetime) -> str | None:
        """Return why the holder may not act in a role at a time, or None where nothing forbids it."""
        if self.revoked_at is not None:
            return f"the key of {self.name} was revoked at {instant_text(self.revoked_at)}"
        if not self.is_valid_at(at):
            return f"the key of {self.name} is not valid at {instant_text(at)}"
        if role not in self.roles:
            return f"{self.name} has not the role {role}, only {', '.join(self.roles)}"
        return None

    def as_document(self) -> dict[str, Any]:
        """Return the entry as it stands in a trust file; it is also what its holder hands out."""
        return {
            "key_id": self.key_id,
            "name": self.name,
            "roles": list(self.roles),
            "public_key": encoded(self.public.raw),
            "sealing_key": encoded(self.public.sealing),
            "valid_from": instant_text(self.valid_from),
            "valid_to": None if self.valid_to is None else instant_text(self.valid_to),
            "revoked_at": None if self.revoked_at is None else instant_text(self.revoked_at),
            "revoked_because": self.revoked_because,
            "replaces": self.replaces,
        }

    @classmethod
    def from_document(cls, plain: Any, where: str) -> Self:
        """Return the entry that a document holds.

        Raises:
            InputError: something in it is missing, unknown or wrong.
        """
        fields = cls.__dataclass_fields__.keys() - {"public"} | {"key_id", "public_key", "sealing_key"}
        if not isinstance(plain, dict) or plain.keys() != fields:
            got = ", ".join(sorted(plain.keys() ^ fields)) if isinstance(plain, dict) else type(plain).__name__
            raise InputError(where, "is no entry of a trust file", got=f"missing or unknown: {got[:200]}")
        public = PublicKey(
            decoded(plain["public_key"], f"{where}/public_key"), decoded(plain["sealing_key"], f"{where}/sealing_key")
        )
        if plain["key_id"] != public.key_id:
            raise InputError(f"{where}/key_id", "does not name the key beside it", expected=public.key_id)
        found = cls(
            public,
            _text(plain["name"], f"{where}/name"),
            checked_roles(plain["roles"], f"{where}/roles"),
            instant(plain["valid_from"], f"{where}/valid_from"),
            _instant_or_none(plain["valid_to"], f"{where}/valid_to"),
            _instant_or_none(plain["revoked_at"], f"{where}/revoked_at"),
            None if plain["revoked_because"] is None else _text(plain["revoked_because"], f"{where}/revoked_because"),
            None if plain["replaces"] is None else _text(plain["replaces"], f"{where}/replaces"),
        )
        if found.valid_to is not None and found.valid_to < found.valid_from:
            raise InputError(f"{where}/valid_to", "is before valid_from")
        return found


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that are believed, and the roles that a dossier must be signed in, each by another person."""

    keys: tuple[TrustedKey, ...] = ()
    required_roles: tuple[str, ...] = ("analyst",)
    where: str = field(default="trust file", compare=False)

    def __post_init__(self) -> None:
        ids = [key.key_id for key in self.keys]
        raws = [key.public.raw for key in self.keys]
        if len(set(ids)) != len(ids) or len(set(raws)) != len(raws):
            raise InputError(self.where, "holds a key twice")

    def find(self, key_id: str) -> TrustedKey | None:
        """Return a key by its id."""
        return next((key for key in self.keys if key.key_id == key_id), None)

    def get(self, key_id: str) -> TrustedKey:
        """Return a key by its id.

        Raises:
            SettingsError: the trust file has none of that id.
        """
        found = self.find(key_id)
        if found is None:
            raise SettingsError(
                self.where, "knows no such key", got=key_id, fix="Add it: stillwatch signer add ENTRY --trust FILE."
            )
        return found

    def with_key(self, key: TrustedKey) -> Self:
        """Return the trust with a key added, or its entry replaced."""
        return replace(self, keys=(*(old for old in self.keys if old.key_id != key.key_id), key))

    def save(self, path: Path) -> None:
        """Write the trust file."""
        document = {
            "schema": SCHEMA,
            "required_roles": list(self.required_roles),
            "keys": [key.as_document() for key in self.keys],
        }
        write_whole(path, written(document))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the trust that a file holds.

        Raises:
            InputError: the file cannot be read, or something in it is wrong.
        """
        where = str(path)
        plain = load_plain(read_small(path, "trust file"), where)
        if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
            raise InputError(where, "is not a trust file", expected=f"schema {SCHEMA}")
        if plain.keys() != {"schema", "required_roles", "keys"} or not isinstance(plain["keys"], list):
            raise InputError(where, "is not a trust file", expected="schema, required_roles and keys")
        keys = [TrustedKey.from_document(one, f"{where}: keys/{at}") for at, one in enumerate(plain["keys"])]
        return cls(tuple(keys), checked_roles(plain["required_roles"], f"{where}: required_roles"), where)


def checked_roles(names: Any, where: str) -> tuple[str, ...]:
    """Return roles, at least one.

    Raises:
        InputError: one of them is none.
    """
    if not isinstance(names, list | tuple) or not names or not all(name in ROLES for name in names):
        raise InputError(where, "holds an unknown role", got=repr(names)[:100], expected=f"some of {', '.join(ROLES)}")
    return tuple(names)


def unfilled(required: Sequence[str], signers: Sequence[TrustedKey]) -> list[str]:
    """Return the required roles that remain when each is filled by another person.

    Guarantee: as many are filled as can be, whatever the order (a maximum matching of roles and people).

    Source: Kuhn 1955, The Hungarian method (augmenting paths).
    """
    people: dict[str, set[str]] = {}
    for signer in signers:
        people.setdefault(signer.person, set()).update(signer.roles)
    fills: dict[str, int] = {}

    def place(at: int, tried: set[str]) -> bool:
        for name, roles in people.items():
            if required[at] in roles and name not in tried:
                tried.add(name)
                if name not in fills or place(fills[name], tried):
                    fills[name] = at
                    return True
        return False

    return [role for at, role in enumerate(required) if not place(at, set())]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_NAME_CHARACTERS:
        raise InputError(where, "is not a short text", got=repr(value)[:60])
    return value


def _instant_or_none(value: Any, where: str) -> datetime | None:
    return None if value is None else instant(value, where)
