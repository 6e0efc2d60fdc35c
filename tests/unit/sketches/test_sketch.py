"""Tests of the whole sketch."""

import datetime as dt
import hashlib
import io
import secrets
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exchange_batches import exchange_batch, prompt_batch

from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.schema import SKETCHES, TEXT_COLUMNS
from stillwatch.sketches.sketch import Sketcher

MODEL = CapabilityModel.load()
SKETCHER = Sketcher(SketchKey.public_demo_key(), MODEL)
KEYED = ("system_hash", "prompt_hash", "response_hash", "system_minima", "head_minima", "tail_minima", "body_minima")


def _serialised(batch):
    """Return a batch's uncompressed bytes, as Arrow and as Parquet hold them."""
    sink, file = pa.BufferOutputStream(), io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    pq.write_table(pa.Table.from_batches([batch]), file, compression="none", use_dictionary=False)
    return sink.getvalue().to_pybytes() + file.getvalue()


def test_no_text_can_be_read_in_a_sketch():
    """No eight bytes of a canary in any text column are anywhere in the serialised sketch."""
    canaries = {name: f"canary {secrets.token_hex(40)} end" for name in TEXT_COLUMNS}
    row = {name: [text] if name in ("tool_names", "thinking_signatures") else text for name, text in canaries.items()}
    written = _serialised(SKETCHER.sketch(exchange_batch(row)))
    for name, text in canaries.items():
        for variant in (text.encode(), text.upper().encode(), text.encode("utf-16-le")):
            found = [variant[at : at + 8] for at in range(len(variant) - 7) if variant[at : at + 8] in written]
            assert not found, name


def test_schema_and_metadata_pass_through():
    """The result has the schema of sketches, all columns of metadata unchanged, and is valid Arrow."""
    row = {
        "exchange_id": "e", "account_id": "a", "requested_at": dt.datetime(2026, 6, 1, tzinfo=dt.UTC), "turn": 3,
        "ip": "::1",
        "temperature": 0.5, "refused": True, "source_index": 2, "line": 9, "record_bytes": 77, "prompt": "x",
    }  # fmt: skip
    result = SKETCHER.sketch(exchange_batch(row))
    result.validate(full=True)
    assert result.schema.equals(SKETCHES)
    assert {name: result.to_pylist()[0][name] for name in row if name != "prompt"} == {
        name: value for name, value in row.items() if name != "prompt"
    }


def test_absent_text_is_told_from_empty_text():
    """Nulls and empty texts have no hash and no bytes; only the flag tells them apart."""
    rows = SKETCHER.sketch(prompt_batch(None, "", "?", "word")).to_pylist()
    assert [row["has_prompt"] for row in rows] == [False, True, True, True]
    assert [row["prompt_bytes"] for row in rows] == [0, 0, 1, 4]
    assert [row["n_prompt_tokens"] for row in rows] == [0, 0, 0, 1]
    assert [row["prompt_hash"] is None for row in rows] == [True, True, True, False]
    assert not any(row["has_response"] for row in rows)


def test_missing_columns_are_nulls():
    """A batch with only the required columns is sketched as one whose text is not known."""
    batch = exchange_batch({}).select(["exchange_id", "account_id", "requested_at"])
    row = SKETCHER.sketch(batch).to_pylist()[0]
    assert row["has_prompt"] is False
    assert row["n_tools"] is None


def test_an_empty_batch_gives_an_empty_sketch():
    """No rows in, no rows out."""
    assert SKETCHER.sketch(exchange_batch()).num_rows == 0


def test_a_template_moved_to_the_system_prompt_still_matches():
    """The same text as prompt, system prompt or response has one hash, and shares minima."""
    text = "You are a careful grader. Judge the answer by the rubric and reply with a number."
    one, two, three = SKETCHER.sketch(
        exchange_batch({"prompt": text}, {"system_prompt": text}, {"response": text})
    ).to_pylist()
    assert one["prompt_hash"] == two["system_hash"] == three["response_hash"]
    assert set(one["head_minima"]) == set(two["system_minima"])


def test_two_keys_share_nothing():
    """No keyed value of a batch occurs under another key."""
    batch = exchange_batch(
        *({"prompt": f"prompt number {chr(97 + n)} of many words", "system_prompt": "be brief"} for n in range(26))
    )
    sketches = [SKETCHER.sketch(batch), Sketcher(SketchKey(bytes(32)), MODEL).sketch(batch)]
    values = []
    for sketch in sketches:
        columns = [sketch.column(name) for name in KEYED]
        flat = [column.flatten() if pa.types.is_fixed_size_list(column.type) else column for column in columns]
        values.append({value for column in flat for value in column.to_pylist() if value})
    assert not values[0] & values[1]


def test_the_sketch_is_the_same_everywhere():
    """A fixed batch under the public key has the digest written down here, on every machine and numpy version."""
    batch = exchange_batch(
        {"prompt": "Write 3 tasks: 写三个任务。 Привет!", "system_prompt": "You are <think>", "response": '{"a": 1}'},
        {"prompt": "step by step " * 500, "tool_names": ["b", "a"], "thinking_signatures": ["s"]},
    )
    columns = [SKETCHER.sketch(batch).column(field.name).to_pylist() for field in SKETCHES]
    digest = hashlib.sha256(repr(columns).encode()).hexdigest()
    assert digest == DIGEST, "a changed algorithm needs a new version, changed weights a new name"


DIGEST = "d4b87984a1762cdc95b5b0bc4bd8e2fcdddf53bbac9876c482e089c251e2d9e9"


def test_a_prompt_of_30_megabytes_is_sketched_in_bounded_memory():
    """One huge prompt costs working memory of a few dozen megabytes, not a multiple of its size."""
    batch = prompt_batch("lorem ipsum dolor " * 1_700_000, "short one")
    SKETCHER.sketch(batch.slice(1))  # what is loaded with the first text is not the text's
    tracemalloc.start()
    try:
        rows = SKETCHER.sketch(batch).to_pylist()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows[0]["prompt_bytes"] == 18 * 1_700_000
    assert rows[1] == SKETCHER.sketch(batch.slice(1)).to_pylist()[0]
    assert peak < 80 << 20


@pytest.mark.parametrize(
    "text",
    [
        "<" * 300_000,
        "`{\":.)-*|'" * 30_000,
        "a" * 300_000,
        "\u200b" * 100_000,
        "9" * 300_000,
        "\0" * 1000,
        "中" * 90_000,
        "é" * 90_000,
    ],
)
def test_hostile_texts_are_sketched(text):
    """Texts of nothing but marks, one word, one number, invisible characters or zeros are valid rows."""
    result = SKETCHER.sketch(prompt_batch("before", text, "after"))
    result.validate(full=True)
    alone = SKETCHER.sketch(prompt_batch("x", text, "after"))
    assert result.to_pylist()[1:] == alone.to_pylist()[1:]


def test_description_names_key_and_weights():
    """A run's record can say which key and weights made its sketches, without the key."""
    key = SketchKey.generate()
    said = Sketcher(key, MODEL).description()
    assert said["key_id"] == key.key_id
    assert said["capability_weights"] == MODEL.name
    assert key.hexadecimal() not in str(said)
