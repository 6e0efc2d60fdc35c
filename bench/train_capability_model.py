"""Train the released capability model: train_capability_model.py CORPORA_DIR OUT_FILE [--report-side DIR].

The release was trained on src/stillwatch/worlds/corpora/tune, with .../report as the side that is only judged. Prints
accuracy on held-out rows, on held-out sources (each source's texts judged by a model that never saw the source), and on
the report side, then writes the model trained on everything in CORPORA_DIR. Deterministic for given corpora and numpy.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.sparse

from capability_sources import Example, examples, rows_of
from stillwatch.sketches.capability import CapabilityModel, gram_counts
from stillwatch.sketches.schema import CAPABILITIES
from stillwatch.sketches.texts import chunked, string_buffers
from stillwatch.sketches.tokens import tokenised
from stillwatch.sketches.topic import N_BUCKETS, buckets_of

SCALE = 1 / 32  # logits a step of int8: weights reach +-4, and training clips the few beyond
BIAS_SCALE = 1 / 16
PENALTY = 1e-5  # on squared weights, chosen by held-out sources
STEPS = 250
RATE = 0.05
N_FOLDS = 5
PRIOR = {
    "conversation": 0.22,
    "writing": 0.24,
    "knowledge": 0.16,
    "translation": 0.06,
    "code": 0.14,
    "maths": 0.05,
    "science": 0.05,
    "agentic": 0.03,
    "data_analysis": 0.03,
    "grading": 0.01,
    "task_writing": 0.01,
}  # of what people and firms send at large


def features(texts: Sequence[str]) -> scipy.sparse.csr_matrix:
    """Return each text's features as the released model counts them."""
    parts = []
    for _, chunk in chunked(string_buffers(pa.array(texts, pa.string()))):
        counts = gram_counts(tokenised(chunk))
        totals = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0)
        parts.append(scipy.sparse.diags_array(1 / np.sqrt(totals)) @ counts)
    return scipy.sparse.csr_matrix(scipy.sparse.vstack(parts), dtype=np.float64)


def trained(matrix: scipy.sparse.csr_matrix, labels: np.ndarray, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return int8 weights and bias of a softmax regression, classes weighted alike (Adam, full batch).

    Within a class a source counts as the root of its size, so that the class is not its largest corpus.
    """
    n_classes = len(CAPABILITIES)
    _, source_of = np.unique(sources, return_inverse=True)
    row_weights = np.bincount(source_of)[source_of] ** -0.5
    row_weights *= (
        np.array([PRIOR[name] for name in CAPABILITIES])[labels]
        / np.bincount(labels, row_weights, minlength=n_classes)[labels]
    )
    row_weights /= row_weights.sum()
    wanted = np.zeros((len(labels), n_classes))
    wanted[np.arange(len(labels)), labels] = 1.0
    state = np.zeros((N_BUCKETS + 1, n_classes))
    mean, spread = np.zeros_like(state), np.zeros_like(state)
    transposed = matrix.T.tocsr()
    for step in range(1, STEPS + 1):
        logits = matrix @ state[:-1] + state[-1]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = (odds / odds.sum(axis=1, keepdims=True) - wanted) * row_weights[:, None]
        slope = np.vstack([transposed @ error, error.sum(axis=0)])
        slope[:-1] += PENALTY * state[:-1]
        mean += 0.1 * (slope - mean)
        spread += 0.001 * (slope * slope - spread)
        state -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.999**step)) + 1e-9)
        np.clip(state[:-1], -127 * SCALE, 127 * SCALE, out=state[:-1])
    return np.rint(state[:-1] / SCALE).astype(np.int8), np.clip(np.rint(state[-1] / BIAS_SCALE), -127, 127).astype(
        np.int8
    )


def guessed(matrix: scipy.sparse.csr_matrix, model: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the likeliest class of each row."""
    weights, bias = model
    return np.argmax(matrix @ weights.astype(np.float64) * SCALE + bias * BIAS_SCALE, axis=1)


def rarity(corpora: Path) -> np.ndarray:
    """Return how much a word of each bucket weighs in a topic: 0 where any language uses it in 1 text of 8 or more."""
    texts = defaultdict(list)
    for path in sorted(corpora.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        if name.startswith(("chat_", "prompts_", "bench_mgsm", "bench_ifeval")):
            for row in rows_of(corpora, name):
                texts[row.get("language", "zh" if "_zh" in name else "en")[:2]].append(row["text"])
    highest = np.full(N_BUCKETS, 1e-4)
    for _, members in sorted(texts.items()):
        if len(members) < 35:
            continue
        seen = np.zeros(N_BUCKETS)
        for _, chunk in chunked(string_buffers(pa.array(members, pa.string()))):
            tokens = tokenised(chunk)
            cells = np.unique(tokens.rows() * N_BUCKETS + buckets_of(tokens.hashes))
            seen += np.bincount(cells % N_BUCKETS, minlength=N_BUCKETS)
        highest = np.maximum(highest, np.where(seen > 2, seen, 0) / len(members))
    weights = np.clip((-np.log2(highest) - 3.0) / 4.0, 0.0, 1.0)  # from 1 text in 8 (nothing) to 1 in 128 (all)
    return np.rint(weights * 127).astype(np.uint8)


def report(found: Sequence[Example], matrix: scipy.sparse.csr_matrix, labels: np.ndarray) -> dict[str, float]:
    """Print and return held-out accuracies."""
    sources = np.array([example.source for example in found])
    is_real = ~(np.char.startswith(sources, "frame_") | np.char.startswith(sources, "seed_"))
    folds = np.array([hashlib.sha256(example.text.encode()).digest()[0] % N_FOLDS for example in found])
    guess = np.zeros_like(labels)
    for fold in range(N_FOLDS):
        rest = folds != fold
        guess[~rest] = guessed(matrix[~rest], trained(matrix[rest], labels[rest], sources[rest]))
    by_row = _scores("held-out rows of the corpora", guess[is_real], labels[is_real])
    guess = np.zeros_like(labels)
    for source in sorted(set(sources[is_real])):
        rest = sources != source
        guess[~rest] = guessed(matrix[~rest], trained(matrix[rest], labels[rest], sources[rest]))
        print(f"    {source:32} n {np.sum(~rest):5}  {np.mean(guess[~rest] == labels[~rest]):.2f}", flush=True)
    by_source = _scores("held-out corpora, each judged by a model that never saw it", guess[is_real], labels[is_real])
    return {"rows": by_row, "sources": by_source}


def _scores(title: str, guess: np.ndarray, labels: np.ndarray) -> float:
    recalls = [np.mean(guess[labels == at] == at) for at in range(len(CAPABILITIES)) if (labels == at).any()]
    print(f"{title}: accuracy {np.mean(guess == labels):.3f}, mean recall over classes {np.mean(recalls):.3f}")
    for at, name in enumerate(CAPABILITIES):
        if (labels == at).any():
            print(f"    {name:16} n {np.sum(labels == at):5}  recall {np.mean(guess[labels == at] == at):.2f}")
    return float(round(np.mean(guess == labels), 4))


def main() -> None:
    """Train, report and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--name", default="capability-2026-11c")
    parser.add_argument("--no-report", action="store_true", help="leave out the slow held-out trainings")
    parser.add_argument("--report-side", type=Path, help="corpora that are only judged, never trained on")
    arguments = parser.parse_args()
    found = examples(arguments.corpora)
    matrix = features([example.text for example in found])
    labels = np.array([CAPABILITIES.index(example.label) for example in found])
    accuracy = {} if arguments.no_report else report(found, matrix, labels)
    sources = np.array([example.source for example in found])
    weights, bias = trained(matrix, labels, sources)
    if arguments.report_side:
        unseen = [one for one in examples(arguments.report_side) if not one.source.startswith(("frame_", "seed_"))]
        wanted = np.array([CAPABILITIES.index(example.label) for example in unseen])
        guess = guessed(features([example.text for example in unseen]), (weights, bias))
        accuracy["report_side"] = _scores("the side that is never trained on", guess, wanted)
    payload = weights.tobytes() + bias.tobytes() + rarity(arguments.corpora).tobytes()
    header = {
        "name": arguments.name, "classes": list(CAPABILITIES), "scale": SCALE, "bias_scale": BIAS_SCALE,
        "n_texts": len(found), "held_out_accuracy": accuracy, "sha256": hashlib.sha256(payload).hexdigest(),
    }  # fmt: skip
    arguments.out.write_bytes(json.dumps(header).encode() + b"\n" + payload)
    print(CapabilityModel.from_bytes(arguments.out.read_bytes()).name, arguments.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
