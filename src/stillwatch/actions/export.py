"""An agreed proposal as a file for the provider's own systems: one row an account, to apply or to take back.

Source: OWASP, CSV injection.
"""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, Final

from stillwatch.actions.proposal import Proposal, to_plain
from stillwatch.errors import UsageError

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS: Final = (
    "account_id",
    "action",
    "effect",
    "starts_at",
    "ends_at",
    "proposal_id",
    "proposal_sha256",
    "campaign_id",
)
FORMATS: Final = ("json", "csv")
APPLY: Final = "apply"
ROLL_BACK: Final = "roll_back"


def exported(proposal: Proposal, history: Iterable[dict[str, Any]], form: str, *, roll_back: bool = False) -> bytes:
    """Return the file of a proposal.

    The JSON holds everything, ids as they are. The CSV is for people and simple tools: each cell is quoted, and one
    that a spreadsheet would take for a formula begins with an apostrophe; ids that do are exact only in the JSON.

    Args:
        proposal: which; the caller has seen to it that it was agreed to.
        history: who did what with it, as plain values.
        form: json or csv.
        roll_back: whether the file takes the step back.

    Raises:
        UsageError: an unknown form.
    """
    order = ROLL_BACK if roll_back else APPLY
    if form == "json":
        document = {
            "schema": "stillwatch.action/1",
            "order": order,
            "what": proposal.rollback if roll_back else proposal.effect,
            "proposal_sha256": proposal.sha256,
            "proposal": to_plain(proposal),
            "history": list(history),
        }
        return (json.dumps(document, indent=2, ensure_ascii=True) + "\n").encode()
    if form != "csv":
        raise UsageError("format", "unknown", got=ascii(form)[:40], expected=" or ".join(FORMATS))
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    effect = proposal.rollback if roll_back else proposal.effect
    action = f"{order}:{proposal.step}"
    span = (proposal.proposed_at.isoformat(), proposal.ends_at.isoformat())
    ids = (proposal.id, proposal.sha256, proposal.group.campaign_id)
    for member in proposal.dry_run.touched:
        writer.writerow([inert_cell(cell) for cell in (member.account_id, action, effect, *span, *ids)])
    return sink.getvalue().encode("utf-8", "backslashreplace")


def inert_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before what would begin one."""
    plain = text.replace("\x00", "")
    return f"'{plain}" if plain.lstrip(" \u00a0").startswith(FORMULA_STARTS) else plain
