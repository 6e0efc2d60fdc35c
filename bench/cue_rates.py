"""How often each cue and phrase stands in honest text: python bench/cue_rates.py CORPORA_DIR [--phrases].

Prints, by group of corpora, the share of texts with any bits and with ALARM_BITS bits for each cue; with --phrases also
each phrase that occurs, with the most bits its rate allows.
"""

import argparse
import gzip
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.sketches.cues import CueHits, Lexicon
from stillwatch.sketches.schema import CUES
from stillwatch.sketches.texts import chunked, string_buffers
from stillwatch.sketches.tokens import tokenised

ALARM_BITS = 5.0
SHARE_IN_EXTRACTION = 0.5  # no phrase stands in more than half of extraction requests
GROUPS = {
    "organic chat": ("chat_",),
    "prompt packs": ("prompts_",),
    "benchmarks": ("bench_",),
    "tools": ("tools_bfcl", "tools_apizoo", "tools_openapi", "distill_apibench"),
    "judging and generation": ("judge_", "distill_gen", "distill_self", "rubric_"),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--phrases", action="store_true")
    arguments = parser.parse_args()
    lexicon = Lexicon.load()
    seen: Counter[int] = Counter()
    n_honest = 0
    for group, prefixes in GROUPS.items():
        texts = []
        for path in sorted(arguments.corpora.glob("*.jsonl.gz")):
            if path.name.startswith(prefixes):
                with gzip.open(path, "rt", encoding="utf-8") as file:
                    rows = [json.loads(line) for line in file]
                texts += [f"{row.get('system') or ''} {row['text']}" for row in rows]
        bits = []
        for _, chunk in chunked(string_buffers(pa.array(texts, pa.string()))):
            hits = lexicon.hits(tokenised(chunk))
            bits.append(lexicon.bits(hits, CueHits(hits.rows[:0], hits.phrases[:0], hits.n_rows)))
            if not group.startswith("judging"):
                seen.update(hits.phrases.tolist())
        n_honest += 0 if group.startswith("judging") else len(texts)
        found = np.concatenate(bits)
        print(f"{group}: {len(texts):,} texts; share with any bits, and with {ALARM_BITS} bits or more")
        for at, cue in enumerate(CUES):
            print(f"    {cue:20} {np.mean(found[:, at] > 0):8.4%} {np.mean(found[:, at] >= ALARM_BITS):8.4%}")
    print(f"phrases in {n_honest:,} honest texts (judging and generation left out):")
    for at, phrase in enumerate(lexicon.phrases):
        allowed = math.log2(SHARE_IN_EXTRACTION * (n_honest + 2) / (seen[at] + 1))
        if phrase.bits > allowed or (arguments.phrases and seen[at]):
            warning = "  TOO MANY" if phrase.bits > allowed else ""
            print(f"    {phrase.text:50} {seen[at]:6}  {phrase.bits:5.2f} bits, at most {allowed:5.2f}{warning}")


if __name__ == "__main__":
    main()
