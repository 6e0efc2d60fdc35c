"""RFC 3161 time stamps, by a real authority of the test's own (openssl)."""

import hashlib
import http.server
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from custody_scene import AT, DAY, person, revoked, signed, trust_in, verdict

from stillwatch.custody.der import with_sorted_certificates
from stillwatch.custody.envelope import Envelope
from stillwatch.custody.instant import now
from stillwatch.custody.signing import load_envelope, sign
from stillwatch.custody.stamp import ask, certificates_in, check, fitting, keep, request_for
from stillwatch.errors import InputError, UsageError

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl to be the authority")

CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class Authority:
    """A certificate authority and a time stamp authority beneath it."""

    folder: Path

    @property
    def certificates(self):
        """What a verifier trusts."""
        return certificates_in([self.folder / "ca.pem"])

    def respond(self, request: bytes) -> bytes:
        """The response to a request."""
        (self.folder / "q.tsq").write_bytes(request)
        openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr", cwd=self.folder)
        return (self.folder / "r.tsr").read_bytes()


def openssl(*arguments, cwd):
    """Run openssl."""
    subprocess.run([OPENSSL, *arguments], cwd=cwd, check=True, capture_output=True)


def make_authority(folder: Path) -> Authority:
    """Make the keys and certificates of an authority."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    (folder / "ext").write_text("extendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    ca = ("-x509", "-days", "4000", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test root")
    openssl(*new, *ca, "-addext", "keyUsage = critical,keyCertSign", cwd=folder)
    openssl(*new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test stamps", cwd=folder)
    issued = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "4000", "-extfile", "ext")
    openssl("x509", "-req", "-in", "tsa.csr", *issued, "-out", "tsa.pem", cwd=folder)
    return Authority(folder)


def make_chain(folder: Path) -> Path:
    """Make a root, an issuer beneath it, and a time stamp authority with an RSA key beneath that."""
    folder.mkdir(parents=True)
    (folder / "serial").write_text("01\n")
    (folder / "ca.ext").write_text("basicConstraints = critical,CA:true\nkeyUsage = critical,keyCertSign\n")
    (folder / "tsa.ext").write_text("extendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n")
    new = ("req", "-newkey", "rsa:2048", "-nodes")
    root = ("-x509", "-days", "4000", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test root")
    openssl(*new, *root, "-addext", "keyUsage = critical,keyCertSign", cwd=folder)
    for name, subject, issuer, kind in (
        ("sub", "Test issuer", "ca", "ca.ext"),
        ("tsa", "Test stamps", "sub", "tsa.ext"),
    ):
        openssl(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}", cwd=folder)
        by = ("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial", "-days", "4000", "-extfile", kind)
        openssl("x509", "-req", "-in", f"{name}.csr", *by, "-out", f"{name}.pem", cwd=folder)
    chain = (folder / "sub.pem").read_bytes() + (folder / "ca.pem").read_bytes()
    (folder / "chain.pem").write_bytes(chain)
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder).replace("ca.pem", "chain.pem"))
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """One authority for all tests."""
    return make_authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def scene(tmp_path, authority):
    """A signed and stamped folder, its signer, and the response."""
    anna = person("Anna", "analyst", begin=now() - DAY, end=now() + 365 * DAY)
    folder = signed(tmp_path / "d", anna)
    response = authority.respond(request_for(load_envelope(folder)))
    keep(folder, response)
    return folder, anna, response


def test_a_real_stamp_is_checked_offline(scene, authority):
    """The authority's time stands in the verdict, and proves when the signature was there."""
    folder, anna, _ = scene
    found = verdict(folder, trust_in(anna), authorities=authority.certificates, needs_stamp=True, at=now())
    assert found.is_valid, found.failures
    assert abs(found.stamps[0].at - now()) < DAY
    assert found.stamps[0].n_signatures == 1
    assert found.signatures[0].is_time_proved
    assert "Test root" in found.stamps[0].authority


def test_openssl_verifies_the_same_files(scene, authority):
    """Another tool agrees, from the files as they lie there."""
    folder, _, _ = scene
    files = ("-data", folder / "custody.dsse.json", "-in", folder / "custody.1.tsr")
    openssl("ts", "-verify", *map(str, files), "-CAfile", "ca.pem", cwd=authority.folder)


def test_a_request_of_openssl_gives_a_stamp_that_holds(scene, authority, tmp_path):
    """The whole way without our client: another tool asks, with another digest, and our verification believes it."""
    folder, _, _ = scene
    envelope = folder / "custody.dsse.json"
    for digest in ("-sha256", "-sha384", "-sha512"):
        query = tmp_path / f"openssl{digest}.tsq"
        openssl("ts", "-query", "-data", str(envelope), digest, "-cert", "-out", str(query), cwd=tmp_path)
        response = authority.respond(query.read_bytes())
        stamp = check(load_envelope(folder), response, authority.certificates, "r")
        assert stamp.n_signatures == 1
        assert abs(stamp.at - now()) < DAY


def test_openssl_reads_our_request(scene, tmp_path):
    """It holds the envelope's digest, a nonce, and asks for the certificate; nothing of the dossier."""
    folder, _, _ = scene
    (tmp_path / "q.tsq").write_bytes(request_for(load_envelope(folder)))
    shown = subprocess.run(
        [OPENSSL, "ts", "-query", "-in", "q.tsq", "-text"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    dumped = "".join(re.findall(r"    [0-9a-f]{4} - ([0-9a-f -]{47})", shown)).replace(" ", "").replace("-", "")
    assert dumped == hashlib.sha256((folder / "custody.dsse.json").read_bytes()).hexdigest()
    assert "Hash Algorithm: sha256" in shown
    assert "Certificate required: yes" in shown
    assert re.search(r"Nonce: 0x[0-9A-F]{8,}", shown)


def test_openssl_refuses_what_we_refuse(scene, authority):
    """A changed envelope, and another root: neither tool believes the stamp."""
    folder, _, response = scene
    changed = folder / "custody.dsse.json"
    changed.write_bytes(changed.read_bytes().replace(b"payload", b"payloae", 1))
    files = ("-data", str(changed), "-in", str(folder / "custody.1.tsr"))
    with pytest.raises(subprocess.CalledProcessError):
        openssl("ts", "-verify", *files, "-CAfile", "ca.pem", cwd=authority.folder)
    with pytest.raises(InputError, match="something else"):
        fitting(Envelope("t", b"p").signed_by(person("X", "analyst").key), response, "r")


def test_an_authority_with_an_rsa_key_and_one_between_is_believed(scene, tmp_path):
    """The usual shape of a public authority: root, issuing authority, RSA stamps; both tools agree."""
    folder, _, _ = scene
    place = make_chain(tmp_path / "chain")
    response = Authority(place).respond(request_for(load_envelope(folder)))
    stamp = check(load_envelope(folder), response, certificates_in([place / "ca.pem"]), "r")
    assert "Test issuer" in stamp.authority
    (place / "s.tsr").write_bytes(response)
    files = ("-data", str(folder / "custody.dsse.json"), "-in", "s.tsr", "-untrusted", "sub.pem")
    openssl("ts", "-verify", *files, "-CAfile", "ca.pem", cwd=place)


def test_a_stamp_is_not_believed_without_a_certificate(scene):
    """It is said to be unchecked, and proves nothing."""
    folder, anna, _ = scene
    found = verdict(folder, trust_in(anna), at=now())
    assert found.is_valid
    assert not found.signatures[0].is_time_proved
    assert any("not checked" in warning for warning in found.warnings)
    assert not verdict(folder, trust_in(anna), needs_stamp=True, at=now()).is_valid


def test_a_stamp_of_a_stranger_is_refused(scene, tmp_path):
    """An authority that the verifier does not know proves nothing."""
    folder, anna, _ = scene
    stranger = make_authority(tmp_path / "other")
    found = verdict(folder, trust_in(anna), authorities=stranger.certificates, at=now())
    assert "custody.1.tsr is no proof" in found.failures[0]


def test_a_tampered_stamp_is_refused_or_says_the_same(scene, authority):
    """Any flipped bit: refused, or in a part that no one signed, and the time is the same."""
    folder, _, response = scene
    envelope = load_envelope(folder)
    true = check(envelope, response, authority.certificates, "r").at
    n_refused = 0
    for at in range(0, len(response), 7):
        changed = bytearray(response)
        changed[at] ^= 0x10
        try:
            assert check(envelope, bytes(changed), authority.certificates, "r").at == true
        except InputError:
            n_refused += 1
    assert n_refused > 0.7 * len(range(0, len(response), 7))  # a quarter is a copy of the root, which nobody needs


def test_a_stamp_of_something_else_is_refused(scene, authority):
    """A genuine stamp of another envelope does not fit."""
    folder, _, _ = scene
    other = authority.respond(request_for(Envelope("t", b"p").signed_by(person("X", "analyst").key)))
    with pytest.raises(InputError, match="something else"):
        fitting(load_envelope(folder), other, "r")


def test_a_refusal_is_no_stamp(scene, authority):
    """What the authority rejects is said as such."""
    folder, _, _ = scene
    rejected = authority.respond(b"this is no request")
    with pytest.raises(InputError, match="refused"):
        fitting(load_envelope(folder), rejected, "r")
    for damaged in (b"", b"\x30\x03\x02\x01\x00", b"x" * 100):
        with pytest.raises(InputError):
            fitting(load_envelope(folder), damaged, "r")


def test_a_later_signature_is_not_covered(scene, authority):
    """A stamp covers the signatures that were there; a second stamp covers both."""
    folder, anna, _ = scene
    ben = person("Ben", "approver", begin=now() - DAY)
    trust = trust_in(anna, ben, required=("analyst", "approver"))
    sign(folder, ben.key, trust, {}, now())
    found = verdict(folder, trust, authorities=authority.certificates, at=now())
    assert found.is_valid, found.failures
    assert [one.is_time_proved for one in found.signatures] == [True, False]
    keep(folder, authority.respond(request_for(load_envelope(folder))))
    found = verdict(folder, trust, authorities=authority.certificates, needs_stamp=True, at=now())
    assert found.is_valid, found.failures
    assert [one.n_signatures for one in found.stamps] == [1, 2]


def test_a_stamp_outlives_revocation_and_expiry(scene, authority):
    """What is proved to be older than the loss of the key still counts; what is not, does not."""
    folder, anna, _ = scene
    later = now() + 400 * DAY
    for since, status in ((now() + DAY, "good"), (now() - DAY, "revoked")):
        trust = trust_in(revoked(anna, since))
        found = verdict(folder, trust, authorities=authority.certificates, at=later)
        assert [one.status for one in found.signatures] == [status]
        assert found.is_valid == (status == "good")


def test_an_ended_key_without_a_stamp_is_told(tmp_path):
    """The word of a key that has run out could be written afterwards; the verdict says so."""
    anna = person("Anna", "analyst", end=AT + DAY)
    found = verdict(signed(tmp_path / "d", anna), trust_in(anna), at=AT + 2 * DAY)
    assert found.is_valid
    assert "has run out since" in found.signatures[0].sentence


def test_a_manifest_younger_than_its_stamp_is_refused(scene, authority):
    """The two times contradict each other: here the signer's clock is a year ahead."""
    folder, anna, _ = scene
    for path in folder.glob("custody.*"):
        path.unlink()
    ahead = now() + 300 * DAY
    sign(folder, anna.key, trust_in(anna), {"inputs": [1]}, ahead)
    keep(folder, authority.respond(request_for(load_envelope(folder))))
    found = verdict(folder, trust_in(replace(anna)), authorities=authority.certificates, at=ahead + DAY)
    assert found.failures == ("the manifest says that it was made after it was stamped",)


def test_an_authority_is_asked_over_the_network(scene, authority):
    """The request goes out, the response comes back checked; a server that answers another request is refused."""
    folder, _, response = scene
    envelope = load_envelope(folder)
    answers = {"/good": authority.respond, "/replay": lambda _: response, "/junk": lambda _: b"<html>"}

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = answers[self.path](self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        check(envelope, ask(envelope, f"{base}/good"), authority.certificates, "r")
        with pytest.raises(InputError, match="another request"):
            ask(envelope, f"{base}/replay")
        with pytest.raises(InputError, match="not a time stamp"):
            ask(envelope, f"{base}/junk")
        server.shutdown()
    with pytest.raises(InputError, match="cannot be reached"):
        ask(envelope, base)
    with pytest.raises(UsageError, match="http"):
        ask(envelope, "file:///etc/passwd")


def test_sorting_certificates_leaves_anything_else_as_it_is(scene):
    """Damaged responses come back unchanged; a good one keeps its bytes bar their order, and sorts to itself."""
    _, _, response = scene
    ordered = with_sorted_certificates(response)
    assert sorted(ordered) == sorted(response)
    assert with_sorted_certificates(ordered) == ordered
    for damaged in (b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", response[:-1], b"x" * 99):
        assert with_sorted_certificates(damaged) == damaged
