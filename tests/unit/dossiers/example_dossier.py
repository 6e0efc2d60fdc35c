"""The dossier of the example folder, with and without the files that may be given."""

import dataclasses
from pathlib import Path

from example_folder import CAMPAIGN, PRICES, RELEASES, SETTINGS, make_folder

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.freezing.freeze import freeze
from stillwatch.dossiers.freezing.given import Given


def given_files(folder: Path) -> Given:
    """Write price list, releases and settings, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"prices": PRICES, "releases": RELEASES, "settings": SETTINGS}
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    return Given(*(folder / f"{name}.toml" for name in texts))


def example(folder: Path, hostile: str = "") -> Dossier:
    """Return the dossier of the example case, nothing given beside it."""
    return freeze(make_folder(folder / "case", hostile), CAMPAIGN)


def golden(folder: Path) -> Dossier:
    """Return the golden dossier: the example with every file, as a version without a number wrote it.

    The bytes of a table depend on the version of its writer, so that the digests are left out.
    """
    dossier = freeze(make_folder(folder / "case"), CAMPAIGN, given_files(folder))
    sources = tuple(dataclasses.replace(s, sha256="0" * 64, n_bytes=0) for s in dossier.sources)
    return dataclasses.replace(dossier, stillwatch_version="0.0.0", sources=sources)
