"""Private keys: where they lie, who may read them, what they refuse."""

import pickle
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey

from stillwatch.custody.pkcs8 import ROUNDS
from stillwatch.custody.signing_key import PublicKey, SigningKey, decoded, encoded
from stillwatch.errors import InputError, OutputError, SettingsError


def test_a_saved_key_is_private_and_comes_back(tmp_path):
    """The file has mode 0600 whatever the umask, and the loaded key signs as the saved one."""
    key = SigningKey.generate()
    key.save(tmp_path / "k")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    again = SigningKey.load(tmp_path / "k")
    assert again.public == key.public
    assert key.public.has_signed(b"m", again.sign(b"m"))
    assert not key.public.has_signed(b"n", again.sign(b"m"))


def test_another_key_did_not_sign():
    """A signature fits the key that made it alone."""
    assert not SigningKey.generate().public.has_signed(b"m", SigningKey.generate().sign(b"m"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_open_to_others_is_refused(tmp_path, mode):
    """Any right of group or others is refused, and the refusal says what to do."""
    SigningKey.generate().save(tmp_path / "k")
    (tmp_path / "k").chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600"):
        SigningKey.load(tmp_path / "k")


def test_a_link_to_a_key_is_refused(tmp_path):
    """A link could lead to somebody else's file."""
    SigningKey.generate().save(tmp_path / "k")
    (tmp_path / "link").symlink_to(tmp_path / "k")
    with pytest.raises(SettingsError, match="cannot read"):
        SigningKey.load(tmp_path / "link")


def test_a_passphrase_protects_the_file(tmp_path):
    """Without it, or with another, nothing is loaded; the file has no plain key; what is said gives nothing away."""
    key = SigningKey.generate()
    key.save(tmp_path / "k", b"right")
    assert b"ENCRYPTED" in (tmp_path / "k").read_bytes()
    assert SigningKey.load(tmp_path / "k", b"right").key_id == key.key_id
    with pytest.raises(SettingsError, match="has a passphrase"):
        SigningKey.load(tmp_path / "k")
    with pytest.raises(SettingsError, match="passphrase is wrong") as refusal:
        SigningKey.load(tmp_path / "k", b"wrong")
    assert "wrong'" not in str(refusal.value)
    key.save(tmp_path / "plain")
    with pytest.raises(SettingsError, match="has no passphrase"):
        SigningKey.load(tmp_path / "plain", b"right")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to read the key with")
def test_openssl_reads_an_encrypted_key(tmp_path):
    """Another tool opens it with the passphrase, finds the same public key, and as many rounds as were meant."""
    key = SigningKey.generate()
    key.save(tmp_path / "k", b"right")
    command = ["openssl", "pkey", "-in", str(tmp_path / "k"), "-passin", "pass:right", "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True).stdout
    assert public.endswith(key.public.raw)
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-in", str(tmp_path / "k")], check=True, capture_output=True
    ).stdout
    assert f"INTEGER           :{ROUNDS:06X}".encode() in parsed


def test_a_key_is_never_overwritten(tmp_path):
    """What an overwritten key signed would have no owner."""
    SigningKey.generate().save(tmp_path / "k")
    with pytest.raises(OutputError, match="stands there"):
        SigningKey.generate().save(tmp_path / "k")


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff" * 90]
)
def test_what_is_no_key_is_refused(tmp_path, content):
    """Damaged files are refused in a sentence."""
    (tmp_path / "k").write_bytes(content)
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(SettingsError, match="PKCS #8"):
        SigningKey.load(tmp_path / "k")


def test_a_key_of_another_kind_is_refused(tmp_path):
    """Only Ed25519 signs dossiers."""
    pem = X448PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "k").write_bytes(pem)
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(SettingsError, match="another kind"):
        SigningKey.load(tmp_path / "k")


def test_a_key_shows_nothing_of_itself():
    """Neither repr nor pickle has the secret."""
    raw = Ed25519PrivateKey.generate()
    key = SigningKey(raw)
    assert raw.private_bytes_raw().hex() not in repr(key)
    with pytest.raises(TypeError, match="does not leave"):
        pickle.dumps(key)


def test_the_id_binds_both_halves():
    """Who swaps the sealing half gets another id."""
    key, other = SigningKey.generate().public, SigningKey.generate().public
    assert PublicKey(key.raw, other.sealing).key_id != key.key_id


@pytest.mark.parametrize("text", ["AA", "AA==\n", "A A=", "AB==", None, 7, "-_-_"])
def test_base64_has_one_form(text):
    """Blanks, missing ends, stray bits and the other alphabet are refused: they hide a change."""
    with pytest.raises(InputError, match="base64"):
        decoded(text, "x")


def test_base64_comes_back():
    """What was encoded is decoded."""
    assert decoded(encoded(b"\x00\xff\x10"), "x") == b"\x00\xff\x10"
