"""A dossier as Markdown (CommonMark with tables): every value escaped, so that nothing from outside becomes markup."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.render.dossier import blocks
from stillwatch.dossiers.render.dossier.inert_value import inert_value
from stillwatch.dossiers.render.dossier.outline import outline

SPECIAL: Final = re.compile(
    r"([\\`*_{}\[\]!|<>~&$@]|(?<=\])[(]|:(?=\S)|(?<!\d)\.(?=\S)|\.(?=[^\s\d])|(?<=\d)[.)](?=\s|$)|(?:^|(?<=\s))[-+#=])"
)
"""What CommonMark, its tables, or a common extension (autolinks, mathematics, mentions) gives a meaning to.

Of the signs that open a block only those that could stand at the start of a line are, of points and colons only those
that could be part of an address or number a list. A backslash before ASCII punctuation is that character and nothing
else (CommonMark 0.31, section 2.4).
"""


def render_dossier_markdown(dossier: Dossier) -> str:
    """Return a dossier as Markdown, one block after the other, with the register of numbers at its end."""
    made = outline(dossier)
    head = [f"# {_spans(made.title)}", _spans(made.subtitle), f"**{_spans(made.verdict)}**"]
    parts = [*head, *(WRITERS[type(block)](block) for block in made.blocks), f"*{_escaped(made.footer)}*"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)


def _ours(text: str) -> str:
    """Return our own words with what a table or an emphasis would take for markup escaped."""
    return re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", text)


def _spans(spans: blocks.Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: blocks.Span) -> str:
    if isinstance(span, blocks.Words):
        return _ours(span.text)
    if isinstance(span, blocks.Value):
        return _escaped(inert_value(span.text, is_code=span.is_code))
    spread = f" ({_ours(span.spread)})" if span.spread else ""
    return f"{_ours(span.text)}{spread} \\[n{span.number}\\]"


def _heading(block: blocks.Heading) -> str:
    return f"{'#' * block.level} {_spans(block.text)}"


def _paragraph(block: blocks.Paragraph) -> str:
    text = _spans(block.spans)
    return f"*{text}*" if block.kind == "note" else text


def _bullets(block: blocks.Bullets) -> str:
    return "\n".join(f"- {_spans(item)}" for item in block.items)


def _panels(block: blocks.Panels) -> str:
    parts = []
    for panel in block.panels:
        parts.append(f"## {panel.title} (confidence: {_escaped(panel.confidence)})")
        parts.append(" ".join(_spans(one) for one in panel.said))
        parts.append("\n".join(f"- {_spans(one)}" for one in panel.because))
    return "\n\n".join(part for part in parts if part)


def _facts(block: blocks.Facts) -> str:
    return "\n".join(f"- {_ours(label)}: {_spans(spans)}" for label, spans in block.items)


def _table(block: blocks.Table) -> str:
    shown = [k for k in range(len(block.columns)) if not any(isinstance(row[k], blocks.Bar) for row in block.rows)]
    columns = [block.columns[k] for k in shown]
    lines = [
        f"**{_escaped(inert_value(block.caption))}**",
        "",
        "| " + " | ".join(_ours(column.title) or " " for column in columns) + " |",
        "| " + " | ".join("---:" if column.is_number else "---" for column in columns) + " |",
    ]
    lines += ["| " + " | ".join(_cell(row[k]) for k in shown) + " |" for row in block.rows]
    return "\n".join(lines)


def _cell(cell: blocks.Cell) -> str:
    if isinstance(cell, blocks.Mark):
        return f"**{_ours(cell.text)}**"
    if isinstance(cell, blocks.Bar):
        return ""
    if cell and isinstance(cell[0], tuple):
        return " · ".join(_spans(spans) for spans in cell if isinstance(spans, tuple))
    return _spans(tuple(span for span in cell if not isinstance(span, tuple))) or "—"


def _days(block: blocks.Days) -> str:
    first, last = block.labels
    counts = ", ".join(str(n) for n in block.slice_counts)
    return f"{_ours(block.caption)} From {first} to {last}; of the slice: {counts}."


WRITERS: Final[Mapping[type, Callable[[Any], str]]] = {
    blocks.Heading: _heading,
    blocks.Paragraph: _paragraph,
    blocks.Bullets: _bullets,
    blocks.Panels: _panels,
    blocks.Facts: _facts,
    blocks.Table: _table,
    blocks.Days: _days,
}
