"""What may be given beside a case: list prices, releases of models, and the dossier's own settings. Strictly read."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from stillwatch.dossiers.dossier import Source
from stillwatch.dossiers.freezing.case_folder import digest
from stillwatch.errors import SettingsError

APPEAL: Final = (
    "Whoever holds an account named here can object to the provider. An objection is read by somebody who took no part in "
    "the finding, with this dossier and the rows behind its numbers at hand; until it is decided, nothing is done to the "
    "account that cannot be undone."
)


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


@dataclass(frozen=True, slots=True)
class Price:
    """A model's list price in the list's currency for a million tokens; cached input at ``cached`` where known."""

    model: str
    input: float
    output: float
    cached: float


@dataclass(frozen=True, slots=True)
class PriceList:
    """List prices, in one currency, as of a day."""

    file: str
    currency: str
    as_of: str
    source: str
    prices: Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class ModelRelease:
    """A release of a model, by the provider or by another organisation."""

    model: str
    at: datetime
    organisation: str | None  # null: the provider's own
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the given files say."""

    prices: PriceList | None = None
    releases: tuple[ModelRelease, ...] = ()
    releases_file: str = ""
    appeal: str = APPEAL
    contact: str = ""
    organisation_names: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()


def read_given(given: Given) -> Facts:
    """Return what the given files say.

    Raises:
        SettingsError: a file cannot be read, or has an unknown key or a value of the wrong kind.
    """
    sources: list[Source] = []
    prices = _prices(given.prices, sources) if given.prices else None
    releases = _releases(given.releases, sources) if given.releases else ()
    settings = _settings(given.settings, sources) if given.settings else {}
    return Facts(
        prices=prices,
        releases=releases,
        releases_file=given.releases.name if given.releases else "",
        appeal=settings.get("appeal", APPEAL),
        contact=settings.get("contact", ""),
        organisation_names=settings.get("organisations", {}),
        sources=tuple(sources),
    )


def _prices(path: Path, sources: list[Source]) -> PriceList:
    plain = _toml(path, sources, {"currency": str, "as_of": (str, date), "source": str, "price": list})
    prices = {}
    for i, entry in enumerate(plain.get("price", [])):
        where = f"{path}: price[{i}]"
        kinds = {"model": str, "input_per_million": float, "cached_per_million": float, "output_per_million": float}
        row = _checked(entry, kinds, where, required=("model", "input_per_million", "output_per_million"))
        numbers = [row["input_per_million"], row["output_per_million"]]
        numbers.append(row.get("cached_per_million", row["input_per_million"]))
        if any(not 0 <= number < 1e9 for number in numbers):
            raise SettingsError(where, "a price is out of range", got=str(numbers), expected="0 or more")
        if row["model"] in prices:
            raise SettingsError(where, "the model has a price already", got=repr(row["model"]), expected="each once")
        prices[row["model"]] = Price(row["model"], *map(float, numbers))
    return PriceList(
        path.name, plain.get("currency", "USD"), str(plain.get("as_of", "")), plain.get("source", ""), prices
    )


def _releases(path: Path, sources: list[Source]) -> tuple[ModelRelease, ...]:
    plain = _toml(path, sources, {"source": str, "release": list})
    found = []
    for i, entry in enumerate(plain.get("release", [])):
        where = f"{path}: release[{i}]"
        kinds = {"model": str, "at": (date, datetime), "organisation": str, "source": str}
        row = _checked(entry, kinds, where, required=("model", "at"))
        at = row["at"] if isinstance(row["at"], datetime) else datetime.combine(row["at"], datetime.min.time(), UTC)
        if at.tzinfo is None:
            raise SettingsError(where, "the time has no offset", got=str(at), expected="as 2026-03-06T15:00:00Z")
        found.append(
            ModelRelease(
                row["model"], at.astimezone(UTC), row.get("organisation"), row.get("source", plain.get("source", ""))
            )
        )
    return tuple(sorted(found, key=lambda release: (release.at, release.model)))


def _settings(path: Path, sources: list[Source]) -> dict[str, Any]:
    plain = _toml(path, sources, {"appeal": str, "contact": str, "organisations": dict})
    for name, title in plain.get("organisations", {}).items():
        if not isinstance(title, str):
            raise SettingsError(f"{path}: organisations", "a name is no text", got=repr(title), expected=f"{name} = ''")
    return plain


def _toml(path: Path, sources: list[Source], kinds: Mapping[str, Any]) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        plain = tomllib.loads(content.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(path), "cannot be read", got=str(error), expected="a TOML file") from None
    sources.append(Source(path.name, "given", digest(content), len(content)))
    return _checked(plain, kinds, str(path), required=())


def _checked(plain: Any, kinds: Mapping[str, Any], where: str, required: tuple[str, ...]) -> dict[str, Any]:
    """Return a table whose keys are all known, whose values have their kinds, and which lacks nothing required."""
    if not isinstance(plain, dict):
        raise SettingsError(where, "no table", got=repr(plain)[:60], expected=", ".join(kinds))
    for name, value in plain.items():
        if name not in kinds:
            raise SettingsError(where, "unknown key", got=name, expected=", ".join(kinds), fix="Correct its name.")
        kind = kinds[name]
        is_number = kind is float and type(value) in (int, float)
        if not is_number and (not isinstance(value, kind) or isinstance(value, bool)):
            raise SettingsError(where, f"{name} has the wrong kind", got=repr(value)[:60], expected=str(kind))
    for name in required:
        if name not in plain:
            raise SettingsError(where, f"{name} is missing", expected=", ".join(required))
    return plain
