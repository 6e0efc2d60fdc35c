"""A little of DER: building elements, and the certificates of a time stamp in the order that DER asks for.

Authorities that run OpenSSL send their chain as it lies in a file, leaf first; a strict reader of DER refuses a set
that is not sorted. The certificates lie outside what is signed, so sorting them changes nothing that anybody vouched
for.

Source: ITU-T X.690, section 11.6 (sets in DER); RFC 5652, section 5.1 (SignedData).
"""

from typing import Final

INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = 0x05
OBJECT: Final = 0x06
SEQUENCE: Final = 0x30
CONTEXT_0: Final = 0xA0  # [0] constructed: the content of ContentInfo, the certificates of SignedData


def with_sorted_certificates(response: bytes) -> bytes:
    """Return a time stamp response with its certificates sorted; anything else comes back as it is."""
    try:
        return _in_response(response)
    except (ValueError, IndexError):
        return response


def _in_response(response: bytes) -> bytes:
    """TimeStampResp ::= SEQUENCE { status, timeStampToken ContentInfo }."""
    tag, body = _whole(response)
    parts = _split(body)
    if tag != SEQUENCE or len(parts) != 2:
        raise ValueError(tag)
    token = _split(_whole(parts[1])[1])  # ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT }
    signed = _split(_whole(_whole(token[1])[1])[1])
    at = next(i for i, part in enumerate(signed) if part[0] == CONTEXT_0)
    signed[at] = joined(CONTEXT_0, sorted(_split(_whole(signed[at])[1])))
    content = joined(CONTEXT_0, [joined(SEQUENCE, signed)])
    return joined(SEQUENCE, [parts[0], joined(SEQUENCE, [token[0], content])])


def _split(content: bytes) -> list[bytes]:
    """Return the elements that stand one after the other, each with its tag and length."""
    found = []
    while content:
        end = _header(content)[1] + _header(content)[0]
        if end > len(content):
            raise ValueError(end)
        found.append(content[:end])
        content = content[end:]
    return found


def _whole(element: bytes) -> tuple[int, bytes]:
    """Return the tag and the content of one element."""
    length, begin = _header(element)
    if begin + length != len(element):
        raise ValueError(length)
    return element[0], element[begin:]


def _header(element: bytes) -> tuple[int, int]:
    """Return the length of an element's content and where it begins; tags are of one byte here."""
    first = element[1]
    if first < 0x80:
        return first, 2
    n = first & 0x7F
    if not 1 <= n <= 4:
        raise ValueError(n)
    return int.from_bytes(element[2 : 2 + n]), 2 + n


def joined(tag: int, parts: list[bytes]) -> bytes:
    """Return one element: its tag, its length in the shortest form, and its parts one after the other."""
    content = b"".join(parts)
    n = len(content)
    if n < 0x80:
        return bytes([tag, n]) + content
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size) + content
