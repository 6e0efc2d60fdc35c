"""Near-duplicate prompts by MinHash, and communities of the accounts that send them.

Source: rensa (MIT) for the sketches, NetworKit PLM for the communities; Broder 1997, On the resemblance and
containment of documents; Indyk and Motwani 1998 for the bands.
"""

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.links.community import communities
from stillwatch.worlds.rivals.pairs import cluster_means_as_scores, shared_value_edges, strengths_as_scores
from stillwatch.worlds.rivals.rival import Ints, Scored, Traffic

N_HASHES = 128
ROWS = (4, 8)  # of a band: Jaccard similarity of about 0.42 and 0.71 is found half of the time
N_WORDS = 120  # of a text's beginning
SHINGLE = 3  # words
MOST_ACCOUNTS = 300  # of a band's value: more are a public text
RESOLUTIONS = (1.0, 10.0, 50.0)
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class NearDuplicates:
    """Bands of MinHash signatures that few accounts share link them; score: weight inside the community."""

    name: str = "minhash"
    source: str = "best parts put together: rensa 0.5 (MIT) and NetworKit PLM (MIT)"
    setting: str = (
        "3-word shingles of the first 120 words of system prompt and prompt; 128 hashes in bands of 4 or 8; a band's "
        "value of 2 to 300 accounts links them; PLM at resolution 1, 10 or 50; score: weight "
        "inside the community, of the account or the mean of the community"
    )
    modules: tuple[str, ...] = ("rensa", "networkit")

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return an answer for each band and resolution."""
        owner = traffic.owners()
        signatures = _signatures(_texts(traffic))
        n = len(traffic.account_ids)
        answers = []
        for rows in ROWS:
            bands = [_band(signatures[:, first : first + rows]) for first in range(0, N_HASHES, rows)]
            offset = 0
            values = []
            for band in bands:
                values.append(band + offset)
                offset += int(band.max(initial=0)) + 1
            edges = shared_value_edges(np.tile(owner, len(bands)), np.concatenate(values), MOST_ACCOUNTS)
            for gamma in RESOLUTIONS:
                label = communities(n, edges[0], edges[1], edges[2], gamma)
                strengths = strengths_as_scores(n, label, edges)
                setting = f"bands of {rows}, resolution {gamma:g}"
                answers.append(Scored(f"{setting}, by account", *strengths))
                answers.append(Scored(f"{setting}, by community", *cluster_means_as_scores(*strengths)))
        return answers


def _texts(traffic: Traffic) -> list[list[str]]:
    columns = (traffic.exchanges[name].to_pylist() for name in ("system_prompt", "prompt"))
    return [_shingles(f"{system or ''} {prompt or ''}") for system, prompt in zip(*columns, strict=True)]


def _shingles(text: str) -> list[str]:
    words = WORD.findall(text[: N_WORDS * 12].lower())[:N_WORDS]  # a word has some six letters; twelve are ample
    return [" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))]


def _signatures(texts: list[list[str]]) -> Ints:
    rensa = importlib.import_module("rensa")
    matrix = rensa.RMinHash.digest_matrix_from_token_sets(texts, N_HASHES, 42)
    return np.asarray(matrix.to_rows(), np.int64).reshape(len(texts), N_HASHES)


def _band(columns: Ints) -> Ints:
    """Return a number for each row's values in a band, equal where the values are equal."""
    mixed = np.zeros(len(columns), np.uint64)
    for column in columns.T.astype(np.uint64):
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)  # the golden ratio's odd multiplier
        mixed ^= mixed >> np.uint64(29)
    _, code = np.unique(mixed, return_inverse=True)
    return np.asarray(code, np.int64)
