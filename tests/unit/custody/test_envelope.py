"""The DSSE envelope: its encoding, several signatures, and one way to write it."""

import json

import pytest

from stillwatch.custody.envelope import Envelope, pre_authentication_encoding
from stillwatch.custody.signing_key import SigningKey
from stillwatch.errors import InputError


def test_the_encoding_is_the_specification_s():
    """The example of the DSSE protocol page, byte for byte; and lengths count bytes, not characters."""
    example = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert example == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pre_authentication_encoding("é", "é".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xa9"
    assert pre_authentication_encoding("", b"") == b"DSSEv1 0  0 "


def test_two_keys_sign_one_payload():
    """Each signature fits its own key over the same message, which binds the type."""
    first, second = SigningKey.generate(), SigningKey.generate()
    envelope = Envelope("t", b"p").signed_by(first).signed_by(second)
    assert [one.key_id for one in envelope.signatures] == [first.key_id, second.key_id]
    for key, one in zip((first, second), envelope.signatures, strict=True):
        assert key.public.has_signed(envelope.message, one.raw)
        assert not key.public.has_signed(Envelope("u", b"p").message, one.raw)
    assert envelope.first(1).signatures == envelope.signatures[:1]


def test_a_key_signs_once():
    """A second signature of one key would count twice."""
    key = SigningKey.generate()
    with pytest.raises(InputError, match="already"):
        Envelope("t", b"p").signed_by(key).signed_by(key)


def test_bytes_come_back():
    """Reading and writing are each other's inverse."""
    content = Envelope("t", b"\x00p").signed_by(SigningKey.generate()).to_bytes()
    assert Envelope.from_bytes(content, "e").to_bytes() == content


def test_an_envelope_written_anew_is_refused():
    """The same values in another form, or with a further key, are not what was written."""
    content = Envelope("t", b"p").signed_by(SigningKey.generate()).to_bytes()
    plain = json.loads(content)
    for other in (json.dumps(plain).encode(), json.dumps({**plain, "x": 1}, indent=1).encode() + b"\n", content + b" "):
        with pytest.raises(InputError, match="anew"):
            Envelope.from_bytes(other, "e")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payloadType": 1, "payload": "", "signatures": []}',
        b'{"payloadType": "\\ud800", "payload": "", "signatures": []}',
        b'{"payloadType": "t", "payload": "?", "signatures": []}',
        b'{"payloadType": "t", "payload": "", "signatures": [7]}',
        b'{"payloadType": "t", "payload": "", "signatures": [{"keyid": "k"}]}',
        b'{"payload": "", "payload": "", "signatures": []}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_envelope_is_refused(content):
    """Hostile files are refused in a sentence."""
    with pytest.raises(InputError):
        Envelope.from_bytes(content, "e")
