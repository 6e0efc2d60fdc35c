"""How often somebody may ask for what is expensive: a token bucket each, in memory.

Source: token bucket; ITU-T I.371 describes it as the generic cell rate algorithm.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from stillwatch.errors import NotAllowedError

MOST_KEPT: Final = 10_000  # callers; the one seen longest ago is forgotten, who had a full bucket long since


class TooOftenError(NotAllowedError):
    """Somebody asks faster than they may."""

    code = "too-often"
    http_status = 429


class Rate:
    """Allows ``burst`` requests at once and then one every ``every_s`` seconds, by caller. Safe between threads."""

    def __init__(self, burst: int, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._every_s, self._clock = burst, every_s, clock
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> None:
        """Count one request.

        Raises:
            TooOftenError: the caller has to wait.
        """
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(caller, now), now) + self._every_s
            wait_s = full_at - now - self._burst * self._every_s
            if wait_s > 0:
                raise TooOftenError("console", "too many requests", fix=f"Try again in {int(wait_s) + 1} s.")
            self._full_at[caller] = full_at
            self._full_at.move_to_end(caller)
            if len(self._full_at) > MOST_KEPT:
                self._full_at.popitem(last=False)
