"""Makes the parts of a world in several processes; the world does not depend on how many.

Each part has its own seed, so that any process can make any of them; they are handed on in the order in which one
process alone would make them. A part's text goes through a pipe and never to a file on the way.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final, NamedTuple

import pyarrow as pa

from stillwatch.worlds.generator import Progress, Tally, make_ground, parts_of, world_tables
from stillwatch.worlds.presets import Preset
from stillwatch.worlds.texts import Split
from stillwatch.worlds.traffic import Rendered

AHEAD: Final = 3  # parts a process that wait for it or for their turn: bounds memory


class Made(NamedTuple):
    """One part of a world: its share of each table, and what was counted of it."""

    tables: dict[str, pa.Table]
    tally: Tally


_parts: list[Callable[[], Rendered]] = []  # a worker's own list, made once when it starts


def made_parts(preset: Preset, seed: int, split: Split, n_processes: int, progress: Progress | None) -> Iterator[Made]:
    """Yield every part of a world, in order.

    Args:
        preset: the recipe.
        seed: the world's seed.
        split: the side of the texts.
        n_processes: workers; one means this process alone.
        progress: called for each part.
    """
    parts = list(parts_of(preset, make_ground(preset, seed, split)))

    def told(number: int) -> None:
        if progress:
            progress(number, len(parts), parts[number][0] if number < len(parts) else "")

    if n_processes < 2:
        for number, (_, make) in enumerate(parts):
            told(number)
            yield _made(make)
        told(len(parts))
        return
    with ProcessPoolExecutor(n_processes, get_context("spawn"), _begin, (preset, seed, split)) as pool:
        waiting: deque[Future[Made]] = deque()
        for number in range(len(parts)):
            waiting.append(pool.submit(_make, number))
            if len(waiting) > AHEAD * n_processes:
                told(number + 1 - len(waiting))
                yield waiting.popleft().result()
        while waiting:
            told(len(parts) - len(waiting))
            yield waiting.popleft().result()
    told(len(parts))


def _begin(preset: Preset, seed: int, split: Split) -> None:
    _parts.extend(make for _, make in parts_of(preset, make_ground(preset, seed, split)))


def _make(number: int) -> Made:
    return _made(_parts[number])


def _made(make: Callable[[], Rendered]) -> Made:
    part = make()
    tally = Tally()
    tally.add(part)
    return Made(world_tables(part), tally)
