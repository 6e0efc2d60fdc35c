"""A dossier as a tagged PDF, set by Typst: values reach it as data and never as markup, and no network is asked.

The same dossier gives the same bytes: fonts are those of the Typst package, and of a folder where one is given, and the
document bears the time at which the traffic ends, for it has no clock of its own. Needs the extra ``stillwatch[pdf]``.
"""

import json
from collections.abc import Container
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.render.dossier import blocks
from stillwatch.dossiers.render.dossier.coverage import covered
from stillwatch.dossiers.render.dossier.inert_value import inert_value
from stillwatch.dossiers.render.dossier.outline import outline
from stillwatch.errors import UsageError

EXTRA: Final = "pdf"
DRAWN: Final = ((0x20, 0x24F), (0x370, 0x3FF), (0x400, 0x45F), (0x2010, 0x2027), (0x2030, 0x205E), (0x2070, 0x209F),
                (0x27E8, 0x27E9))  # fmt: skip
DRAWN_ALONE: Final = frozenset("\u00d7\u2212\u00b7\u2026\u2264\u2265")
"""Characters that the package's fonts draw; others are written as their number, so that none is left out unseen."""


def has_pdf() -> bool:
    """Return whether the extra is installed."""
    return find_spec("typst") is not None


def render_dossier_pdf(dossier: Dossier, fonts: Path | None = None) -> bytes:
    """Return a dossier as a PDF.

    Args:
        dossier: the frozen document.
        fonts: a folder of further fonts, for scripts that the package's own do not draw; null: none.

    Raises:
        UsageError: the extra is not installed.
        InputError: the folder holds no font that can be read.
    """
    if not has_pdf():
        raise UsageError(
            "dossier",
            "a PDF needs Typst, which is not installed",
            fix=f"Install it with 'pip install stillwatch[{EXTRA}]'.",
        )
    import typst  # noqa: PLC0415 - an extra

    template = resources.files("stillwatch.dossiers.render").joinpath("assets", "dossier.typ").read_bytes()
    setter = _Setter(covered(fonts) if fonts is not None else frozenset())
    data = json.dumps(setter.plain(dossier), ensure_ascii=False)
    return bytes(
        typst.compile(
            template,
            format="pdf",
            sys_inputs={"data": data},
            font_paths=typst.Fonts(include_system_fonts=False, font_paths=[] if fonts is None else [str(fonts)]),
            pdf_standards=["ua-1"],
            timestamp=int(dossier.traffic_to.timestamp()),
        )
    )


def drawable(text: str, drawn: Container[int] = frozenset()) -> str:
    """Return a text with each character that no font draws written as its number.

    Args:
        text: the text.
        drawn: code points that further fonts draw.
    """
    if text.isascii():
        return text
    return "".join(c if _is_own(c) or ord(c) in drawn else f"⟨U+{ord(c):04X}⟩" for c in text)


def _is_own(character: str) -> bool:
    return character in DRAWN_ALONE or any(low <= ord(character) <= high for low, high in DRAWN)


class _Setter:
    """Puts an outline into plain values for the template.

    Args:
        drawn: code points that further fonts draw.
    """

    def __init__(self, drawn: Container[int]) -> None:
        self._drawn = drawn

    def _drawable(self, text: str) -> str:
        return drawable(text, self._drawn)

    def plain(self, dossier: Dossier) -> dict[str, Any]:
        """Return what the template sets."""
        made = outline(dossier)
        return {
            "title": self._spans(made.title),
            "name": self._drawable(f"Dossier on campaign {inert_value(dossier.campaign_id, is_code=True)}"),
            "subtitle": self._spans(made.subtitle),
            "verdict": self._spans(made.verdict),
            "accused": made.is_accusation,
            "footer": self._drawable(made.footer),
            "blocks": [self._block(block) for block in made.blocks],
        }

    def _spans(self, spans: blocks.Spans) -> list[dict[str, Any]]:
        return [self._span(span) for span in spans]

    def _span(self, span: blocks.Span) -> dict[str, Any]:
        if isinstance(span, blocks.Words):
            return {"is": "words", "text": self._drawable(span.text)}
        if isinstance(span, blocks.Value):
            return {
                "is": "code" if span.is_code else "words",
                "text": self._drawable(inert_value(span.text, is_code=span.is_code)),
            }
        return {
            "is": "figure",
            "text": self._drawable(span.text),
            "number": span.number,
            "spread": self._drawable(span.spread),
        }

    def _cell(self, cell: blocks.Cell) -> dict[str, Any]:
        if isinstance(cell, blocks.Mark):
            return {"is": "mark", "text": self._drawable(cell.text), "tone": cell.tone}
        if isinstance(cell, blocks.Bar):
            width = max(cell.high - cell.low, 1e-9)
            start, end = sorted(((cell.start - cell.low) / width, (cell.end - cell.low) / width))
            return {"is": "bar", "start": start, "width": max(end - start, 0.006), "tone": cell.tone}
        if cell and isinstance(cell[0], tuple):
            return {"is": "several", "parts": [self._spans(spans) for spans in cell if isinstance(spans, tuple)]}
        return {"is": "spans", "spans": self._spans(tuple(span for span in cell if not isinstance(span, tuple)))}

    def _block(self, block: blocks.Block) -> dict[str, Any]:  # noqa: PLR0911 - one kind of block after the other
        if isinstance(block, blocks.Heading):
            return {"is": "heading", "level": block.level, "text": self._spans(block.text)}
        if isinstance(block, blocks.Paragraph):
            return {"is": "paragraph", "kind": block.kind, "spans": self._spans(block.spans)}
        if isinstance(block, blocks.Bullets):
            return {"is": "bullets", "items": [self._spans(item) for item in block.items]}
        if isinstance(block, blocks.Panels):
            panels = [
                {"title": p.title, "confidence": self._drawable(p.confidence), "said": [self._spans(s) for s in p.said],
                 "because": [self._spans(s) for s in p.because]}
                for p in block.panels
            ]  # fmt: skip
            return {"is": "panels", "panels": panels}
        if isinstance(block, blocks.Facts):
            return {
                "is": "facts",
                "items": [{"label": label, "spans": self._spans(spans)} for label, spans in block.items],
            }
        if isinstance(block, blocks.Days):
            counts = {"slice": list(block.slice_counts), "other": list(block.other_counts)}
            return {"is": "days", "caption": self._drawable(block.caption), "labels": list(block.labels), **counts}
        columns = [{"title": c.title, "number": c.is_number, "width": c.width} for c in block.columns]
        rows = [[self._cell(cell) for cell in row] for row in block.rows]
        caption = self._drawable(inert_value(block.caption))
        return {"is": "table", "kind": block.kind, "caption": caption, "columns": columns, "rows": rows}
