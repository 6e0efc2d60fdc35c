"""Tests of what is said where Spark cannot start."""

import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from spark_here import HAS_SPARK

from stillwatch.engines import spark_session
from stillwatch.engines.spark_session import start_session
from stillwatch.errors import EngineError

needs_pyspark = pytest.mark.skipif(not HAS_SPARK, reason="needs the extra 'spark'")


def java_that_says(folder: Path, words: str) -> Path:
    """Make a Java home whose Java says these words."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{words}' >&2\n")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    return folder


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyspark the refusal says which extra to install."""
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(EngineError, match=r"pip install 'stillwatch\[spark\]'"):
        start_session("local[1]", tmp_path / "log")


@needs_pyspark
@pytest.mark.filterwarnings("default")
def test_another_major_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark 3 has no results as Arrow tables."""
    import pyspark  # noqa: PLC0415 - an extra

    monkeypatch.setattr(pyspark, "__version__", "3.5.8")
    with pytest.raises(EngineError, match=r"got 3\.5\.8, expected 4\.x"):
        start_session("local[1]", tmp_path / "log")


@needs_pyspark
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("words", ['openjdk version "11.0.2" 2019-01-15', 'java version "1.8.0_221"', "no words"])
def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Java 8 and 11 are named with what is needed."""
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "jdk", words)))
    with pytest.raises(EngineError, match="expected Java 17 or newer"):
        start_session("local[1]", tmp_path / "log")


def session_with(**conf: str) -> SimpleNamespace:
    """Return what stands for a session of this configuration."""
    names = {name.replace("_", "."): value for name, value in conf.items()}
    return SimpleNamespace(sparkContext=SimpleNamespace(getConf=lambda: names))


def test_the_key_does_not_cross_an_open_network() -> None:
    """A cluster without encryption between its machines is refused; one machine, or a word of the user's, is not."""
    with pytest.raises(EngineError, match="unencrypted"):
        spark_session._check_network(session_with(spark_master="spark://host:7077"))
    spark_session._check_network(session_with(spark_master="local[4]"))
    spark_session._check_network(session_with(spark_master="yarn", spark_network_crypto_enabled="true"))
    spark_session._check_network(session_with(spark_master="k8s://h", spark_ssl_rpc_enabled="true"))
    spark_session._check_network(session_with(spark_master="yarn", spark_stillwatch_trustedNetwork="true"))
