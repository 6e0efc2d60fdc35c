"""Whether Spark can run on this machine."""

import importlib.util
import os
import shutil

import pytest

HAS_SPARK = importlib.util.find_spec("pyspark") is not None and importlib.util.find_spec("sqlglot") is not None
HAS_JAVA = bool(os.environ.get("JAVA_HOME") or shutil.which("java"))

needs_spark = pytest.mark.skipif(
    not (HAS_SPARK and HAS_JAVA), reason="needs the extra 'spark' and Java 17 (openjdk-17-jre-headless)"
)
