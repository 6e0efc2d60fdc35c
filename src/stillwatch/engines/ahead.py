"""Work that is handed out ahead of its turn and comes back in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_order(submit: Callable[[Item], Future[Made]], items: Iterable[Item], most: int) -> Iterator[Made]:
    """Yield what is made of each item, in order; at most so many are being made or wait for their turn.

    Args:
        submit: hands an item to a worker.
        items: taken one by one, as there is room.
        most: bounds memory; one means that nothing is done ahead.
    """
    waiting: deque[Future[Made]] = deque()
    for item in items:
        waiting.append(submit(item))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
