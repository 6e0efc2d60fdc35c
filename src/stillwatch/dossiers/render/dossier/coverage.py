"""Which characters the fonts of a folder draw, read from their own tables.

Source: OpenType 1.9, the tables of characters (cmap) of formats 4 and 12, which every font of today has.
"""

from collections.abc import Iterator
from pathlib import Path
from struct import error as StructError  # noqa: N812 - the module's name for it says nothing here
from struct import iter_unpack, unpack_from
from typing import Final

from stillwatch.errors import InputError

SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc", ".otc"})
MOST_BYTES: Final = 64 << 20  # the largest fonts in use have some 30 MB
UNICODE: Final = ((0, None), (3, 1), (3, 10))  # platform and encoding; null: any


def covered(folder: Path) -> frozenset[int]:
    """Return the code points that at least one font file directly in a folder draws.

    Raises:
        InputError: the folder cannot be read, holds no font, or a font is damaged.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise InputError(str(folder), "cannot be read", got=error.strerror, expected="a folder of fonts") from None
    if not files:
        raise InputError(str(folder), "holds no font", expected="files of type ttf, otf or ttc")
    found: set[int] = set()
    for path in files:
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
        try:
            found.update(point for start in _faces(content) for point in _points(content, start))
        except (StructError, IndexError):
            raise InputError(str(path), "is no font that can be read", expected="OpenType with a cmap") from None
    return frozenset(found)


def _faces(content: bytes) -> tuple[int, ...]:
    """Return where each font of a file begins: a collection holds several."""
    if content[:4] != b"ttcf":
        return (0,)
    (n,) = unpack_from(">I", content, 8)
    return tuple(unpack_from(f">{min(n, 64)}I", content, 12))


def _points(content: bytes, start: int) -> Iterator[int]:
    (n_tables,) = unpack_from(">H", content, start + 4)
    for i in range(n_tables):
        tag, _, offset, _ = unpack_from(">4sIII", content, start + 12 + 16 * i)
        if tag == b"cmap":
            yield from _of_cmap(content, offset)
            return
    raise IndexError


def _of_cmap(content: bytes, at: int) -> Iterator[int]:
    (n,) = unpack_from(">H", content, at + 2)
    for i in range(n):
        platform, encoding, offset = unpack_from(">HHI", content, at + 4 + 8 * i)
        if any(platform == p and e in (None, encoding) for p, e in UNICODE):
            (kind,) = unpack_from(">H", content, at + offset)
            if kind == 4:
                yield from _segments(content, at + offset)
            elif kind == 12:
                (n_groups,) = unpack_from(">I", content, at + offset + 12)
                groups = content[at + offset + 16 : at + offset + 16 + 12 * n_groups]
                for first, last, glyph in iter_unpack(">III", groups):
                    yield from range(first + (glyph == 0), min(last, 0x10FFFF) + 1)


def _segments(content: bytes, at: int) -> Iterator[int]:
    """Yield the code points of a table of format 4; glyph 0 is the sign for a missing one."""
    n = unpack_from(">H", content, at + 6)[0] // 2
    ends = unpack_from(f">{n}H", content, at + 14)
    starts = unpack_from(f">{n}H", content, at + 16 + 2 * n)
    deltas = unpack_from(f">{n}H", content, at + 16 + 4 * n)
    offsets_at = at + 16 + 6 * n
    for i, (start, end, delta) in enumerate(zip(starts, ends, deltas, strict=True)):
        (offset,) = unpack_from(">H", content, offsets_at + 2 * i)
        for point in range(start, min(end, 0xFFFE) + 1):
            if offset:
                (glyph,) = unpack_from(">H", content, offsets_at + 2 * i + offset + 2 * (point - start))
                is_drawn = glyph != 0
            else:
                is_drawn = (point + delta) & 0xFFFF != 0
            if is_drawn:
                yield point
