"""Measures on the labelled sets what the redaction of exemplars finds, by kind and by disguise, and what it misses.

python bench/redaction_quality.py [--misses]
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "fixtures" / "redaction"))
from labelled import DISGUISES, Text, read

from stillwatch.pipeline.exemplars.detection import detect


def is_covered(text: Text, start: int, end: int, covered: bytearray) -> bool:
    """Return whether every letter and digit of a span is covered."""
    return all(covered[i] or not text.text[i].isalnum() for i in range(start, end))


def measure(name: str, disguise: Callable | None, *, show_misses: bool) -> tuple[Counter, Counter, dict[str, float]]:
    """Return found and labelled spans by kind, and precision over spans and characters."""
    found, labelled, spans, right, plain, over = Counter(), Counter(), 0, 0, 0, 0
    for text in read(name, disguise):
        covered, inside = bytearray(len(text.text)), bytearray(len(text.text))
        for label in text.labels:
            inside[label.start : label.end] = b"\1" * (label.end - label.start)
        for span in detect(text.text):
            covered[span.start : span.end] = b"\1" * (span.end - span.start)
            spans += 1
            right += any(inside[span.start : span.end])
        for label in text.labels:
            labelled[label.kind] += 1
            if is_covered(text, label.start, label.end, covered):
                found[label.kind] += 1
            elif show_misses:
                print(f"  missed {label.kind}: {text.text[label.start : label.end]!r}")
        plain += sum(1 - one for one in inside)
        over += sum(1 for a, b in zip(covered, inside, strict=True) if a and not b)
    return found, labelled, {"precision": right / max(spans, 1), "over": over / max(plain, 1)}


def main() -> None:
    """Print the tables."""
    show_misses = "--misses" in sys.argv
    for name in ("tuning", "held_out", "names", "names_held_out"):
        found, labelled, rates = measure(name, None, show_misses=show_misses)
        print(f"\n{name}: recall {found.total()}/{labelled.total()}, precision of spans {rates['precision']:.2f}")
        print(f"  share of other characters covered {rates['over']:.3f}")
        for kind, n in labelled.most_common():
            print(f"  {kind:<12} {found[kind]:>3}/{n}")
        for disguise, make in DISGUISES.items():
            found, labelled, rates = measure(name, make, show_misses=False)
            without = sum(n for kind, n in found.items() if kind not in {"person", "address"})
            of = sum(n for kind, n in labelled.items() if kind not in {"person", "address"})
            whole = f"recall {found.total():>3}/{labelled.total()}"
            print(f"  {disguise:<16} {whole}, without names and addresses {without}/{of}")


if __name__ == "__main__":
    main()
