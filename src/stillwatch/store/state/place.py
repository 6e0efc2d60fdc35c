"""The vault that a user names: a folder, or a PostgreSQL database."""

import importlib
from pathlib import Path
from typing import Final

from stillwatch.errors import UsageError
from stillwatch.store.state.folder import FolderVault
from stillwatch.store.state.vault import Vault

DATABASES: Final = ("postgresql://", "postgres://")


def vault_at(place: str) -> Vault:
    """Return the vault at a folder's path or a ``postgresql://`` address; nothing is opened yet.

    Raises:
        UsageError: it is no address, or what a database needs is not installed.
    """
    if not place.startswith(DATABASES):
        return FolderVault(Path(place))
    try:
        postgres = importlib.import_module("stillwatch.store.state.postgres")
    except ModuleNotFoundError:
        raise UsageError(
            "--state", "a database needs a package that is not installed", fix="pip install 'stillwatch[postgres]'"
        ) from None
    vault: Vault = postgres.PostgresVault(place)
    return vault
