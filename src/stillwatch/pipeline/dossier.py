"""A dossier's folder: the frozen document and its renderings, all of them or none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stillwatch.custody.manifest import ENVELOPE
from stillwatch.dossiers.dossier import DOCUMENT, Dossier
from stillwatch.dossiers.dossier_document import dossier_from_json, dossier_to_json
from stillwatch.dossiers.freezing.freeze import freeze
from stillwatch.dossiers.freezing.given import Given
from stillwatch.dossiers.render.dossier.html import render_dossier_html
from stillwatch.dossiers.render.dossier.markdown import render_dossier_markdown
from stillwatch.dossiers.render.dossier.pdf import has_pdf, render_dossier_pdf
from stillwatch.errors import OutputError, UsageError
from stillwatch.pipeline.folder import whole_folder

FORMATS: Final = ("html", "markdown", "pdf")
WRITERS: Final[Mapping[str, tuple[str, Callable[[Dossier, Path | None], bytes]]]] = {
    "html": ("dossier.html", lambda dossier, _: render_dossier_html(dossier).encode()),
    "markdown": ("dossier.md", lambda dossier, _: render_dossier_markdown(dossier).encode()),
    "pdf": ("dossier.pdf", render_dossier_pdf),
}


@dataclass(frozen=True, slots=True)
class DossierRequest:
    """What to freeze and where to put it.

    Args:
        case: the case's folder.
        campaign_id: the campaign.
        out: the dossier's folder.
        given: files beside the case.
        formats: renderings beside the document, or null: all, the PDF where its extra is installed.
        replace: whether an earlier dossier at ``out`` may be replaced.
        fonts: a folder of further fonts for the PDF, or null.
    """

    case: Path
    campaign_id: str
    out: Path
    given: Given = field(default_factory=Given)
    formats: tuple[str, ...] | None = None
    replace: bool = False
    fonts: Path | None = None


def write_dossier(request: DossierRequest) -> tuple[str, ...]:
    """Freeze a campaign, render it, leave the folder, and return the names of its files.

    Guarantee: the same case, given files and version give the same bytes; an interrupted run leaves nothing.

    Raises:
        StillwatchError: an input or the output is refused, or a format is not known or not installed.
    """
    formats = request.formats
    if formats is None:
        formats = FORMATS if has_pdf() else tuple(name for name in FORMATS if name != "pdf")
    _check(formats)
    document = freeze(request.case, request.campaign_id, request.given)
    return _write(document, request.out, formats, replace=request.replace, fonts=request.fonts)


def render_again(
    document: bytes, out: Path, formats: Sequence[str], *, replace: bool, fonts: Path | None = None
) -> tuple[str, ...]:
    """Render a dossier's document, brought up to the present schema, into a folder, and return its files' names.

    Raises:
        StillwatchError: the document or the output is refused, or a format is not known or not installed.
    """
    _check(formats)
    return _write(dossier_from_json(document), out, formats, replace=replace, fonts=fonts)


def _check(formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise UsageError("dossier", "no such format", got=", ".join(unknown), expected=", ".join(FORMATS))


def _write(
    document: Dossier, out: Path, formats: Sequence[str], *, replace: bool, fonts: Path | None
) -> tuple[str, ...]:
    made = [(DOCUMENT, dossier_to_json(document))]
    made += [(WRITERS[name][0], WRITERS[name][1](document, fonts)) for name in FORMATS if name in formats]
    if (out / ENVELOPE).exists():
        raise OutputError(str(out), "a signed dossier stands there", fix="Choose another --out; move it away by hand.")
    with whole_folder(out, mark=DOCUMENT, noun="dossier", replace=replace) as folder:
        for name, content in made:
            (folder / name).write_bytes(content)
    return tuple(name for name, _ in made)
