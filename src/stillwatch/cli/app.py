"""The console script: signals first, then everything else."""

import os
import sys
from typing import Final

from stillwatch.cli.stop import STOP
from stillwatch.errors import Interrupted

ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Of linear algebra: its matrices are small here, and threads that wait for a busy processor made a step cost thirty
times as much; their number also moves the last bits of sums."""


def main() -> None:
    """Run the command line and exit with its status."""
    STOP.install()
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")  # before numpy is loaded
    try:
        from stillwatch.cli.commands import app  # noqa: PLC0415 - slow to import, and a signal may come meanwhile

        app()
    except KeyboardInterrupt:
        _leave_stopped()
    except Exception as failure:  # noqa: BLE001 - the last resort: no traceback, whose message may quote the input
        if STOP.is_asked:
            _leave_stopped()
        from stillwatch.cli.rim import report_unexpected  # noqa: PLC0415 - as above

        sys.exit(report_unexpected(failure, as_json="--json" in sys.argv))


def _leave_stopped() -> None:
    sys.stderr.write(f"{Interrupted('stillwatch', 'stopped').sentence()}\n")
    sys.exit(Interrupted.exit_status)
