"""Where the console's case comes from: a scan's folder, opened again when another replaces it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from stillwatch.dossiers.document import DOCUMENT, from_json
from stillwatch.errors import InputError
from stillwatch.pipeline.regrouped import regrouped
from stillwatch.service.console.failure import CaseUnavailableError
from stillwatch.service.console.store import CaseStore
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import newest_decision

Mark = tuple[int, int, int]


class Source(Protocol):
    """What hands out the case as it stands now."""

    def current(self) -> CaseStore:
        """Return it."""


FIX: Final = "Give the folder that `stillwatch scan --out` wrote, or scan again."


class CaseSource:
    """Hands out the case of a folder; every request sees one whole case, never parts of two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._store: CaseStore | None = None

    def current(self) -> CaseStore:
        """Return the case as it stands now.

        Raises:
            CaseUnavailableError: there is no case, or it cannot be read; asked again, it may be there.
        """
        with self._lock:
            mark = self._marked()
            if self._store is None or mark != self._mark:
                self._store = self._open()
                self._mark = mark
            return self._store

    def _marked(self) -> Mark:
        try:
            stat = (self.folder / DOCUMENT).stat()
        except OSError as error:
            raise CaseUnavailableError(
                str(self.folder / DOCUMENT), "cannot be read", got=error.strerror, fix=FIX
            ) from None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _open(self) -> CaseStore:
        return _refused(lambda: CaseStore(self.folder, from_json((self.folder / DOCUMENT).read_bytes())), self.folder)


class HeldSource:
    """Hands out a case as the analysts of a desk hold it: merged groups as one, split groups as their parts."""

    def __init__(self, source: Source, desk: Database) -> None:
        self._source = source
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: tuple[CaseStore, int, CaseStore] | None = None

    def current(self) -> CaseStore:
        """Return the case as it stands and is held now; it is worked out once for each decision."""
        store, newest = self._source.current(), newest_decision(self._desk)
        with self._lock:
            if self._kept is None or self._kept[0] is not store or self._kept[1] != newest:
                shown = store.held(regrouped(store.folder, store.case, self._desk))
                self._kept = (store, newest, shown)
            return self._kept[2]


def _refused(opening: Callable[[], CaseStore], folder: Path) -> CaseStore:
    try:
        return opening()
    except InputError as error:
        raise CaseUnavailableError(
            f"{folder}: {error.where}", error.problem, got=error.got, expected=error.expected, fix=FIX
        ) from None
    except OSError as error:
        raise CaseUnavailableError(str(folder), "cannot be read", got=error.strerror, fix=FIX) from None
