"""Shared phrases by an index: which exchanges carry which phrase, for rows that lie on this machine.

The log is read once. Its phrases are scattered by their leading bits into parts small enough to sort, each part is
sorted by itself, and of it only the phrases are kept that several entities used, with their exchanges (postings). Who
used a phrase how often is counted off its postings, and which exchange carries which phrases of a family is a merge of
the postings of the family's phrases: nothing is read twice.

Guarantee: what comes out depends on neither parts, batches nor threads.

Cost: O(p log p) for p phrases in exchanges (some twenty an exchange), a sort of 64-bit integers; memory for one part a
thread, the rest in files without names.

Source: inverted index with sort-based inversion, Witten, Moffat and Bell 1999, Managing Gigabytes, section 5.2;
partitioning by radix after Manegold, Boncz and Kersten 2002.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.links.phrase import Carried, Phrases
from stillwatch.links.population import CodeArray, IntArray
from stillwatch.links.rows import blocks, places_of, run_starts
from stillwatch.links.spill import GrowingColumn, Scattered
from stillwatch.links.tables import Rows

SYSTEM_MINIMA: Final = ("system_minima",)
PROMPT_MINIMA: Final = ("head_minima", "tail_minima", "body_minima")
COLUMNS: Final = ("account", "turn", "n_tools", "system_hash", "prompt_hash", *SYSTEM_MINIMA, *PROMPT_MINIMA)
PAIRS_A_ROW: Final = 20  # of phrase and exchange: what is measured, to choose the number of parts by
PART_PAIRS: Final = 200_000  # sorted at once: what a processor keeps close
MOST_BITS: Final = 10  # of a phrase, to scatter by: more parts than 1,024 are tiny writes
POSTINGS_AT_ONCE: Final = 2_000_000  # merged at once: some 100 MB

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Shared(NamedTuple):
    """The shared phrases of a part, their uses and their postings."""

    value: npt.NDArray[np.uint64]
    n_users: IntArray
    entity: CodeArray
    n_exchanges: CodeArray
    n_postings: IntArray
    row: CodeArray


class IndexedPhrases:
    """The phrases of sketches on this machine; see ``PhraseSource``.

    Args:
        sketches: the rows, with ``COLUMNS``.
        of_account: (n_accounts,) the entity of each account.
        folder: where phrases rest that memory need not hold; null keeps them in memory.
    """

    def __init__(self, sketches: Rows, of_account: CodeArray, folder: Path | None = None) -> None:
        self._sketches, self._of_account, self._folder = sketches, of_account, folder
        self._posting_first: IntArray = np.zeros(1, np.int64)
        self._posting: CodeArray = np.zeros(0, np.int32)

    def shared(self, least_entities: int) -> Phrases:
        """Return the phrases that at least so many entities used, and keep their postings."""
        rows, of_row = self._scattered()
        values, n_users, n_postings = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        entity, n_exchanges, row = (GrowingColumn(np.int32, self._folder) for _ in range(3))
        with rows.finished() as scattered:

            def shared_of(number: int) -> Shared:
                phrase, row_of_phrase = scattered.part(number)
                return shared_of_part(phrase, row_of_phrase, of_row, least_entities)

            for part in self._in_order(shared_of, range(scattered.n_parts)):
                values.append(part.value)
                n_users.append(part.n_users)
                n_postings.append(part.n_postings)
                entity.append(part.entity)
                n_exchanges.append(part.n_exchanges)
                row.append(part.row)
        self._posting_first = np.concatenate(([0], np.cumsum(np.concatenate(n_postings))))
        self._posting = row.finished()
        first = np.concatenate(([0], np.cumsum(np.concatenate(n_users))))
        return Phrases(np.concatenate(values), first, entity.finished(), n_exchanges.finished())

    def carried(self, member: IntArray, first: IntArray) -> Iterator[Carried]:
        """Yield the exchanges that carry phrases of some groups, sorted by group, then row."""
        n_postings = np.diff(self._posting_first)[member]
        ends = np.concatenate(([0], np.cumsum(n_postings)))[first]

        def merged(span: tuple[int, int]) -> Carried:
            start, end = span
            phrases = member[first[start] : first[end]]
            at, which = places_of(self._posting_first, phrases)
            group = np.repeat(np.arange(start, end), np.diff(first[start : end + 1]))
            key = np.sort((group[which] << 32) | self._posting[at])
            begins = run_starts(key)
            return Carried(key[begins] >> 32, key[begins] & 0xFFFFFFFF, np.diff(np.append(begins, len(key))))

        yield from self._in_order(merged, blocks(ends, POSTINGS_AT_ONCE))

    def _scattered(self) -> tuple[Scattered, CodeArray]:
        """Return every pair of phrase and row, in parts by the phrase's leading bits, and the entity of each row."""
        wanted = max(self._sketches.n_rows * PAIRS_A_ROW // PART_PAIRS, 1)
        n_bits = min(int(wanted).bit_length(), MOST_BITS)
        scattered = Scattered((np.uint64, np.int32), 1 << n_bits, self._folder)
        of_row = np.empty(self._sketches.n_rows, np.int32)

        def taken(placed: tuple[CodeArray, pa.RecordBatch]) -> tuple[IntArray, list[npt.NDArray[Any]]]:
            place, batch = placed
            phrase, row = phrases_of(batch)
            part = (phrase >> np.uint64(64 - n_bits)).astype(np.uint16)
            order = np.argsort(part, kind="stable")  # of 16-bit integers: a radix sort
            n_of_part = np.bincount(part, minlength=1 << n_bits).astype(np.int64)
            of_row[place] = self._of_account[batch["account"].to_numpy()]
            return n_of_part, [phrase[order], place[row[order]]]

        for n_of_part, columns in self._in_order(taken, self._sketches.placed(COLUMNS)):
            scattered.append(n_of_part, columns)
        return scattered, of_row

    def _in_order(self, work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """Yield the result of each item in order; as many at once as there are threads, and as many ahead."""
        n_threads = self._sketches.n_threads
        if n_threads < 2:
            yield from map(work, items)
            return
        with ThreadPoolExecutor(n_threads) as pool:
            waiting: deque[Future[_Out]] = deque()
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def phrases_of(batch: pa.RecordBatch) -> tuple[npt.NDArray[np.uint64], IntArray]:
    """Return the distinct phrases of each exchange of a batch, and its place there, rising.

    In an agent's later turns the prompt is what a tool returned: its author is the tool, which serves all, so that only
    the system prompt counts.
    """
    n = batch.num_rows
    numbers = {name: batch[name].fill_null(0).to_numpy() for name in COLUMNS[:5]}
    is_tool_result = (numbers["turn"] > 0) & (numbers["n_tools"] > 0)
    minima = {name: batch[name].flatten().to_numpy().reshape(n, -1) for name in (*SYSTEM_MINIMA, *PROMPT_MINIMA)}
    widths = [minima[name].shape[1] for name in minima]
    found = np.empty((n, sum(widths) + 2), np.int64)
    n_system = widths[0] + 1
    found[:, 0] = numbers["system_hash"]
    found[:, n_system] = numbers["prompt_hash"]
    for name, start in zip(minima, np.cumsum([1, widths[0] + 1, *widths[1:-1]]).tolist(), strict=True):
        found[:, start : start + minima[name].shape[1]] = minima[name]
    found[is_tool_result, n_system:] = 0
    phrases = found.view(np.uint64)
    phrases.sort(axis=1)
    is_new = phrases != 0
    is_new[:, 1:] &= phrases[:, 1:] != phrases[:, :-1]
    return phrases[is_new], np.repeat(np.arange(n), np.count_nonzero(is_new, axis=1))


def shared_of_part(phrase: npt.NDArray[np.uint64], row: CodeArray, of_row: CodeArray, least_entities: int) -> Shared:
    """Return the phrases of a part that at least so many entities used.

    Args:
        phrase: (m,) phrases in any order; every pair of phrase and row once.
        row: (m,) the row that carries each, in any order.
        of_row: (n,) the entity of each row.
        least_entities: phrases of fewer are left out.
    """
    order = stable_order(phrase)
    phrase = phrase[order]
    begins = run_starts(phrase)
    n_rows = np.diff(np.append(begins, len(phrase)))
    is_likely = n_rows >= least_entities
    row = row[order[np.repeat(is_likely, n_rows)]]
    value, n_rows = phrase[begins[is_likely]], n_rows[is_likely]
    rank = np.repeat(np.arange(len(value)), n_rows)
    use = (rank << 32) | of_row[row]
    if np.any(use[1:] < use[:-1]):  # an entity of several accounts, or rows out of order
        use.sort()
    first = run_starts(use)
    n_exchanges = np.diff(np.append(first, len(use)))
    user = use[first] >> 32
    n_users = np.bincount(user, minlength=len(value))
    is_shared = n_users >= least_entities
    return Shared(
        value[is_shared],
        n_users[is_shared],
        (use[first][is_shared[user]] & 0xFFFFFFFF).astype(np.int32),
        n_exchanges[is_shared[user]].astype(np.int32),
        n_rows[is_shared],
        row[np.repeat(is_shared, n_rows)],
    )


def stable_order(phrase: npt.NDArray[np.uint64]) -> IntArray:
    """Return the order that sorts phrases, equal ones as they came.

    Places take the lowest bits of the phrases, which are then sorted as plain integers: several times faster than to
    sort places. Should two different phrases agree in all other bits, which hashes hardly ever do, they are sorted as
    they are.
    """
    n_bits = np.uint64(max(len(phrase) - 1, 1).bit_length())
    mask = (np.uint64(1) << n_bits) - np.uint64(1)
    order = (np.sort((phrase & ~mask) | np.arange(len(phrase), dtype=np.uint64)) & mask).astype(np.int64)
    ordered = phrase[order]
    return np.argsort(phrase, kind="stable") if np.any(ordered[1:] < ordered[:-1]) else order
