"""Where a scanned world lies."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scanned:
    """A world's folder and the case that a scan of it left."""

    world: Path
    case: Path
