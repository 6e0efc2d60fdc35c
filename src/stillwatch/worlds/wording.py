"""What unrelated people say: prompts, dialogues and answers composed from the real texts, nearly all of them unique.

The pools are far smaller than a world's traffic, and strangers who repeat one long text verbatim would look linked when
nobody linked them. So most prompts are composed: an instruction over a passage put together from several sources, or a
real prompt with its numbers and some of its words changed. Some are kept verbatim, since people do paste the same text.

Source: ours.
"""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from random import Random
from typing import Final

import numpy as np

from stillwatch.worlds.templates import Pack, load_pack
from stillwatch.worlds.texts import Item, Texts

SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。\uff01\uff1f])|\n+")
WORD: Final = re.compile(r"[A-Za-z]{5,}|\d+")
P_VERBATIM: Final = 0.05  # of chat prompts: popular questions are asked by several people word for word
P_PASTE: Final = 0.40  # of English prompts: an instruction over pasted text
P_TASK: Final = 0.20  # of English prompts: school, code and science questions
CHANGE_RATE: Final = 0.25  # of a prompt's longer words: leaves its subject, breaks its shingles
MEDIAN_SENTENCES: Final = 5.0  # of an answer
SPREAD: Final = 0.9  # of the logarithm of an answer's length: one answer in fifty is more than six times the median
MOST_SENTENCES: Final = 80
CARRY: Final[Mapping[str, str]] = {"zh-TW": "zh", "id": "en", "und": "en"}  # languages without a pool of their own


def dice(rng: np.random.Generator) -> Random:
    """Return a fast source of single draws that follows from the generator's state."""
    return Random(int(rng.integers(2**63)))  # noqa: S311 - simulation, not secrets


@lru_cache(maxsize=4)
def load_wording(texts: Texts) -> "Wording":
    """Return the wording of one side, its pools built once."""
    return Wording(texts)


class Wording:
    """Composes prompts, dialogues and answers from one side's texts."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.pack: Pack = load_pack(texts.split)

    @cached_property
    def _sentences(self) -> Mapping[str, tuple[str, ...]]:
        pools: dict[str, list[str]] = {}
        for language in self.texts.languages:
            if language != "zh":
                pools[language] = [s for text in self.texts.chat(language) for s in split_sentences(text)]
        english = [item.answer for item in self.texts.work_lists["self_instruct"]]
        english += [item.answer for item in self.texts.work_lists["open_ended"] if item.language == "en"]
        english += [turn for turns in self.texts.dialogues for turn in turns]
        english += [*self.texts.system_prompts["awesome"], *self.texts.rubric_requests]
        english += [item.answer for item in self.texts.work_lists["gsm8k_train"][:400]]
        pools.setdefault("en", []).extend(s for text in english for s in split_sentences(text))
        chinese = [*self.texts.chat("zh"), *self.texts.system_prompts["awesome_zh"]]
        chinese += [item.text for item in self.texts.benchmarks["cmath"]]
        pools["zh"] = [s for text in chinese for s in split_sentences(text)]
        return {language: tuple(dict.fromkeys(pool)) for language, pool in pools.items()}

    @cached_property
    def _lexicon(self) -> Mapping[int, tuple[str, ...]]:
        words = {word.lower() for s in self._sentences["en"] for word in WORD.findall(s) if word.isalpha()}
        by_length: dict[int, list[str]] = {}
        for word in sorted(words):
            by_length.setdefault(min(len(word), 12), []).append(word)
        return {length: tuple(found) for length, found in by_length.items()}

    @cached_property
    def _tasks(self) -> tuple[Item, ...]:
        lists = self.texts.work_lists
        return tuple(item for name in ("gsm8k_train", "science", "code", "self_instruct") for item in lists[name][:400])

    def language(self, language: str) -> str:
        """Return the language itself, or the one to use in its place where no pool exists."""
        wanted = CARRY.get(language, language)
        return wanted if wanted in self._sentences else "en"

    def vary(self, text: str, draw: Random, rate: float = CHANGE_RATE) -> str:
        """Return a text with its numbers and a share of its longer words changed."""

        def change(match: re.Match[str]) -> str:
            word = match[0]
            if word.isdigit():
                return str(draw.randrange(10 ** (len(word) - 1) if len(word) > 1 else 2, 10 ** len(word)))
            if draw.random() >= rate:
                return word
            other = draw.choice(self._lexicon[min(len(word), 12)])
            return other.capitalize() if word[0].isupper() else other

        return WORD.sub(change, text)

    def passage(self, draw: Random, language: str = "en", n_sentences: int | None = None) -> str:
        """Return a text put together from one to three runs of real sentences."""
        language = self.language(language)
        pool = self._sentences[language]
        wanted = n_sentences or min(MOST_SENTENCES, 1 + int(draw.lognormvariate(1.2, 0.7)))
        parts: list[str] = []
        while len(parts) < wanted:
            start = draw.randrange(len(pool))
            parts += pool[start : start + min(wanted - len(parts), 1 + draw.randrange(4))]
        return ("" if language in ("zh", "ja") else " ").join(parts)

    def prompt(self, draw: Random, language: str = "en") -> str:
        """Return one person's single prompt in a language."""
        language = self.language(language)
        chance = draw.random()
        pool = self.texts.chat(language)
        if language == "zh":
            question = draw.choice(pool)
            return question if chance < 0.35 else question + self.passage(draw, "zh", 1 + draw.randrange(3))
        if chance < P_VERBATIM:
            return draw.choice(pool)
        if language != "en":
            head = split_sentences(draw.choice(pool))
            start = draw.randrange(len(head))
            return " ".join(
                [*head[start : start + 1 + draw.randrange(4)], self.passage(draw, language, 1 + draw.randrange(4))]
            )
        if chance < P_VERBATIM + P_PASTE:
            return f"{self.pack.write('paste_task', draw)}\n{self.passage(draw)}"
        base = draw.choice(self._tasks).text if chance < P_VERBATIM + P_PASTE + P_TASK else draw.choice(pool)
        return self._framed(self.vary(base, draw), draw)

    def _framed(self, text: str, draw: Random) -> str:
        opening, closing = (self.pack.write(kind, draw) for kind in ("opening", "closing"))
        return f"{opening}{' ' if opening else ''}{text}{' ' if closing else ''}{closing}"

    def dialogue(self, draw: Random, language: str = "en", n_turns: int | None = None) -> list[str]:
        """Return the user turns of one conversation: a prompt, then follow-ups and further questions."""
        wanted = n_turns or min(30, 1 + int(draw.expovariate(0.55)))  # most talks are short, a few are long
        turns = [self.prompt(draw, language)]
        while len(turns) < wanted:
            if language == "en" and draw.random() < 0.4:
                turns.append(self.pack.write("follow_up", draw))
            else:
                turns.append(self.passage(draw, language, 1 + draw.randrange(3)))
        return turns

    def response(self, draw: Random, language: str = "en", answer: str = "") -> str:
        """Return an answer: the reference where there is one, else a passage of heavy-tailed length."""
        n_sentences = min(MOST_SENTENCES, 1 + int(MEDIAN_SENTENCES * draw.lognormvariate(0.0, SPREAD)))
        if answer:
            lead = self.passage(draw, language, 1 + n_sentences // 6) if draw.random() < 0.5 else ""
            return f"{lead}\n{answer}" if lead else answer
        return self.passage(draw, language, n_sentences)

    def reasoned(self, draw: Random, answer: str, opening: str = "<think>", closing: str = "</think>") -> str:
        """Return an answer led by a long reasoning text between marks."""
        thought = self.passage(draw, "en", 6 + int(20 * draw.random()))
        return f"{opening}\n{thought}\n{closing}\n{answer or self.passage(draw, 'en', 2)}"


def split_sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, the empty ones and the very long ones left out."""
    found = [part.strip() for part in SENTENCE_END.split(text)]
    kept = [part for part in found if 3 < len(part) <= 400]  # a line of more than 400 characters is a table or code
    return kept or [text.strip()[:400]]
