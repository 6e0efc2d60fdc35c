"""Presets: a world's window, releases and actors, as a TOML file that a person can read and change."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from importlib import resources
from pathlib import Path
from typing import Any, Final

from stillwatch.errors import SettingsError, UsageError
from stillwatch.worlds.account import DAY_S, Window

KEYS: Final = frozenset({"name", "about", "start", "days", "release_days", "models", "streamed", "actors"})
MODELS: Final = ("sable-2", "sable-3", "sable-3-swift", "onyx-1", "onyx-2")  # invented; the last ones are the releases


@dataclass(frozen=True, slots=True)
class ActorTable:
    """One ``[[actors]]`` table: a kind, how many of it, and its parameters."""

    kind: str
    count: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe of a world; with a seed and a split it is one world."""

    name: str
    window: Window
    models: tuple[str, ...]
    actors: tuple[ActorTable, ...]
    is_streamed: bool = False  # too large to hold: written chunk by chunk


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that come with the package."""
    folder = resources.files("stillwatch.worlds") / "presets"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_preset(name: str) -> Preset:
    """Return a preset by its name, or read one from a path that ends in ``.toml``.

    Raises:
        UsageError: no such preset or file.
        SettingsError: the file is not a preset.
    """
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(name, "cannot read the preset", got=str(error)) from error
    else:
        entry = resources.files("stillwatch.worlds") / "presets" / f"{name}.toml"
        if name not in preset_names():
            raise UsageError("--preset", "no such preset", got=repr(name), expected=", ".join(preset_names()))
        text = entry.read_text(encoding="utf-8")
    try:
        return read_preset(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(name, "not TOML", got=str(error)) from error


def read_preset(table: Mapping[str, Any], where: str) -> Preset:
    """Return the preset that a TOML document describes.

    Raises:
        SettingsError: an unknown or ill-typed key.
    """
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise SettingsError(where, "unknown keys", got=", ".join(unknown), expected=", ".join(sorted(KEYS)))
    try:
        start_at = datetime.combine(table["start"], time(), UTC)
        releases = tuple(float(day) * DAY_S for day in table.get("release_days", ()))
        window = Window(start_at, int(table["days"]), releases)
        actors = tuple(_actor_table(dict(entry)) for entry in table["actors"])
        name, models = str(table["name"]), tuple(str(model) for model in table.get("models", MODELS))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(where, "not a preset", got=f"{type(error).__name__}: {error}") from error
    if len(models) <= len(releases):
        raise SettingsError(where, "fewer models than releases", got=str(len(models)), expected=f"> {len(releases)}")
    return Preset(name, window, models, actors, bool(table.get("streamed", False)))


def _actor_table(entry: dict[str, Any]) -> ActorTable:
    kind, count = str(entry.pop("kind")), int(entry.pop("count", 1))
    if count < 1:
        raise ValueError(f"count of {kind} is {count}")
    return ActorTable(kind, count, entry)
