"""A dossier as one self-contained HTML page: no script, no request to elsewhere, ready to print.

Nothing from outside becomes markup: each value is made visible and then escaped. The content security policy allows
exactly our one style sheet, by hash, and nothing else.
"""

import base64
import functools
import hashlib
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final

from markupsafe import Markup, escape

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.render.charts.svg import element, percent
from stillwatch.dossiers.render.dossier import blocks
from stillwatch.dossiers.render.dossier.inert_value import inert_value
from stillwatch.dossiers.render.dossier.outline import outline

EMPTY: Final = Markup("")
DAYS_HEIGHT: Final = 100.0
WHOLE_CHARACTERS: Final = 18  # of a number that is kept on one line with its print number
DAYS_GAP: Final = 0.18  # of a column's width


def render_dossier_html(dossier: Dossier) -> str:
    """Return a dossier as an HTML document."""
    made = outline(dossier)
    style = _style()
    sections = EMPTY.join(_block(block) for block in made.blocks)
    page = Markup(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n<title>{name}</title>\n<style>{style}</style>\n</head>\n<body>\n'
        '<a class="skip" href="#main">To the dossier</a>\n<header class="{tone}"><p class="kind">Dossier · for named readers '
        'only</p><h1>{title}</h1><p class="sub">{subtitle}</p><p class="verdict">{verdict}</p></header>\n{nav}\n'
        '<main id="main">\n{sections}\n</main>\n<footer>{footer}</footer>\n</body>\n</html>\n'
    )
    return str(
        page.format(
            policy=f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'",
            name=f"Dossier {inert_value(dossier.campaign_id, is_code=True)}",
            style=Markup(style),  # noqa: S704 - our own file
            tone="accused" if made.is_accusation else "plain",
            title=_spans(made.title),
            subtitle=_spans(made.subtitle),
            verdict=_spans(made.verdict),
            nav=_nav(made),
            sections=sections,
            footer=made.footer,
        )
    )


@functools.cache
def _style() -> str:
    folder = resources.files("stillwatch.dossiers.render").joinpath("assets", "dossier.css")
    return folder.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _nav(made: blocks.Outline) -> Markup:
    links = [
        Markup('<li><a href="#{}">{}</a></li>').format(block.anchor, _spans(block.text))
        for block in made.blocks
        if isinstance(block, blocks.Heading) and block.level == 2
    ]
    return Markup('<nav aria-label="Contents"><ol>{}</ol></nav>').format(EMPTY.join(links))


def _spans(spans: blocks.Spans) -> Markup:
    return EMPTY.join(_span(span) for span in spans)


def _span(span: blocks.Span) -> Markup:
    if isinstance(span, blocks.Words):
        return escape(span.text)
    if isinstance(span, blocks.Value):
        shown = inert_value(span.text, is_code=span.is_code)
        return Markup("<bdi{}>{}</bdi>").format(Markup(' class="id"') if span.is_code else EMPTY, shown)
    spread = Markup('<span class="spread">{}</span>').format(span.spread) if span.spread else EMPTY
    kind = "n whole" if len(span.text) <= WHOLE_CHARACTERS else "n"
    return Markup('<a class="{}" href="#n-{}">{}<sup>[{}]</sup></a>{}').format(
        kind, span.number, span.text, span.number, spread
    )


def _heading(block: blocks.Heading) -> Markup:
    anchor = Markup(' id="{}"').format(block.anchor) if block.anchor else EMPTY
    return Markup("<h{level}{anchor}>{text}</h{level}>\n").format(
        level=block.level, anchor=anchor, text=_spans(block.text)
    )


def _paragraph(block: blocks.Paragraph) -> Markup:
    return Markup('<p class="{}">{}</p>\n').format(block.kind, _spans(block.spans))


def _bullets(block: blocks.Bullets) -> Markup:
    return Markup("<ul>{}</ul>\n").format(
        EMPTY.join(Markup("<li>{}</li>").format(_spans(item)) for item in block.items)
    )


def _panels(block: blocks.Panels) -> Markup:
    made = [
        Markup(
            '<section class="panel {level}"><h2 class="in-panel">{title}</h2><p class="confidence">Confidence: '
            "<b>{level}</b></p>{said}<ul>{because}</ul></section>"
        ).format(
            level=panel.confidence,
            title=panel.title,
            said=EMPTY.join(Markup("<p>{}</p>").format(_spans(one)) for one in panel.said),
            because=EMPTY.join(Markup("<li>{}</li>").format(_spans(one)) for one in panel.because),
        )
        for panel in block.panels
    ]
    return Markup('<div class="panels">{}</div>\n').format(EMPTY.join(made))


def _facts(block: blocks.Facts) -> Markup:
    made = [Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(label, _spans(spans)) for label, spans in block.items]
    return Markup('<dl class="facts">{}</dl>\n').format(EMPTY.join(made))


def _table(block: blocks.Table) -> Markup:
    head = EMPTY.join(
        Markup('<th scope="col"{}>{}</th>').format(Markup(' class="num"') if c.is_number else EMPTY, c.title)
        for c in block.columns
    )
    total = sum(column.width for column in block.columns)
    cols = EMPTY.join(Markup('<col class="w{}">').format(round(20 * c.width / total)) for c in block.columns)
    rows = []
    for i, row in enumerate(block.rows):
        anchor = Markup(' id="{}"').format(block.anchors[i]) if block.anchors else EMPTY
        cells = EMPTY.join(_cell(cell, column) for cell, column in zip(row, block.columns, strict=True))
        rows.append(Markup("<tr{}>{}</tr>\n").format(anchor, cells))
    return Markup(
        '<table class="{}"><caption>{}</caption><colgroup>{}</colgroup><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table>\n'
    ).format(block.kind, inert_value(block.caption), cols, head, EMPTY.join(rows))


def _cell(cell: blocks.Cell, column: blocks.Column) -> Markup:
    kind = Markup(' class="num"') if column.is_number else EMPTY
    return Markup('<td{} data-label="{}">{}</td>').format(kind, column.title, _content(cell))


def _content(cell: blocks.Cell) -> Markup:
    if isinstance(cell, blocks.Mark):
        return Markup('<span class="mark {}">{}</span>').format(cell.tone, cell.text)
    if isinstance(cell, blocks.Bar):
        return _bar(cell)
    if cell and isinstance(cell[0], tuple):
        return EMPTY.join(Markup("<p>{}</p>").format(_spans(spans)) for spans in cell if isinstance(spans, tuple))
    return _spans(tuple(span for span in cell if not isinstance(span, tuple))) if cell else Markup("—")


def _bar(bar: blocks.Bar) -> Markup:
    width = max(bar.high - bar.low, 1e-9)
    start, end = sorted(((bar.start - bar.low) / width, (bar.end - bar.low) / width))
    zero = (0.0 - bar.low) / width
    return element(
        "svg",
        element("rect", class_="zero", x=percent(zero), width="1", height="100%"),
        element(
            "rect", class_=bar.tone, x=percent(start), y="15%", width=percent(max(end - start, 0.006)), height="70%"
        ),
        class_="bar",
        aria_hidden="true",
    )


def _days(block: blocks.Days) -> Markup:
    n = len(block.slice_counts)
    most = max((a + b for a, b in zip(block.slice_counts, block.other_counts, strict=True)), default=0) or 1
    rects = []
    for i, (mine, other) in enumerate(zip(block.slice_counts, block.other_counts, strict=True)):
        heights = (mine / most * DAYS_HEIGHT, other / most * DAYS_HEIGHT)
        x, width = i + DAYS_GAP / 2, 1 - DAYS_GAP
        if mine:
            rects.append(
                element("rect", class_="slice", x=x, y=DAYS_HEIGHT - heights[0], width=width, height=heights[0])
            )
        if other:
            rects.append(
                element("rect", class_="own", x=x, y=DAYS_HEIGHT - sum(heights), width=width, height=heights[1])
            )
    chart = element(
        "svg", *rects, class_="days", viewBox=f"0 0 {n} {DAYS_HEIGHT:g}", preserveAspectRatio="none", role="img",
        aria_label=block.caption,
    )  # fmt: skip
    return Markup(
        '<figure>{}<p class="ends"><span>{}</span><span>most: {:,}</span><span>{}</span></p><figcaption><i class="key slice"></i> '
        'slice <i class="key own"></i> other traffic of members. {}</figcaption></figure>\n'
    ).format(chart, block.labels[0], most, block.labels[1], block.caption)


WRITERS: Final[Mapping[type, Callable[[Any], Markup]]] = {
    blocks.Heading: _heading,
    blocks.Paragraph: _paragraph,
    blocks.Bullets: _bullets,
    blocks.Panels: _panels,
    blocks.Facts: _facts,
    blocks.Table: _table,
    blocks.Days: _days,
}


def _block(block: blocks.Block) -> Markup:
    return WRITERS[type(block)](block)
