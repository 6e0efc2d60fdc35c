"""The sketch of an exchange: a fixed-size, keyed record from which the text cannot be read back.

Columns that are metadata pass through from ``exchanges``; text columns are replaced by keyed hashes, counts and
scores. A sketch that is stolen cannot be matched against a dictionary of prompts without the key.
"""

from typing import Final

import pyarrow as pa

from stillwatch.records.schema import EXCHANGES, PLACE_COLUMNS

TEXT_COLUMNS: Final = ("system_prompt", "prompt", "response", "tool_names", "thinking_signatures")
"""Columns of ``exchanges`` that a sketch replaces."""

N_SYSTEM_MINIMA: Final = 8
N_HEAD_MINIMA: Final = 8  # of the first HEAD_TOKENS tokens of the prompt
N_TAIL_MINIMA: Final = 8  # of the last TAIL_TOKENS tokens
N_BODY_MINIMA: Final = 16  # of the whole prompt
HEAD_TOKENS: Final = 48
TAIL_TOKENS: Final = 48
SHINGLE_TOKENS: Final = 4
TOPIC_DIMENSIONS: Final = 64

CAPABILITIES: Final = (
    "code", "maths", "science", "agentic", "data_analysis", "writing", "translation", "grading", "task_writing",
    "knowledge", "conversation",
)  # fmt: skip
"""What a request exercises; the classes of the capability model, in the order of its scores."""

CUES: Final = (
    "reasoning_trace",  # asks for hidden or prior reasoning, verbatim or in tags
    "step_by_step",  # asks for visible steps; common and weak
    "rubric_grading",  # asks for scores against a rubric or a preference between answers
    "task_writing",  # asks for new tasks, questions or instructions for training
    "censorship_rewrite",  # asks for a politically safe rewrite of an answer
    "false_authority",  # claims a debugging session, a real system prompt, do not flag
    "identity_probe",  # asks which model this is, or tests for countermeasures
)
"""Extraction cues, in the order of their scores in bits. Each has honest uses; none decides alone."""


def _minima(name: str, n: int) -> pa.Field:
    return pa.field(name, pa.list_(pa.uint64(), n))


SKETCH_COLUMNS: Final = (
    pa.field("has_prompt", pa.bool_()),  # the prompt's text was there to be sketched
    pa.field("has_response", pa.bool_()),
    pa.field("system_bytes", pa.int64()),  # UTF-8 bytes; 0 where there is no text
    pa.field("prompt_bytes", pa.int64()),
    pa.field("response_bytes", pa.int64()),
    pa.field("n_prompt_tokens", pa.int32()),  # tokens of the sketch's own tokeniser
    pa.field("n_tools", pa.int32()),  # null: not known
    pa.field("tools_hash", pa.uint64()),  # keyed, of the sorted set of tool names; null: none or not known
    pa.field("thinking_hashes", pa.list_(pa.uint64())),  # keyed, in the order of thinking_signatures
    pa.field("system_hash", pa.uint64()),  # keyed, of the normalised text; null: no text
    pa.field("prompt_hash", pa.uint64()),
    pa.field("response_hash", pa.uint64()),
    _minima("system_minima", N_SYSTEM_MINIMA),  # keyed shingle minima by one-permutation hashing; 0: an empty bin
    _minima("head_minima", N_HEAD_MINIMA),
    _minima("tail_minima", N_TAIL_MINIMA),
    _minima("body_minima", N_BODY_MINIMA),
    pa.field(
        "topic", pa.list_(pa.int8(), TOPIC_DIMENSIONS)
    ),  # keyed count sketch of the prompt's rarer words, unit length 127
    pa.field("capability", pa.list_(pa.uint8(), len(CAPABILITIES))),  # probability * 255
    pa.field("cue_bits", pa.list_(pa.float32(), len(CUES))),  # evidence for the cue in bits; 0: none
    pa.field("shape", pa.uint32()),  # bit set, see shape.py
)

SKETCHES: Final = pa.schema(
    [
        *(field for field in EXCHANGES if field.name not in TEXT_COLUMNS),
        *SKETCH_COLUMNS,
        *(pa.field(name, kind) for name, kind in PLACE_COLUMNS),
    ]
)


def _portable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        return pa.list_(_portable(kind.value_type))
    return {pa.uint64(): pa.int64(), pa.uint32(): pa.int32(), pa.uint8(): pa.int16()}.get(kind, kind)


SKETCH_ROWS: Final = pa.schema(pa.field(field.name, _portable(field.type)) for field in SKETCHES)
"""Sketches in types that every engine has: a hash is the signed integer of the same 64 bits, a fixed list a list."""


def sketch_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return sketches as rows for an engine, of schema ``SKETCH_ROWS``: every bit of every value is kept."""
    columns = [  # not safe: a hash of 2**63 or more becomes negative, and that is meant
        column if column.type == field.type else column.cast(field.type, safe=False)
        for column, field in zip(batch.columns, SKETCH_ROWS, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SKETCH_ROWS)
