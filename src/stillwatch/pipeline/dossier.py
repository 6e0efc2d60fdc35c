"""A dossier's folder: the frozen document and its renderings, all of them or none."""

from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.dossiers.dossier import DOCUMENT
from stillwatch.dossiers.dossier_document import dossier_to_json
from stillwatch.dossiers.freezing.freeze import freeze
from stillwatch.dossiers.freezing.given import Given
from stillwatch.pipeline.folder import whole_folder


@dataclass(frozen=True, slots=True)
class DossierRequest:
    """What to freeze and where to put it.

    Args:
        case: the case's folder.
        campaign_id: the campaign.
        out: the dossier's folder.
        given: files beside the case.
        replace: whether an earlier dossier at ``out`` may be replaced.
    """

    case: Path
    campaign_id: str
    out: Path
    given: Given = field(default_factory=Given)
    replace: bool = False


def write_dossier(request: DossierRequest) -> tuple[str, ...]:
    """Freeze a campaign, render it, leave the folder, and return the names of its files.

    Guarantee: the same case, given files and version give the same bytes; an interrupted run leaves nothing.

    Raises:
        StillwatchError: an input or the output is refused.
    """
    document = freeze(request.case, request.campaign_id, request.given)
    with whole_folder(request.out, mark=DOCUMENT, noun="dossier", replace=request.replace) as folder:
        (folder / DOCUMENT).write_bytes(dossier_to_json(document))
    return (DOCUMENT,)
