"""A small world, scanned once for all tests of the service."""

import pytest
from scanned_world import Scanned

from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.pipeline.settings import Settings
from stillwatch.sketches.key import SketchKey
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.presets import load_preset


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """The tiny world, scanned."""
    folder = tmp_path_factory.mktemp("service")
    write_world(build_world(load_preset("tiny"), 1, "tune"), folder / "world")
    request = ScanRequest(
        [str(folder / "world" / "exchanges.parquet")],
        folder / "case",
        SketchKey.public_demo_key(),
        accounts=[str(folder / "world" / "accounts.parquet")],
        authorisations=[str(folder / "world" / "authorisations.parquet")],
        settings=Settings(threads=1, memory_mib=512),
    )
    scan(request, lambda *_: None)
    return Scanned(folder / "world", folder / "case")
