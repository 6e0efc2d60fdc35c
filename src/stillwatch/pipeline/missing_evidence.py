"""Evidence that the columns of the traffic do not allow, told in the case and by a dry run of readers alike."""

from stillwatch.assessments.catalogue import KINDS
from stillwatch.dossiers.case import MissingEvidence
from stillwatch.links.identity import ACCOUNT_TIES


def missing_evidence(columns: frozenset[str]) -> tuple[MissingEvidence, ...]:
    """Return the evidence that the traffic's columns do not allow.

    Evidence that any one of several columns gives is kept while one of them is there.
    """
    found = []
    for kind in KINDS.values():
        absent = tuple(name for name in kind.needs if name not in columns)
        if kind.needs and len(absent) == len(kind.needs):
            found.append(MissingEvidence(kind.name, kind.title, absent))
    found += [
        MissingEvidence(
            f"shared_{column.removesuffix('_fingerprint').removesuffix('_id')}",
            f"Test of shared {column.replace('_', ' ')}",
            (column,),
        )
        for column in (*ACCOUNT_TIES, "ip")
        if column not in columns
    ]
    if "banned_at" not in columns:
        found.append(MissingEvidence("ban_burst", "Test of simultaneous bans", ("banned_at",)))
    if "created_at" not in columns:
        found.append(MissingEvidence("sign_up_test", "Test of simultaneous sign-ups", ("created_at",)))
    return tuple(found)
