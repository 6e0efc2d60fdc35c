"""Starting Spark, and saying what is missing where it cannot start."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from stillwatch.errors import EngineError

LEAST_JAVA: Final = 17  # what Spark 4 needs
SPARK_MAJOR: Final = 4  # results as Arrow tables (DataFrame.toArrow) came with it
CONNECT_S: Final = 5.0  # a master that does not answer within is not there; Spark itself would try for a minute
ENCRYPTED: Final = ("spark.network.crypto.enabled", "spark.ssl.rpc.enabled")
TRUSTED: Final = "spark.stillwatch.trustedNetwork"
LOCAL: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "8",  # more than one machine's cores bring nothing for what fits on it
}


def is_local(master: str) -> bool:
    """Return whether a master is this machine alone."""
    return master == "local" or master.startswith("local[")


def start_session(master: str, log: Path) -> tuple[Any, bool]:
    """Return a Spark session, and whether it was started here; one that is already there is used.

    Args:
        master: as Spark names it, ``local[*]`` or ``spark://HOST:PORT``.
        log: where Spark's own words go, instead of the terminal.

    Raises:
        EngineError: pyspark, Java or the master is missing, of a wrong version, or would see the key unencrypted.
    """
    pyspark = _pyspark()
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra: only who asks for this engine has it

    active = SparkSession.getActiveSession()
    if active is not None:
        _check_network(active)
        return active.newSession(), False
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("stillwatch")
    is_submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # spark-submit has started Java and chosen the master
    if not is_submitted:
        _check_java()
        _check_master(master)
        builder = builder.master(master)
    if is_local(master) and not is_submitted:
        quiet = resources.files("stillwatch.engines").joinpath("log4j2.properties")
        options = f"-Dlog4j2.configurationFile={quiet} -Djava.net.preferIPv4Stack=true"
        for name, value in {**LOCAL, "spark.driver.extraJavaOptions": options}.items():
            builder = builder.config(name, value)
    listener = signal.getsignal(signal.SIGINT)
    try:
        with _output_to(log):
            session = builder.getOrCreate()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, listener)  # pyspark puts its own in its place
    except Exception as failure:  # noqa: BLE001 - Java, py4j and pyspark have no common base
        raise EngineError(
            "spark", "cannot be started", got=f"{type(failure).__name__}; {_last_words(log)}",
            fix=f"Check the master {master}, and that pyspark {pyspark.__version__} fits its version.",
        ) from None  # fmt: skip
    if int(session.version.split(".")[0]) != SPARK_MAJOR:
        raise _wrong_version("the cluster's Spark", session.version)
    _check_network(session)
    return session, True


def _pyspark() -> Any:
    try:
        import pyspark  # noqa: PLC0415 - an extra
        import sqlglot  # noqa: F401, PLC0415 - an extra
    except ImportError as missing:
        raise EngineError(
            "spark", "a package is missing", got=f"no {missing.name}", expected="the extra 'spark'",
            fix="Install it with: pip install 'stillwatch[spark]'",
        ) from None  # fmt: skip
    if int(pyspark.__version__.split(".")[0]) != SPARK_MAJOR:
        raise _wrong_version("pyspark", pyspark.__version__)
    return pyspark


def _wrong_version(what: str, got: str) -> EngineError:
    return EngineError(
        "spark", f"{what} has the wrong version", got=got, expected=f"{SPARK_MAJOR}.x",
        fix="Install the extra 'spark', and run it on a cluster of the same version.",
    )  # fmt: skip


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    fix = f"Install Java {LEAST_JAVA} (Debian: openjdk-17-jre-headless), or set JAVA_HOME."
    expected = f"Java {LEAST_JAVA} or newer"
    try:
        said = subprocess.run([java or "java", "-version"], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the user's own Java
    except (OSError, subprocess.SubprocessError):
        raise EngineError("spark", "Java cannot be run", got=java or "none", expected=expected, fix=fix) from None
    found = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if found is None or int(found[1]) < LEAST_JAVA:
        got = found[0] if found else "no version"
        raise EngineError("spark", "Java is too old", got=got, expected=expected, fix=fix)


def _check_master(master: str) -> None:
    if is_local(master) or master.startswith(("yarn", "k8s://")):
        return
    if not master.startswith("spark://"):
        raise EngineError(
            "--master", "is no Spark master", got=master, expected="local[N], spark://HOST:PORT, yarn or k8s://URL",
            fix="Name the master as spark-submit does.",
        )  # fmt: skip
    for one in master.removeprefix("spark://").split(","):
        try:
            address = urlsplit(f"//{one}")
            with socket.create_connection((address.hostname or "", address.port or 7077), timeout=CONNECT_S):
                return
        except (OSError, ValueError):
            continue
    raise EngineError(
        "--master", "does not answer", got=master, expected="a running Spark master",
        fix="Check host and port, and that this machine may reach them.",
    )  # fmt: skip


def _check_network(session: Any) -> None:
    """Refuse to send the sketch key to executors over an open network."""
    conf = session.sparkContext.getConf()
    if is_local(conf.get("spark.master", "")) or any(
        conf.get(name, "false") == "true" for name in (*ENCRYPTED, TRUSTED)
    ):
        return
    raise EngineError(
        "spark", "the sketch key would cross the network unencrypted",
        expected=f"{ENCRYPTED[0]} (with spark.authenticate) or {ENCRYPTED[1]}",
        fix=f"Switch one on, or say {TRUSTED}=true where the network is yours alone.",
    )  # fmt: skip


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Let a process that is started meanwhile, Java, write to a file and not to the terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        for number, copy in enumerate(kept, start=1):
            os.dup2(copy, number)
            os.close(copy)
        os.close(target)


def _last_words(log: Path) -> str:
    """Return the last line that Spark wrote that names an error."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    errors = [line.strip() for line in lines if "Exception" in line or "rror" in line]
    return errors[-1][:300] if errors else "no word from Spark"
