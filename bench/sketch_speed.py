"""Speed and memory of a whole sketch on one core: python bench/sketch_speed.py [--mib 32] [--words 60].

Texts are drawn from the words of a small vocabulary with a Zipf-like law, so that no corpus is needed; --language zh
makes unspaced CJK text, --profile prints where the time goes.
"""

import argparse
import cProfile
import os
import pstats
import resource
import time

import numpy as np
import pyarrow as pa

from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher

BATCH_BYTES = 4 << 20


def vocabulary(generator: np.random.Generator, language: str) -> list[str]:
    """Return 20,000 made-up words, or 3,000 ideographs."""
    if language == "zh":
        return [chr(0x4E00 + number) for number in range(3000)]
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    shares = 1 / np.arange(2, 28)
    shares /= shares.sum()
    return ["".join(generator.choice(letters, size=generator.integers(1, 11), p=shares)) for _ in range(20_000)]


def batches(n_bytes: int, n_words: int, language: str) -> list[pa.RecordBatch]:
    """Return batches of prompts of about ``n_words`` words, one shared system prompt, a short response each."""
    generator = np.random.default_rng(7)
    words = vocabulary(generator, language)
    gap = "" if language == "zh" else " "
    made, total = [], 0
    while total < n_bytes:
        prompts, size = [], 0
        while size < min(BATCH_BYTES, n_bytes):
            ranks = (len(words) ** generator.random(n_words) - 1).astype(int)  # log-uniform: frequency is 1 / rank
            text = gap.join(words[rank] for rank in ranks) + " 12 items?"
            prompts.append(text)
            size += len(text.encode())
        columns = {
            "exchange_id": [str(number) for number in range(len(prompts))],
            "account_id": ["account"] * len(prompts),
            "prompt": prompts,
            "system_prompt": ["You are a helpful assistant of a company."] * len(prompts),
            "response": ["Certainly."] * len(prompts),
        }
        arrays = [
            pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(len(prompts), field.type)
            for field in PLACED_EXCHANGES
        ]
        made.append(pa.RecordBatch.from_arrays(arrays, schema=PLACED_EXCHANGES))
        total += size
    return made


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=float, default=16.0)
    parser.add_argument("--words", type=int, default=200, help="words a prompt")
    parser.add_argument("--language", choices=("en", "zh"), default="en")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    made = batches(int(arguments.mib * (1 << 20)), arguments.words, arguments.language)
    sketcher = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
    sketcher.sketch(made[0].slice(0, 100))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    profile = cProfile.Profile()
    if arguments.profile:
        profile.enable()
    begin, cpu = time.perf_counter(), time.process_time()
    rows = sum(sketcher.sketch(batch).num_rows for batch in made)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    if arguments.profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(28)
    n_bytes = sum(batch.column("prompt").nbytes for batch in made)
    extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    largest = max(batch.column("prompt").nbytes for batch in made)
    print(
        f"{arguments.language} {arguments.words} words a prompt: {rows} prompts, {n_bytes / 1e6:.1f} MB"
        f" in {seconds:.2f} s ({cpu:.2f} s of processor): {n_bytes / cpu / 1e6:.1f} MB/s, {rows / cpu:,.0f} prompts/s;"
        f" peak {extra / 1e6:.0f} MB above the start, {extra / largest:.1f} x a batch's text"
    )


if __name__ == "__main__":
    main()
