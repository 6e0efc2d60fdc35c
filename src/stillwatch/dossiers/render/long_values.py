"""Long values stand shortened in the text and whole at the end of the report, each once."""

from typing import Final

from markupsafe import Markup, escape

from stillwatch.dossiers.render.inert import digest, is_long, short, visible

VALUE_CHARACTERS: Final = 4096  # of one value; more is an attack, and stands in campaigns.json
TOTAL_CHARACTERS: Final = 200_000  # of all values, a tenth of the report's limit


class LongValues:
    """Collects, during one rendering, the values that were shortened."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def ident(self, value: str) -> Markup:
        """Return an identifier for the text: isolated from its surroundings, shortened, with a link to the whole."""
        shown = Markup('<bdi class="id">{}</bdi>').format(short(value))
        if not is_long(value):
            return shown
        key = digest(value)
        self._values.setdefault(key, value)
        return Markup('<a class="whole" href="#v-{}" title="The whole value">{}</a>').format(key, shown)

    def cell(self, value: str) -> Markup:
        """Return an identifier for a table's cell, which isolates it already."""
        return self.ident(value) if is_long(value) else escape(short(value))

    def whole(self) -> list[tuple[str, int, Markup, bool]]:
        """Return per collected value its digest, its length, what is shown of it, and whether that is all."""
        rows, left = [], TOTAL_CHARACTERS
        for key, value in sorted(self._values.items()):
            shown = visible(value[: VALUE_CHARACTERS + 1])[: min(VALUE_CHARACTERS, left)]
            left -= len(shown)
            rows.append(
                (key, len(value), escape(shown), shown == visible(value))
            )  # escaped here: longer than a sentence
        return rows
