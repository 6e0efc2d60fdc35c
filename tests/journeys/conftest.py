"""A tiny world and its case, made once by the commands themselves."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from console import stillwatch


@dataclass(frozen=True)
class Scanned:
    """A world, the key it was scanned with, and the case."""

    world: Path
    key: Path
    case: Path
    summary: dict

    @property
    def inputs(self):
        """The arguments that name the world's tables and the key."""
        tables = ("accounts", "authorisations")
        options = [part for name in tables for part in (f"--{name}", str(self.world / f"{name}.parquet"))]
        return [str(self.world / "exchanges.parquet"), *options, "--key-file", str(self.key)]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The tiny world, scanned once with a key of its own."""
    folder = tmp_path_factory.mktemp("tiny")
    assert stillwatch("world", "--preset", "tiny", "--seed", 1, "--out", folder / "world", "--json").status == 0
    assert stillwatch("key", "new", folder / "sketch.key").status == 0
    scanned = Scanned(folder / "world", folder / "sketch.key", folder / "case", {})
    done = stillwatch("scan", *scanned.inputs, "--out", scanned.case, "--json")
    assert done.status == 0, done.err
    return Scanned(scanned.world, scanned.key, scanned.case, done.document)
