"""A file is known by its bytes and its records' marks, not by its name."""

import gzip

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, UnknownFormatError, UsageError
from stillwatch.records.catalogue import READERS, reader_named
from stillwatch.records.opening import ReadLimits, Source
from stillwatch.records.readers.canonical import CanonicalReader
from stillwatch.records.recognition import container_of, form_of, recognise

ROW = {"exchange_id": "e", "account_id": "a", "requested_at": "2026-03-01T12:00:00Z"}
LINE = orjson.dumps(ROW)


def source(tmp_path, content, name="log"):
    """Write a file and return it as a source."""
    path = tmp_path / name
    path.write_bytes(content)
    return Source(name, path)


@pytest.mark.parametrize(
    ("content", "container", "wrapper"),
    [
        (LINE + b"\n" + LINE, "json-lines", None),
        (LINE, "json-lines", None),
        (b"broken\n" + LINE, "json-lines", None),
        (b'{"cut": \n' + LINE + b"\n" + LINE + b"\n" + LINE, "json-lines", None),
        (b"\xef\xbb\xbf\n" + LINE, "json-lines", None),
        (LINE + LINE, "json-values", None),
        (b"[" + LINE + b"]", "json-values", None),
        (orjson.dumps(ROW, option=orjson.OPT_INDENT_2) * 2, "json-values", None),
        (b'{"data":[' + LINE + b"]}", "json-values", "data"),
        (b'{\n  "Records": [\n' + LINE + b"]}", "json-values", "Records"),
        (b'{"a":"' + b"x" * 600_000 + b'"}\n' + LINE, "json-lines", None),
        (b"exchange_id,account_id\n1,2\n", "csv", None),
        (b"exchange_id\taccount_id\n1\t2\n", "csv", None),
        (b"PAR1", "parquet", None),
        (b"ARROW1\0\0", "arrow-file", None),
        (b"\xff\xff\xff\xff\x10\0\0\0", "arrow-stream", None),
        (b"", "empty", None),
        (b"\n \n", "empty", None),
    ],
)
@pytest.mark.parametrize("is_compressed", [False, True])
def test_the_container_follows_from_the_bytes(tmp_path, content, container, wrapper, is_compressed):
    """Every layout is told apart by its beginning, compressed or not; columnar files are not compressed twice."""
    found = source(tmp_path, gzip.compress(content) if is_compressed else content)
    if is_compressed and container in {"parquet", "arrow-file", "arrow-stream"}:
        with pytest.raises(InputError, match="inside gzip"):
            form_of(found, ReadLimits())
        return
    form = form_of(found, ReadLimits())
    assert (form.container, form.wrapper, form.compression) == (container, wrapper, "gzip" if is_compressed else "none")


@pytest.mark.parametrize(
    "content", ['{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-16-le"), '{"a":1}'.encode("utf-16-be")]
)
def test_utf16_is_refused_clearly(tmp_path, content):
    """UTF-16 is named, with the way out."""
    with pytest.raises(InputError, match=r"UTF-16.*iconv"):
        form_of(source(tmp_path, content), ReadLimits())


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n", b"just words", b"\x7fELF\x02", b"a,b,,d\n1,2,3,4\n", b"a,a\n1,2\n"]
)
def test_what_is_no_log_is_refused(tmp_path, content):
    """Bytes of no known layout, and CSV without a usable header, are refused before the run."""
    with pytest.raises(InputError, match="log"):
        form_of(source(tmp_path, content), ReadLimits())


def test_the_highest_share_wins_and_ties_are_named(tmp_path):
    """A format needs marks in a tenth of the records; two alike are refused with both names; --format decides."""
    readers = {name: CanonicalReader(name=name) for name in ("one", "two")}
    log = source(tmp_path, LINE)
    with pytest.raises(UnknownFormatError, match=r"one, two.*--format"):
        recognise(log, readers, ReadLimits())
    assert recognise(log, readers, ReadLimits(), readers["two"]).reader is readers["two"]
    rare = source(tmp_path, LINE + b"\n" + b'{"x":1}\n' * 19, "rare")
    with pytest.raises(UnknownFormatError, match="--map"):
        recognise(rare, READERS, ReadLimits())
    some = source(tmp_path, LINE + b"\n" + b'{"x":1}\n' * 7, "some")
    assert recognise(some, READERS, ReadLimits()).reader is READERS["canonical"]


def test_rows_of_columnar_files_are_recognised_too(tmp_path):
    """A Parquet file is asked of every reader, like any log."""
    pq.write_table(pa.Table.from_pylist([ROW]), tmp_path / "x")
    assert recognise(Source("x", tmp_path / "x"), READERS, ReadLimits()).shares == {"canonical": 1.0}


def test_a_file_without_a_readable_record_is_refused(tmp_path):
    """Where nothing can be decoded there is nothing to recognise."""
    with pytest.raises(UnknownFormatError, match="no record can be read"):
        recognise(source(tmp_path, b'{"a": \n{"b": \n'), READERS, ReadLimits())


@pytest.mark.parametrize("content", [b"", b"[]", b'{"Records":[]}', b"exchange_id,account_id,requested_at\n"])
def test_a_file_without_records_is_no_mistake(tmp_path, content):
    """An empty export among others stops no run."""
    assert recognise(source(tmp_path, content), READERS, ReadLimits()).reader is None


def test_unknown_format_names_are_refused():
    """The refusal lists the formats."""
    with pytest.raises(UsageError, match="canonical"):
        reader_named("nonsense")


def test_every_reader_keeps_the_contract():
    """Names are unique; what a reader provides it can explain, and nothing recognises an empty sample."""
    for name, reader in READERS.items():
        assert reader.name == name
        assert reader.provides <= set(READERS["canonical"].provides)
        assert reader.provides <= set(reader.mapping())
        assert reader.recognises([]) == 0
        assert reader.recognises([{}, {"a": 1}]) == 0
        assert list(reader.session().finish()) == []


@pytest.mark.parametrize(
    ("content", "kind", "fix"),
    [
        (b"PK\x03\x04" + b"x" * 60, "ZIP", "unzip"),
        (b"BZh9" + b"x" * 60, "bzip2", "bunzip2"),
        (b"\xfd7zXZ\0" + b"x" * 60, "xz", "unxz"),
        (gzip.compress(gzip.compress(b"{}")), "gzip within gzip", "gunzip"),
        (b"SQLite format 3\0" + b"x" * 60, "SQLite", "Export"),
    ],
    ids=["zip", "bzip2", "xz", "gzip-twice", "sqlite"],  # gzip writes the time: named by their bytes they would differ
)
def test_packed_files_are_refused_by_name(tmp_path, content, kind, fix):
    """An archive that is not unpacked is called what it is, with the command that unpacks it."""
    with pytest.raises(UnknownFormatError, match=kind) as refused:
        recognise(source(tmp_path, content), READERS, ReadLimits())
    assert fix in str(refused.value)


def test_lines_that_are_arrays_of_records_are_read(tmp_path):
    """A receiver that writes down each posted array as a line leaves records, not arrays."""
    row = b'{"exchange_id":"1","account_id":"a","requested_at":1772366400}'
    found = recognise(source(tmp_path, b"[" + row + b"]\n[" + row + b"," + row + b"]\n"), READERS, ReadLimits())
    assert (found.form.container, found.n_sampled) == ("json-values", 3)


def test_a_header_that_is_quoted_wrongly_is_refused(tmp_path):
    """Quotes that end in the middle of a name are no reason to fail."""
    content = b'a,"b ""c"" d\t"\n1,2\n'
    assert container_of(content, source(tmp_path, content)) == ("csv", None)
    with pytest.raises(InputError, match="quoting"):
        container_of(b'"a"b,c\n1,2\n', source(tmp_path, b""))


def test_a_misspelt_format_gets_the_nearest_name():
    """A slip of the finger is answered with the name that was meant."""
    with pytest.raises(UsageError, match=r"Did you mean litellm\?"):
        reader_named("LiteLM")
    with pytest.raises(UsageError, match="records formats"):
        reader_named("zzzzz")
