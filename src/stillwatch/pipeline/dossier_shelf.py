"""Dossiers kept beside a desk: made, signed where a key is at hand, verified, and handed out file by file."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from stillwatch.custody.instant import now
from stillwatch.custody.origin import RUN, origin_of
from stillwatch.custody.signing import sign
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.trust import Trust, TrustedKey
from stillwatch.custody.verdict import Verdict
from stillwatch.custody.verification import Request, verify
from stillwatch.errors import NotFoundError, OutputError, SettingsError
from stillwatch.pipeline.dossier import DossierRequest, write_dossier

NAME: Final = re.compile(r"d-[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9]{1,40}")
FILE: Final = re.compile(r"[a-z][a-z0-9._-]{0,60}")
KEY_DAYS: Final = 730  # as `stillwatch signer new`
KEY_FILE: Final = "signing.key"
TRUST_FILE: Final = "trust.json"


@dataclass(frozen=True, slots=True)
class ShelvedDossier:
    """One dossier on the shelf.

    Args:
        name: its folder's name.
        made_at: when, as the name says.
        files: names of its files.
        verdict: what a verification found now, or null where it is not signed or nobody's key is believed.
    """

    name: str
    made_at: datetime
    files: tuple[str, ...]
    verdict: Verdict | None


class DossierShelf:
    """A folder of dossiers.

    Args:
        folder: where they lie; it is made with the first one.
        signing_key: the key that signs, or null: one made here, if there is one.
        trust: the trust file, or null: the one made with that key.
    """

    def __init__(self, folder: Path, signing_key: Path | None = None, trust: Path | None = None) -> None:
        self._folder = folder
        self._key = signing_key or folder / KEY_FILE
        self._trust = trust or folder / TRUST_FILE
        self.can_make_key = signing_key is None and trust is None

    @property
    def can_sign(self) -> bool:
        """Return whether a key and a trust file are at hand."""
        return self._key.is_file() and self._trust.is_file()

    def make_key(self, holder: str) -> str:
        """Make a signing key of this desk, with a trust file that believes it, and return its id.

        Raises:
            SettingsError: keys are given, or were made already.
        """
        if not self.can_make_key or self._key.exists() or self._trust.exists():
            raise SettingsError("signing key", "is there already", got=str(self._key))
        self._make_folder()
        key, begin = SigningKey.generate(), now()
        entry = TrustedKey(key.public, holder, ("analyst",), begin, begin + timedelta(days=KEY_DAYS))
        key.save(self._key)
        Trust((entry,)).save(self._trust)
        return key.key_id

    def make(self, case: Path, campaign_id: str, at: datetime) -> ShelvedDossier:
        """Freeze a campaign into a new dossier, sign it where a key is at hand, verify it, and return it.

        Raises:
            StillwatchError: the case, the key or the output is refused.
        """
        self._make_folder()
        mark = "".join(character for character in campaign_id if character.isascii() and character.isalnum())[:40]
        name = f"d-{at:%Y%m%dT%H%M%SZ}-{mark or 'group'}"
        out = self._folder / name
        write_dossier(DossierRequest(case, campaign_id, out))
        if self.can_sign:
            origin = origin_of(case) if (case / RUN).is_file() else {}
            sign(out, SigningKey.load(self._key), Trust.load(self._trust), origin, now())
        return self.get(name)

    def get(self, name: str) -> ShelvedDossier:
        """Return a dossier, verified now.

        Raises:
            NotFoundError: there is none of that name.
        """
        folder = self._folder / name
        if not NAME.fullmatch(name) or folder.is_symlink() or not folder.is_dir():
            raise NotFoundError("dossier", "no such dossier", got=ascii(name)[:80])
        plain = (path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
        files = tuple(sorted(path.name for path in plain if FILE.fullmatch(path.name)))
        verdict = verify(Request(folder, Trust.load(self._trust))) if self._trust.is_file() else None
        return ShelvedDossier(name, datetime.strptime(f"{name[2:17]}+0000", "%Y%m%dT%H%M%S%z"), files, verdict)

    def names(self, campaign_id: str) -> tuple[str, ...]:
        """Return the names of a campaign's dossiers, the newest first."""
        mark = "".join(character for character in campaign_id if character.isascii() and character.isalnum())[:40]
        if not self._folder.is_dir():
            return ()
        found = (path.name for path in self._folder.iterdir() if NAME.fullmatch(path.name))
        return tuple(sorted((name for name in found if name.endswith(f"Z-{mark or 'group'}")), reverse=True))

    def file(self, name: str, file: str) -> bytes:
        """Return a file of a dossier.

        Raises:
            NotFoundError: there is none of that name.
        """
        path = self._folder / name / file
        if not FILE.fullmatch(file) or file not in self.get(name).files or path.is_symlink():
            raise NotFoundError("dossier", "no such file", got=ascii(file)[:80])
        return path.read_bytes()

    def trust_file(self) -> bytes:
        """Return the file that says whose signatures are believed; it holds public keys and names alone.

        Raises:
            NotFoundError: there is none.
        """
        if not self._trust.is_file():
            raise NotFoundError("dossier", "there is no trust file", fix="Make a signing key first.")
        return self._trust.read_bytes()

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(str(self._folder), "cannot be made", got=error.strerror) from None
