"""The processes of a benchmark: each job in one of its own, with one thread, some at a time, ended at its limit."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final, Self

from stillwatch.pipeline.benchmark_plan import Document, Job

JOB_MODULE: Final = "stillwatch.pipeline.benchmark_job"
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)  # each job has one core: times of different systems are of the same machine


class JobProcesses:
    """Runs jobs as processes, some at a time; none outlives it."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._pool = ThreadPoolExecutor(n)
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_closed = True
            for process in self._alive:
                _kill(process)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, jobs: Sequence[Job], done: Callable[[str, int], None]) -> list[tuple[Job, Document]]:
        """Return each job's result, in the order of the jobs; ``done`` is told of each, and regularly."""
        waiting: dict[Future[Document], Job] = {self._pool.submit(self._run, job): job for job in jobs}
        order = list(waiting)
        pending = set(waiting)
        n_done = 0
        while pending:
            finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            n_done += len(finished)
            for future in finished:
                done(waiting[future].name, n_done)
            if not finished:
                done("", n_done)
        return [(waiting[future], future.result()) for future in order]

    def _run(self, job: Job) -> Document:
        with tempfile.TemporaryDirectory(
            prefix=".job-", dir=job.document["cache"]
        ) as folder:  # removed with a killed job
            asked, answer, said = (Path(folder) / name for name in ("job.json", "result.json", "stderr"))
            asked.write_text(json.dumps(job.document), encoding="utf-8")
            with said.open("wb") as errors:
                command = [sys.executable, "-m", JOB_MODULE, str(asked), str(answer)]
                with self._lock:
                    if self._is_closed:
                        return {"status": "failed", "problem": "stopped"}
                    process = subprocess.Popen(  # noqa: S603 - our own module
                        command, stdout=subprocess.DEVNULL, stderr=errors,
                        env={**os.environ, **ONE_THREAD}, start_new_session=True,
                    )  # fmt: skip
                    self._alive.add(process)
                try:
                    process.wait(job.limit_s)
                except subprocess.TimeoutExpired:
                    _kill(process)
                    process.wait()
                    return {"status": "did not finish", "problem": f"stopped after {job.limit_s} s"}
                finally:
                    with self._lock:
                        self._alive.discard(process)
            if process.returncode or not answer.is_file():
                lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                last = lines[-1] if lines else "it said nothing"
                return {"status": "failed", "problem": f"exit status {process.returncode}: {last}"}
            result: Document = json.loads(answer.read_text(encoding="utf-8"))
            return result


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a job and every process that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
