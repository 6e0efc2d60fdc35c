"""Files, folders and globs become sources; compressed bytes come out within bounds."""

import gzip
import hashlib
import os
import zlib

import pyarrow as pa
import pytest

from stillwatch.errors import InputError
from stillwatch.records.opening import (
    Decompressed,
    HashingFile,
    ReadLimits,
    StreamStoppedError,
    compression_of,
    find_sources,
)


def read_all(path, limits=None):
    """Return what can be read, the stop's reason, and the digest of the raw file."""
    raw = HashingFile(path)
    stream = Decompressed(raw, compression_of(path.read_bytes()[:8]), limits or ReadLimits())
    pieces, reason = [], None
    try:
        while piece := stream.read(50_000):
            pieces.append(piece)
    except StreamStoppedError as stop:
        reason = stop.reason
    return b"".join(pieces), reason, raw.finish()


def test_folders_are_searched_sorted_and_hidden_files_skipped(tmp_path):
    """A folder gives its files at any depth by name; hidden files and Spark's markers are none."""
    for name in ("logs/b.jsonl", "logs/a/z.jsonl", "logs/.hidden", "logs/.git/x", "logs/_SUCCESS"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert [one.name for one in find_sources([tmp_path / "logs"])] == ["logs/a/z.jsonl", "logs/b.jsonl"]
    assert [one.name for one in find_sources([str(tmp_path / "logs" / "**" / "*.jsonl")])] == ["b.jsonl", "z.jsonl"]


def test_names_do_not_depend_on_where_the_files_lie(tmp_path, monkeypatch):
    """The same folder elsewhere, or named from within, gives the same names."""
    for place in ("one", "two"):
        (tmp_path / place / "logs").mkdir(parents=True)
        (tmp_path / place / "logs" / "a.jsonl").write_text("{}")
    names = [[one.name for one in find_sources([tmp_path / place / "logs"])] for place in ("one", "two")]
    monkeypatch.chdir(tmp_path / "one")
    assert names == [["logs/a.jsonl"]] * 2
    assert [one.name for one in find_sources(["logs"])] == ["logs/a.jsonl"]


def test_a_file_named_twice_is_read_once_and_equal_names_differ(tmp_path):
    """Naming a file again, also through a link, adds nothing; two files of one name keep apart."""
    for place in ("x", "y"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.jsonl").write_text("{}")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "x" / "a.jsonl")
    found = find_sources(
        [tmp_path / "x/a.jsonl", tmp_path / "y/a.jsonl", tmp_path / "x/a.jsonl", tmp_path / "link.jsonl"]
    )
    assert [one.name for one in found] == ["x/a.jsonl", "y/a.jsonl"]


@pytest.mark.parametrize("argument", ["absent.jsonl", "absent-*.jsonl", "empty", "pipe"])
def test_what_is_not_there_is_refused(tmp_path, argument):
    """A missing file, a glob without match, an empty folder and a pipe are refused by name."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=argument.replace("*", r"\*")):
        find_sources([tmp_path / argument])


@pytest.mark.parametrize("kind", ["plain", "gzip", "members", "padded", "zstd"])
def test_every_compression_gives_the_same_bytes(tmp_path, kind):
    """Plain, gzip of one or more members, padded gzip and zstd are known by their bytes, whatever the name."""
    content = os.urandom(300_000) + b"a" * 900_000
    packed = {
        "plain": content,
        "gzip": gzip.compress(content),
        "members": gzip.compress(content[:400_000]) + gzip.compress(content[400_000:]),
        "padded": gzip.compress(content) + b"\0" * 512,
        "zstd": pa.Codec("zstd").compress(content, asbytes=True),
    }[kind]
    path = tmp_path / "wrong-name.txt"
    path.write_bytes(packed)
    assert read_all(path) == (content, None, hashlib.sha256(packed).hexdigest())


def test_truncated_gzip_keeps_what_was_readable(tmp_path):
    """Of a gzip file that was cut, what came before the cut is used, and the stop is told."""
    content = b"".join(b"%d\n" % (i * i) for i in range(200_000))
    packed = gzip.compress(content)
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[: len(packed) // 2])
    read, reason, _ = read_all(path)
    assert reason == "truncated-file"
    assert len(read) > len(content) // 4
    assert content.startswith(read)


def test_truncated_zstd_keeps_what_was_readable(tmp_path):
    """The same for zstd."""
    content = b"".join(b"%d\n" % (i * i) for i in range(400_000))
    packed = pa.Codec("zstd").compress(content, asbytes=True)
    path = tmp_path / "cut.zst"
    path.write_bytes(packed[: len(packed) // 2])
    read, reason, _ = read_all(path)
    assert reason == "truncated-file"
    assert len(read) > len(content) // 10
    assert content.startswith(read)


@pytest.mark.parametrize("tail", [b"garbage", b"\x1f"])
def test_bytes_after_the_last_member_are_told(tmp_path, tail):
    """What follows a gzip member and is none stops the file after what was good."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"good") + tail)
    read, reason, _ = read_all(path)
    assert (read, reason in {"corrupt-compression", "truncated-file"}) == (b"good", True)


def test_damaged_gzip_is_told(tmp_path):
    """A wrong checksum stops the file."""
    packed = bytearray(gzip.compress(b"good" * 1000))
    packed[-8] ^= 1
    path = tmp_path / "a.gz"
    path.write_bytes(packed)
    assert read_all(path)[1] == "corrupt-compression"


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_is_stopped_and_what_came_before_kept(tmp_path, kind):
    """A file that decompresses beyond ratio and floor is stopped near the limit, not at the end."""
    size = 64 << 20
    if kind == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    else:
        packed = pa.Codec("zstd").compress(bytes(size), asbytes=True)
    path = tmp_path / "bomb"
    path.write_bytes(packed)
    read, reason, digest = read_all(path, ReadLimits(max_ratio=20, ratio_floor_bytes=4 << 20))
    assert reason == "decompression-bomb"
    assert 4 << 20 <= len(read) <= 5 << 20
    assert digest == hashlib.sha256(packed).hexdigest()


def test_the_absolute_limit_holds_whatever_the_ratio(tmp_path):
    """A limit on decompressed bytes holds for a file of modest ratio too."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(os.urandom(1 << 20)))
    assert read_all(path, ReadLimits(max_decompressed_bytes=500_000))[1] == "decompression-bomb"
