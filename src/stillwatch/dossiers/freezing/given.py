"""What may be given beside a case: list prices, releases of models, and the dossier's own settings."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Given:
    """Files beside the case; each may be null.

    Args:
        prices: list prices by model, TOML.
        releases: releases of models, the provider's and others', TOML.
        settings: the appeal path and wording, TOML.
    """

    prices: Path | None = None
    releases: Path | None = None
    settings: Path | None = None
