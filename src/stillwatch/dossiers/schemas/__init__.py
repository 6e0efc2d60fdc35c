"""The published JSON Schemas: of whole documents (``campaigns``, ``run``, ``dossier``), and of a row of each table."""

import json
from importlib import resources
from typing import Any, Final

NAMES: Final = (
    "campaigns", "run", "dossier", "accounts", "exchanges", "memberships", "quarantine", "members", "slices",
    "observations", "organisations", "profiles", "activity", "values", "families", "comparisons",
    "custody", "trust", "verification", "exemplars", "proposal", "action",
)  # fmt: skip


def schema(name: str) -> dict[str, Any]:
    """Return one published schema (draft 2020-12) by its name, one of ``NAMES``."""
    text = resources.files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
