"""Calling programs: a user agent and a TLS fingerprint that fits it, as common as among honest people.

The fingerprint follows the library that opens the connection, so a thousand strangers with one SDK share it, and an
upgrade of the operating system changes it.
"""

import hashlib
from bisect import bisect
from dataclasses import dataclass
from typing import Final

import numpy as np

from stillwatch.worlds.account import Client
from stillwatch.worlds.texts import Texts

API_MIX: Final = (  # (kind, family, share): the official SDKs lead, plain HTTP libraries and tools follow
    ("llm_sdk", "openai-python", 0.30),
    ("llm_sdk", "anthropic-python", 0.22),
    ("library", "python-requests", 0.07),
    ("library", "python-httpx", 0.05),
    ("library", "Python aiohttp", 0.03),
    ("llm_sdk", None, 0.15),
    ("llm_tool", None, 0.18),
)
CONSOLE_MIX: Final = (("browser", None, 0.9), ("app", None, 0.1))
N_OLD: Final = 40  # of a family, the user agents in real use: release lists are far longer than what people run
TLS_VARIANTS: Final = 3  # operating systems and library builds under one family


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    agents: tuple[str, ...]


def ja4(name: str, variant: int, platform: str) -> str:
    """Return a fingerprint in JA4's form that stands for one library build; invented, stable, shared by its users."""
    digest = hashlib.blake2b(f"{name}/{variant}".encode(), digest_size=12).hexdigest()
    protocol = "h2" if platform == "console" or variant else "h1"
    return f"t13d{15 + variant}{10 + len(name) % 6}{protocol}_{digest[:12]}_{digest[12:]}"


class ClientBook:
    """The calling programs of one world."""

    def __init__(self, texts: Texts, rng: np.random.Generator) -> None:
        self._mixes = {"api": self._mix(texts, rng, API_MIX), "console": self._mix(texts, rng, CONSOLE_MIX)}

    @staticmethod
    def _mix(
        texts: Texts, rng: np.random.Generator, shares: tuple[tuple[str, str | None, float], ...]
    ) -> tuple[list[float], list[_Family]]:
        bounds: list[float] = []
        families: list[_Family] = []
        for kind, family, share in shares:
            agents = texts.user_agents(kind, family)
            if not agents:
                continue
            picked = [agents[int(i)] for i in rng.permutation(len(agents))[:N_OLD]]
            bounds.append((bounds[-1] if bounds else 0.0) + share)
            families.append(_Family(family or kind, tuple(picked)))
        return [bound / bounds[-1] for bound in bounds], families

    def draw(self, rng: np.random.Generator, platform: str) -> Client:
        """Return a client; current versions are the commonest."""
        bounds, families = self._mixes["console" if platform == "console" else "api"]
        family = families[min(bisect(bounds, rng.random()), len(families) - 1)]
        rank = int(len(family.agents) * rng.random() ** 2)  # squared: a few versions carry most of the use
        name = family.name if family.agents[0].startswith("Mozilla") is False else family.agents[rank].split("/")[-1]
        variant = int(rng.integers(TLS_VARIANTS))
        return Client(platform, family.agents[rank], ja4(name, variant, platform))
