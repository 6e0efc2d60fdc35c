"""Tests of the sketch's secret."""

import hashlib
import hmac
import pickle

import pytest

from stillwatch.errors import SettingsError
from stillwatch.sketches.key import SketchKey, WorldReadableKeyWarning

SECRET = bytes(range(32))


def test_derivation_is_hkdf():
    """Derived keys are those of RFC 5869 with the domain as salt, the purpose as info and one block of output."""
    prk = hmac.new(b"stillwatch sketch v1 ", SECRET, hashlib.sha256).digest()
    assert SketchKey(SECRET).derived("topic") == hmac.new(prk, b"topic\x01", hashlib.sha256).digest()


def test_purposes_give_different_keys():
    """No two purposes share a derived key, and none has the secret in it."""
    keys = {SketchKey(SECRET).derived(purpose) for purpose in ("topic", "whole-text", "key-id", "")}
    assert len(keys) == 4
    assert SECRET not in keys


@pytest.mark.parametrize("content", [SECRET, SECRET.hex().encode(), SECRET.hex().upper().encode() + b"\r\n"])
def test_both_forms_of_file_load(tmp_path, content):
    """Raw bytes and hexadecimal digits, with or without a line end, are the same key."""
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    assert SketchKey.load(path) == SketchKey(SECRET)


@pytest.mark.parametrize(
    "content", [b"", SECRET[:31], b"g" * 64, b"\xff" * 64, SECRET.hex().encode()[:-1], b"0" * 5000]
)
def test_other_files_are_refused_without_their_content(tmp_path, content):
    """A file that is no key is refused, and the refusal does not quote it."""
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError) as refusal:
        SketchKey.load(path)
    assert len(content) < 8 or content.decode("latin-1")[:8] not in str(refusal.value)


def test_missing_file_is_refused(tmp_path):
    """A key file that is not there is a settings error, not a traceback."""
    with pytest.raises(SettingsError, match="cannot read the sketch key"):
        SketchKey.load(tmp_path / "none")


def test_world_readable_file_warns(tmp_path):
    """A key that everybody can read is used, with a warning."""
    path = tmp_path / "key"
    path.write_bytes(SECRET)
    path.chmod(0o644)
    with pytest.warns(WorldReadableKeyWarning, match="chmod 600"):
        SketchKey.load(path)


def test_key_id_and_repr_do_not_reveal():
    """The id tells keys apart, is short, and shares no three bytes with the secret or any key in use."""
    key = SketchKey(SECRET)
    assert key.key_id != SketchKey.generate().key_id
    shown = bytes.fromhex(key.key_id)
    used = [SECRET] + [key.derived(name) for name in ("topic", "whole-text", "shingle-order", "stored-shingle")]
    assert not any(shown[at : at + 3] in secret for secret in used for at in range(4))
    assert SECRET.hex()[:16] not in repr(key)
    assert key.key_id in repr(key)


def test_key_travels_to_workers():
    """A pickled key is the same key."""
    assert pickle.loads(pickle.dumps(SketchKey(SECRET))) == SketchKey(SECRET)
