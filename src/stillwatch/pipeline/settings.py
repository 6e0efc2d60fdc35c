"""Settings of a scan: one TOML file that refuses unknown keys."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from stillwatch.assessments.hypothesis import RELEASED_WEIGHTS
from stillwatch.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Settings:
    """What a scan may be told; the defaults are meant to be used.

    Args:
        q_level: expected share of false discoveries among the groups that are called coordinated.
        p_leading: least posterior of distillation at which a group is accused.
        least_members: smallest group that is reported, in entities.
        memory_mib: the embedded engine's own memory; 0 takes a quarter of the machine's.
        threads: workers of the embedded engine; 0 takes all processors. The result does not depend on it.
        weights: the released weights of the rival hypotheses.
    """

    q_level: float = 0.05
    p_leading: float = 0.9
    least_members: int = 5
    memory_mib: int = 0
    threads: int = 0
    weights: str = RELEASED_WEIGHTS

    def __post_init__(self) -> None:
        for name, low, high in (("q_level", 0.0, 1.0), ("p_leading", 0.5, 1.0)):
            value = getattr(self, name)
            if not low < value < high:
                raise SettingsError(
                    "settings", f"{name} is out of range", got=str(value), expected=f"more than {low}, less than {high}"
                )
        if self.least_members < 3:
            raise SettingsError(
                "settings", "least_members is too small", got=str(self.least_members), expected="at least 3"
            )
        for name in ("memory_mib", "threads"):
            if getattr(self, name) < 0:
                raise SettingsError(
                    "settings", f"{name} is out of range", got=str(getattr(self, name)), expected="0 or more"
                )


def load_settings(path: Path | None) -> Settings:
    """Return the settings of a TOML file, or the defaults.

    Raises:
        SettingsError: the file cannot be read, or has an unknown key or a value of the wrong type.
    """
    if path is None:
        return Settings()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(path), "settings cannot be read", got=str(error), expected="a TOML file") from error
    known = {field.name: field for field in fields(Settings)}
    for name, value in given.items():
        if name not in known:
            raise SettingsError(
                str(path),
                "unknown setting",
                got=name,
                expected=", ".join(sorted(known)),
                fix="Remove it or correct its name.",
            )
        wanted = type(known[name].default)
        if type(value) is not wanted and not (wanted is float and type(value) is int):  # true is no number here
            raise SettingsError(str(path), f"{name} has the wrong type", got=repr(value), expected=wanted.__name__)
    return Settings(**given)
