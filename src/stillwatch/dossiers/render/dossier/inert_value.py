"""Values from outside as they may stand in a dossier: visible, and no longer than a reader could use."""

from typing import Final

from stillwatch.dossiers.render.inert import digest, visible

VALUE_CHARACTERS: Final = 240  # of one value in a rendering; the whole stands in dossier.json
SENTENCE_CHARACTERS: Final = 1600  # of an appeal path or an analyst's reason


def inert_value(text: str, *, is_code: bool = False) -> str:
    """Return a value made visible and, where it is longer than any honest one, cut with a digest of the whole."""
    most = VALUE_CHARACTERS if is_code else SENTENCE_CHARACTERS
    shown = visible(text[: most + 1])
    if len(shown) <= most:
        return shown or ("(empty)" if is_code else "")
    return f"{shown[: most - 30]}… (cut) #{digest(text)}"
