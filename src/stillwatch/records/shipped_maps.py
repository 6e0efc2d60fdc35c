"""The field maps that come with the package: gateways whose records a map can read."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from stillwatch.records.field_map import MapReader, build_reader

FOLDER: Final = files("stillwatch.records") / "maps"


def map_text(name: str) -> str:
    """Return a shipped map as it is written, for who wants to change a copy of it."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def shipped_maps() -> Mapping[str, MapReader]:
    """Return the shipped maps as readers, by name, in order of their names."""
    names = sorted(entry.name.removesuffix(".toml") for entry in FOLDER.iterdir() if entry.name.endswith(".toml"))
    return {name: build_reader(tomllib.loads(map_text(name)), f"{name}.toml") for name in names}


SHIPPED_MAPS: Final[Mapping[str, MapReader]] = shipped_maps()
