"""Template packs: the wording of campaigns, applications, classrooms and pipelines, one pack a side.

A template is a string with ``[a|b|c]`` alternatives and ``{slot}`` places. Choosing the alternatives gives a wording
(thousands of paraphrases of one family exist); filling the slots gives a prompt. The two packs share no phrase of four
words.

Source: ours.
"""

import re
import tomllib
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Final

from stillwatch.errors import UsageError

ALTERNATIVES: Final = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
SLOT: Final = re.compile(r"\{([a-z_]+)\}")


class Pack:
    """The templates of one side, by kind; each kind has one family or more."""

    def __init__(self, split: str, families: dict[str, tuple[str, ...]]) -> None:
        self.split = split
        self._families = families

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of template, sorted."""
        return tuple(sorted(self._families))

    def families(self, kind: str) -> tuple[str, ...]:
        """Return a kind's families with their alternatives still open.

        Raises:
            UsageError: the pack has no such kind.
        """
        if kind not in self._families:
            raise UsageError(f"templates/{self.split}.toml", "no such kind", got=kind, expected=", ".join(self.kinds))
        return self._families[kind]

    def wording(self, kind: str, draw: Random, family: int | None = None) -> str:
        """Return one wording of a kind: alternatives chosen, slots open."""
        families = self.families(kind)
        return choose(families[draw.randrange(len(families)) if family is None else family % len(families)], draw)

    def paraphrases(self, kind: str, draw: Random, n: int, family: int | None = None) -> tuple[str, ...]:
        """Return up to ``n`` different wordings of one family, slots open."""
        families = self.families(kind)
        chosen = families[draw.randrange(len(families)) if family is None else family % len(families)]
        found: dict[str, None] = {}
        for _ in range(4 * n):  # repeats are rare where a family has thousands of wordings
            if len(found) == n:
                break
            found[choose(chosen, draw)] = None
        return tuple(found)

    def write(self, kind: str, draw: Random, **slots: str) -> str:
        """Return a finished text: a wording of a random family with its slots filled."""
        return fill(self.wording(kind, draw), **slots)


@lru_cache(maxsize=2)
def load_pack(split: str) -> Pack:
    """Return the pack of one side.

    Raises:
        UsageError: there is no such side.
    """
    if split not in ("tune", "report"):
        raise UsageError("templates", "no such side", got=repr(split), expected="tune or report")
    text = (resources.files(__name__) / f"{split}.toml").read_text(encoding="utf-8")
    return Pack(split, {kind: tuple(families) for kind, families in tomllib.loads(text).items()})


def choose(template: str, draw: Random) -> str:
    """Return a template with each ``[a|b|c]`` replaced by one of its alternatives."""
    return ALTERNATIVES.sub(lambda match: draw.choice(match[1].split("|")), template)


def fill(wording: str, **slots: str) -> str:
    """Return a wording with its slots filled in one pass, so that a filling's own braces stay as they are."""
    return SLOT.sub(lambda match: slots.get(match[1], match[0]), wording)
