"""What a verification found, as a document and as sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stillwatch.custody.instant import instant_text
from stillwatch.custody.origin import InputCheck
from stillwatch.custody.parts import Change
from stillwatch.custody.stamp import Stamp

SCHEMA: Final = "stillwatch.verification/1"


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """One signature and whether it counts.

    ``status`` is good, not_fitting, unknown_key, not_yet_valid, expired or revoked.
    """

    key_id: str
    name: str | None
    roles: tuple[str, ...]
    status: str
    stamped_at: datetime | None
    is_time_proved: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file that is not as it was signed, and where inside it.

    ``status`` is changed, missing, extra, replaced (no plain file any more), or differs: from a manifest that no
    signature binds.
    """

    name: str
    status: str
    changes: tuple[Change, ...] = ()
    has_more: bool = False

    @property
    def places(self) -> tuple[str, ...]:
        """Return each change with the file's name, as ``dossier.json#/campaign/q_value``."""
        return tuple(f"{self.name}#{change.place}" for change in self.changes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found.

    Args:
        created_at: when the manifest was made, as it says.
        created_by: name and key id of its maker, as it says.
        origin: the case behind the dossier, as it says.
        signatures: each signature.
        stamps: the time stamps that hold.
        n_files: files that the manifest names.
        files: those that differ.
        inputs: the inputs that were compared, where asked for.
        failures: why the dossier does not verify; empty where it does.
        warnings: what a reader should know although it verifies.
    """

    created_at: datetime | None
    created_by: tuple[str, str] | None
    origin: Mapping[str, Any]
    signatures: tuple[SignatureCheck, ...]
    stamps: tuple[Stamp, ...]
    n_files: int
    files: tuple[FileCheck, ...]
    inputs: tuple[InputCheck, ...]
    failures: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Return whether nothing speaks against the dossier."""
        return not self.failures

    def as_document(self) -> dict[str, Any]:
        """Return the verdict as plain JSON values."""
        return {
            "schema": SCHEMA,
            "is_valid": self.is_valid,
            "failures": list(self.failures),
            "warnings": list(self.warnings),
            "created_at": None if self.created_at is None else instant_text(self.created_at),
            "created_by": None
            if self.created_by is None
            else dict(zip(("key_id", "name"), self.created_by, strict=True)),
            "signatures": [
                {
                    "key_id": one.key_id,
                    "name": one.name,
                    "roles": list(one.roles),
                    "status": one.status,
                    "stamped_at": None if one.stamped_at is None else instant_text(one.stamped_at),
                    "is_time_proved": one.is_time_proved,
                    "sentence": one.sentence,
                }
                for one in self.signatures
            ],
            "stamps": [
                {"at": instant_text(one.at), "n_signatures": one.n_signatures, "authority": one.authority}
                for one in self.stamps
            ],
            "n_files": self.n_files,
            "files": [
                {
                    "name": one.name,
                    "status": one.status,
                    "changes": [{"how": change.how, "place": change.place} for change in one.changes],
                    "has_more": one.has_more,
                }
                for one in self.files
            ],
            "inputs": [{"name": one.name, "what": one.what, "status": one.status} for one in self.inputs],
            "origin": dict(self.origin),
        }

    def sentences(self) -> list[str]:
        """Return the verdict for a reader, the outcome first."""
        lines = ["VERIFIED" if self.is_valid else "NOT VERIFIED"]
        lines += [f"  {failure}" for failure in self.failures]
        lines += [f"signature  {one.sentence}" for one in self.signatures]
        lines += [
            f"stamp      {instant_text(one.at)}, over the first {one.n_signatures} signature(s), by {one.authority}"
            for one in self.stamps
        ]
        lines.append(f"files      {self.n_files} signed, {len(self.files)} not as signed")
        for one in self.files:
            lines.append(f"  {one.status:<8} {one.name}")
            lines += [f"    {change.how:<10} {change.place or 'the whole document'}" for change in one.changes]
            if one.has_more:
                lines.append("    and more")
            if one.status == "changed" and not one.changes:
                lines.append("    rewritten  the same values, written in another way")
        lines += [f"input      {one.status:<9} {one.what} {one.name}" for one in self.inputs]
        lines += [f"note       {warning}" for warning in self.warnings]
        return lines
