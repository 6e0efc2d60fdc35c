"""Whole columns become canonical ones."""

import pyarrow as pa
import pytest

from stillwatch.records.columns import convert
from stillwatch.records.schema import EXCHANGES


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        (["a\0b", "plain", None, ""], ["ab", "plain", None, ""]),
        (["\0", "\0\0"], ["", ""]),
        ([None, None], [None, None]),
        (["x"] * 70 + ["tail\0"], ["x"] * 70 + ["tail"]),
    ],
)
@pytest.mark.parametrize("begin", [0, 2])
def test_nul_is_taken_out_of_any_slice(prompts: list[str | None], expected: list[str | None], begin: int) -> None:
    """NUL is taken out and counted wherever a batch begins in its buffers; text without it is left as it is."""
    whole = pa.RecordBatch.from_pydict({"prompt": pa.array(["\0", "before", *prompts, "\0"][2 - begin :], pa.string())})
    made = convert(whole.slice(begin, len(prompts)), EXCHANGES, {}, None)
    assert made.columns["prompt"].to_pylist() == expected
    n_changed = sum(got != wanted for got, wanted in zip(prompts, expected, strict=True))
    assert made.warnings["prompt: unclean-text"] == n_changed
