"""The console script: signals first, then everything else."""

import os
import select
import sys
from typing import Final

from stillwatch.cli.stop import STOP
from stillwatch.errors import Interrupted

ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Of linear algebra: its matrices are small here, and threads that wait for a busy processor made a step cost thirty
times as much; their number also moves the last bits of sums."""


STDOUT: Final = 1  # its file descriptor
UNREAD_STATUS: Final = 141
"""As a shell reports a program that SIGPIPE ended: whoever read the output, as ``head``, has gone."""


def main() -> None:
    """Run the command line and exit with its status."""
    STOP.install()
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")  # before numpy is loaded
    try:
        from stillwatch.cli.commands import app  # noqa: PLC0415 - slow to import, and a signal may come meanwhile

        app()
    except SystemExit as ending:
        _leave_unread(ending.code)
        raise
    except KeyboardInterrupt:
        _leave_stopped()
    except Exception as failure:  # noqa: BLE001 - the last resort: no traceback, whose message may quote the input
        if STOP.is_asked:
            _leave_stopped()
        from stillwatch.cli.rim import report_unexpected  # noqa: PLC0415 - as above

        sys.exit(report_unexpected(failure, as_json="--json" in sys.argv))


def _leave_unread(status: object) -> None:
    """Leave quietly where nobody reads the output any more, else return.

    What was written is flushed here, for at its own end Python would complain of each byte that it cannot hand on. The
    command line's library turns a pipe that broke earlier into status 1, which nothing else leaves with from there.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    if sys.stdout is None:  # started without one
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    else:
        if status != 1 or not _is_reader_gone():
            return
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    sys.exit(UNREAD_STATUS)


def _is_reader_gone() -> bool:
    """Return whether standard output is a pipe that nobody holds the other end of."""
    poll = select.poll()
    poll.register(STDOUT, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _leave_stopped() -> None:
    sys.stderr.write(f"{Interrupted('stillwatch', 'stopped').sentence()}\n")
    sys.exit(Interrupted.exit_status)
