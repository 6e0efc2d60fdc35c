"""What a file holds: its compression, its container, and the format of its records, from its first bytes alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from stillwatch.errors import AmbiguousFormatError, ClosedFileError, InputError, UnknownFormatError
from stillwatch.records.delimited import delimiter_of, frame_rows, header_names
from stillwatch.records.framing import BOM, Framed, frame_lines
from stillwatch.records.opening import (
    HEAD_BYTES,
    ByteStream,
    Decompressed,
    HashingFile,
    ReadLimits,
    Source,
    StreamStoppedError,
    compression_of,
)
from stillwatch.records.outcome import Record
from stillwatch.records.reader import Reader
from stillwatch.records.readers import otlp_protobuf
from stillwatch.records.readers.canonical import frame_table
from stillwatch.records.values import frame_values, wrapper_key

COLUMNAR: Final = frozenset({"parquet", "arrow-file", "arrow-stream"})
SAMPLE_RECORDS: Final = 200  # enough that a tenth of one format among others shows
MIN_SHARE: Final = 0.1  # below it the marks are an accident
MAGIC: Final = {b"PAR1": "parquet", b"ARROW1": "arrow-file", b"\xff\xff\xff\xff": "arrow-stream"}
PACKED: Final[Mapping[bytes, tuple[str, str]]] = {
    b"PK\x03\x04": ("a ZIP archive or an Excel file", "Unpack it with unzip; save a sheet as CSV."),
    b"BZh": ("bzip2", "Unpack it with bunzip2, or compress it with gzip or zstd."),
    b"\xfd7zXZ\0": ("xz", "Unpack it with unxz, or compress it with gzip or zstd."),
    b"\x1f\x8b": ("gzip within gzip", "Unpack it once with gunzip."),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "Unpack it with 7z x."),
    b"SQLite format 3\0": ("a SQLite database", "Export its table as JSON Lines or CSV."),
    b"%PDF-": ("a PDF", "Look for the log that it was made from."),
}
READABLE: Final = "JSON Lines, JSON, CSV with a header, Parquet, Arrow or OTLP protobuf, plain or in gzip or zstd"
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")
PROTOBUF_NAMES: Final = re.compile(r"\.(pb|binpb|protobuf|otlp|bin)(\.(gz|zst|zstd))?$", re.IGNORECASE)


DRAFT_IT: Final = (
    "Let 'stillwatch records draft FILE > ours.toml' write a first field map, mend it, and add --map ours.toml; "
    "or name the format with --format, as 'stillwatch records formats' lists them."
)
UNKNOWN: Final = "unknown"  # the container of a stray file that no reader knows
UNREADABLE: Final = "unreadable"  # and of one that is damaged, or of a layout that cannot be read
STRAY_REASONS: Final[Mapping[str, str]] = {UNKNOWN: "unknown-format", UNREADABLE: "unreadable-file"}
GENERAL: Final = frozenset({"bodies"})  # its marks may be within another format's records, which then are that format


@dataclass(frozen=True, slots=True)
class Form:
    """How a file's bytes are laid out.

    Args:
        compression: ``none``, ``gzip`` or ``zstd``.
        container: ``parquet``, ``arrow-file``, ``arrow-stream``, ``json-lines``, ``json-values``, ``csv``,
            ``protobuf``, ``empty`` or ``unknown``.
        wrapper: the key under which JSON objects keep their records, if they do.
    """

    compression: str
    container: str
    wrapper: str | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a file was taken for, and why.

    Args:
        source: the file.
        form: its layout.
        reader: the reader of its records; None for a file without records.
        shares: reader name to the share of sampled records with its marks, those above 0.
        n_sampled: records that were looked at.
        why: the reason in words.
    """

    source: Source
    form: Form
    reader: Reader | None
    shares: Mapping[str, float]
    n_sampled: int
    why: str


def form_of(source: Source, limits: ReadLimits) -> Form:
    """Return how a file is laid out.

    Raises:
        InputError: it is UTF-16, or a columnar file inside a compressed one.
        UnknownFormatError: the layout is none that is known.
    """
    raw = HashingFile(source.path)
    try:
        compression = compression_of(_first_bytes(source))
        head = read_head(Decompressed(raw, compression, limits))
    finally:
        raw.close()
    container, wrapper = container_of(head, source)
    if compression != "none" and container in COLUMNAR:
        raise InputError(
            source.name,
            f"a {container} file inside {compression}",
            fix="Decompress it; its columns are compressed already.",
        )
    return Form(compression, container, wrapper)


def _first_bytes(source: Source) -> bytes:
    with source.path.open("rb") as file:
        return file.read(8)


def read_head(stream: ByteStream) -> bytes:
    """Return the first HEAD_BYTES of a stream, or what can be read of them."""
    pieces: list[bytes] = []
    n_bytes = 0
    while n_bytes < HEAD_BYTES:
        try:
            piece = stream.read(HEAD_BYTES - n_bytes)
        except StreamStoppedError:
            break
        if not piece:
            break
        pieces.append(piece)
        n_bytes += len(piece)
    return b"".join(pieces)


def container_of(head: bytes, source: Source) -> tuple[str, str | None]:
    """Return a decompressed file's container, and the key of its wrapper if it has one.

    Raises:
        InputError: the text is UTF-16.
        UnknownFormatError: nothing fits.
    """
    for magic, container in MAGIC.items():
        if head.startswith(magic):
            return container, None
    _refuse_packed(head, source)
    text = head.removeprefix(BOM).lstrip()
    if not text:
        return "empty", None
    if text[:1] in b"{[":
        return _json_layout(text)
    if PROTOBUF_NAMES.search(source.path.name) or otlp_protobuf.looks_like(head[:64]):
        return "protobuf", None
    lines = text[:HEAD_BYTES].split(b"\n")
    if any(_is_object(line) for line in lines[:SAMPLE_RECORDS]):
        return "json-lines", None  # it begins with a damaged line
    if _is_csv(lines, source):
        return "csv", None
    raise UnknownFormatError(
        source.name,
        "the layout is not known",
        expected=READABLE,
        fix="Convert it to one of these; 'stillwatch records draft FILE' then writes a first field map of its fields.",
    )


def _refuse_packed(head: bytes, source: Source) -> None:
    for magic, (kind, fix) in PACKED.items():
        if head.startswith(magic):
            raise UnknownFormatError(source.name, f"{kind}, which is not unpacked here", expected=READABLE, fix=fix)
    if head.startswith(UTF16_MARKS):
        raise InputError(
            source.name, "the text is UTF-16", expected="UTF-8", fix="Convert it with iconv -f UTF-16 -t UTF-8."
        )


def _json_layout(text: bytes) -> tuple[str, str | None]:
    first, *rest = text.split(b"\n", 1)
    if text[:1] == b"{":
        if (key := wrapper_key(text)) is not None:
            return "json-values", key
        if not rest or _is_object(first) or first.startswith(b'{"'):
            return ("json-values" if _has_more_values(first) else "json-lines"), None
    elif first.rstrip().endswith(b"]") and _is_json(first) and rest and rest[0].strip():
        if first[1:].lstrip()[:1] == b"{":
            return "json-values", None  # every line an array of records, as a receiver writes down what a gateway posts
        return "json-lines", None  # every line an array of something else: each is quarantined as no record
    lines = text.split(b"\n")[:SAMPLE_RECORDS]
    n_objects = sum(_is_object(line) for line in lines if line.startswith(b"{"))
    return ("json-lines" if 2 * n_objects > len(lines) else "json-values"), None


def _has_more_values(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return "unexpected content after document" in str(error) and b"}{" in line
    return False


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_object(line: bytes) -> bool:
    return line[:1] == b"{" and _is_json(line)


def _is_csv(lines: Sequence[bytes], source: Source) -> bool:
    header = lines[0].rstrip(b"\r").decode("utf-8", "replace")
    if "\0" in header or "�" in header or delimiter_of(header) not in header:
        return False
    return bool(header_names(header, source.name))


def records_of(source: Source, form: Form, limits: ReadLimits, raw: HashingFile | None) -> Iterator[Framed]:
    """Yield the records of a file.

    Args:
        source: the file.
        form: its layout.
        limits: the bounds.
        raw: the file opened for hashing; None for columnar files, which are not read in order.
    """
    if form.container in COLUMNAR:
        return frame_table(source.path, form.container, source.name)
    if raw is None or form.container == "empty":
        return iter(())
    stream = Decompressed(raw, form.compression, limits)
    if form.container == "json-values":
        return frame_values(stream, source.name, limits, form.wrapper)
    if form.container == "csv":
        return frame_rows(stream, source.name, limits)
    if form.container == "protobuf":
        return otlp_protobuf.frame(stream, source.name, limits)
    return frame_lines(stream, source.name, limits)


def sample_of(
    source: Source, form: Form, limits: ReadLimits, n_records: int = SAMPLE_RECORDS
) -> tuple[list[Mapping[str, Any]], int]:
    """Return the first decodable records of a file, and how many records were looked at to find them."""
    raw = None if form.container in COLUMNAR else HashingFile(source.path)
    sample: list[Mapping[str, Any]] = []
    n_seen = 0
    try:
        for one in islice(records_of(source, form, limits, raw), 10 * n_records):  # 10: bad lines do not hide the good
            n_seen += 1
            if isinstance(one, Record):
                sample.append(one.value)
            if len(sample) == n_records:
                break
        return sample, n_seen
    finally:
        if raw is not None:
            raw.close()


def recognise(
    source: Source, readers: Mapping[str, Reader], limits: ReadLimits, chosen: Reader | None = None
) -> Recognition:
    """Return what a file holds.

    Args:
        source: the file.
        readers: those to ask, by name.
        limits: the bounds.
        chosen: the reader that the user asked for; nothing is asked then.

    Raises:
        InputError: the layout cannot be read.
        ClosedFileError: the file cannot be opened.
        UnknownFormatError: no reader, or more than one alike, recognises the records.
    """
    try:
        form = form_of(source, limits)
    except OSError as error:
        raise ClosedFileError(
            source.name,
            "the file cannot be opened",
            got=error.strerror,
            fix="Check its permissions, or leave it out.",
        ) from error
    if form.container == "empty":
        return Recognition(source, form, None, {}, 0, "the file is empty")
    sample, n_seen = sample_of(source, form, limits)
    if n_seen == 0:
        return Recognition(source, form, None, {}, 0, "the file holds no record")
    shares = (
        {name: share for name, reader in readers.items() if (share := reader.recognises(sample)) > 0} if sample else {}
    )
    if chosen is not None:
        return Recognition(source, form, chosen, shares, len(sample), "the format was named")
    best = max(shares.values(), default=0.0)
    names = sorted(name for name, share in shares.items() if share >= best - 1e-9)  # 1e-9: rounding of a mean
    if len(names) > 1:
        names = [name for name in names if name not in GENERAL] or names
    if best < MIN_SHARE:
        raise _unknown(source, form, sample)
    if len(names) > 1:
        raise AmbiguousFormatError(
            source.name,
            "more than one format fits",
            got=", ".join(names),
            expected="one",
            fix="Choose it with --format.",
        )
    why = f"{best:.0%} of {len(sample)} sampled records have its marks"
    return Recognition(source, form, readers[names[0]], shares, len(sample), why)


def recognise_stray(
    source: Source, readers: Mapping[str, Reader], limits: ReadLimits, chosen: Reader | None = None
) -> Recognition:
    """Return what a file of a searched folder holds; one that cannot be read is no error there.

    Raises:
        AmbiguousFormatError: more than one reader recognises it alike.
        ClosedFileError: it cannot be opened at all.
    """
    try:
        return recognise(source, readers, limits, chosen)
    except (AmbiguousFormatError, ClosedFileError):
        raise
    except UnknownFormatError as stray:
        return Recognition(source, Form("none", UNKNOWN), None, {}, 0, stray.problem)
    except InputError as damaged:
        return Recognition(source, Form("none", UNREADABLE), None, {}, 0, damaged.problem)


def _unknown(source: Source, form: Form, sample: Sequence[Mapping[str, Any]]) -> UnknownFormatError:
    problem = "no format fits the records" if sample else "no record can be read"
    return UnknownFormatError(
        source.name,
        problem,
        got=f"{form.container} with {len(sample)} readable records in its sample",
        fix=DRAFT_IT if sample else "Look at its first lines: each record must be a whole JSON object.",
    )
