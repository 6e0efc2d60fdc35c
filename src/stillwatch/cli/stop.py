"""What ends a program from outside; imports next to nothing, so that it listens from the first moment on."""

import signal
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Turns the first signal into ``KeyboardInterrupt`` and lets nothing disturb the tidying after it."""

    def __init__(self) -> None:
        self.is_asked = False

    def install(self) -> None:
        """Listen to what asks a program to end; what the parent chose to ignore stays ignored."""
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self.is_asked:
            self.is_asked = True
            for one in ENDING:
                signal.signal(one, signal.SIG_IGN)  # also at exit, when the interpreter undoes our handlers
            raise KeyboardInterrupt


STOP: Final = Stop()  # one process has one set of signal handlers
