"""Exemplars for a reader: a page and a text, made of the released document alone, in which nothing acts.

Every character that hides, turns a line or steers a terminal is written out; markup is escaped; a line that a
spreadsheet would take for a formula does not begin with its sign.
"""

import html
import re
from typing import Any, Final

from stillwatch.dossiers.render.inert import visible

_FORMULA: Final = re.compile(r"^(\s*)([=+\-@])")
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~^=:@&$])")
ZONES: Final = {"system_prompt": "System prompt", "prompt": "Prompt"}
STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;"
    "background:#fff}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f5f7;padding:1rem;border-radius:6px}"
    "mark{background:#2d333b;color:#fff;padding:0 .3em;border-radius:3px}h2{margin-top:2.5rem}"
    "@media(prefers-color-scheme:dark){body{background:#15181c;color:#e6e8eb}pre{background:#1f242a}"
    "mark{background:#e6e8eb;color:#15181c}}"
)


def render_html(document: dict[str, Any]) -> str:
    """Return a self-contained page without script; its policy forbids any."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Exemplars</title>',
        f"<style>{STYLE}</style></head><body><h1>Exemplars of {_escaped(document['campaign_id'])}</h1>",
        f"<p>{_escaped(_introduction(document))}</p>",
    ]
    for n, one in enumerate(document["exemplars"], start=1):
        parts.append(f"<h2>{n}. Exchange {_escaped(one['exchange_id'])}</h2>")
        parts.append(f"<p>{_escaped(one['requested_at'])}; families {_escaped(', '.join(one['families']))}</p>")
        for zone, segments in one["zones"].items():
            parts.append(f"<h3>{_escaped(ZONES.get(zone, zone))}</h3><pre>")
            for segment in segments:
                if "text" in segment:
                    parts.append("\n".join(_escaped(line) for line in segment["text"].split("\n")))
                else:
                    parts.append(f"<mark>{_escaped(_gap(segment))}</mark>")
            parts.append("</pre>")
    return "".join(parts) + "</body></html>\n"


def render_markdown(document: dict[str, Any]) -> str:
    """Return a text in which no mark of Markdown or HTML and no formula is live."""
    lines = [f"# Exemplars of {_plain(document['campaign_id'])}", "", _plain(_introduction(document)), ""]
    for n, one in enumerate(document["exemplars"], start=1):
        families = ", ".join(one["families"])
        lines += [f"## {n}. Exchange {_plain(one['exchange_id'])}", ""]
        lines += [_plain(f"{one['requested_at']}; families {families}"), ""]
        for zone, segments in one["zones"].items():
            lines += [f"### {_plain(ZONES.get(zone, zone))}", ""]
            text = "".join(part["text"] if "text" in part else f"⟦{_gap(part)}⟧" for part in segments)
            lines += [f"> {_plain(line)}" for line in text.split("\n")]
            lines.append("")
    return "\n".join(lines)


def _introduction(document: dict[str, Any]) -> str:
    rule = document["rule"]
    return (
        f"Exchanges of the campaign as they were sent, in part: only runs of {rule['shingle_words']} words or more "
        f"that at least {rule['least_accounts']} accounts sent are shown, and nothing that looks like personal data or "
        f"a secret ({document['patterns']}). No answer is shown. Chosen among {document['n_sampled']} of "
        f"{document['n_exchanges']} exchanges; each was sketched anew and carries the anchor of the families named."
    )


def _gap(segment: dict[str, Any]) -> str:
    words = segment["n_words"]
    count = f", {words} word{'' if words == 1 else 's'}" if words else ""
    return f"{segment['left_out']}{count}"


def _inert(line: str) -> str:
    """Return a line in which every character is seen; one that could be a formula begins with an apostrophe."""
    return _FORMULA.sub(r"\1'\2", visible(line.replace("\t", "    ")))


def _escaped(text: str) -> str:
    return html.escape(_inert(text))


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _inert(text))
