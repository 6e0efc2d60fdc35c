"""A program that has everything imported and forks a scan for each line it is told; run as a script by tests.

Each line is a JSON object: ``request`` (what to scan), ``limits`` (what of the machine to take away first) and ``kill``
(when to end it). It answers with how the child ended, on one line.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from days import Days, quiet

from stillwatch.errors import StillwatchError
from stillwatch.pipeline.daily import scan_state
from stillwatch.store.state.place import vault_at

DROP_FROM_BOUNDING_SET = 24  # prctl(2)
PATIENCE_S = 300  # for something that takes a second on an idle machine
OVERRIDE_RIGHTS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: without them root obeys file modes as anybody


def obey_file_modes() -> None:
    """Take away what lets root write where modes forbid it; for anybody else there is nothing to take away."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    sets = (ctypes.c_uint32 * 6)()
    library = ctypes.CDLL(None, use_errno=True)
    if library.capget(header, sets) == 0:
        for number in OVERRIDE_RIGHTS:
            sets[0] &= ~(1 << number) & 0xFFFFFFFF
        library.capset(header, sets)


def scan_in_child(order: dict) -> int:
    """Run one scan and return the exit status: 0, or that of the refusal, which goes to standard error."""
    limits, request = order["limits"], order["request"]
    if limits.get("obeys_modes"):
        obey_file_modes()
    if limits.get("file_bytes"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"], limits["file_bytes"]))
    days = Days(Path(request["folder"]), Path(), ())
    asked = days.request(Path(request["out"]), *map(Path, request["traffic"]), authorisations=())
    try:
        scan_state(asked, vault_at(request["state"]), quiet)
    except StillwatchError as error:
        sys.stderr.write(error.sentence() + "\n")
        return error.exit_status
    return 0


def kill_in_time(pid: int, kill: dict) -> None:
    """Kill a child that nobody has waited for yet, so that its number is its own: after a time, or once files are."""
    if "after_s" in kill:
        time.sleep(kill["after_s"])
    elif "once" in kill:
        deadline = time.monotonic() + PATIENCE_S
        while not list(Path(kill["once"]).glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.001)
    if kill:
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Fork a scan for each order until there is none."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = scan_in_child(json.loads(line))
            finally:
                os._exit(status)
        kill_in_time(pid, json.loads(line)["kill"])
        _, ended = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
