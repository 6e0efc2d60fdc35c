"""Login through a provider: a real exchange with one on the loopback address, and every way in which it can lie."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from consoles import ORIGIN, Place
from example_case import PLANS, make_case
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from stillwatch.errors import NotAllowedError, SettingsError
from stillwatch.service.login.provider import Provider, ProviderOptions
from stillwatch.store.desk.audit import entries
from stillwatch.store.desk.person import add_person, change_person, person
from stillwatch.store.desk.session import new_visit

KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
CLIENT, SECRET = "stillwatch-console", "a client secret"


class FakeProvider:
    """A provider that checks what it is asked as a real one does, and answers as a test tells it to."""

    def __init__(self):
        self.claims, self.key, self.header = {}, KEY, {"alg": "RS256", "kid": "one"}
        self.described, self.codes, self.asked = {}, {}, []
        provider = self

        class Answers(BaseHTTPRequestHandler):
            def log_message(self, *_):
                """Say nothing."""

            def do_GET(self):
                """Describe the provider, or hand out its keys."""
                if self.path.endswith("/openid-configuration"):
                    self.say(provider.description())
                else:
                    self.say({"keys": [KEY.as_dict(private=False)]})

            def do_POST(self):
                """Exchange a code."""
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                provider.asked.append(form)
                given = provider.codes.pop(form.get("code"), None)
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
                if given is None or form.get("client_secret") != SECRET or challenge != given["code_challenge"]:
                    self.say({"error": "invalid_grant"}, 400)
                else:
                    self.say({"id_token": provider.token(given["nonce"]), "access_token": "x", "token_type": "Bearer"})

            def say(self, document, status=200):
                """Answer with JSON."""
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def description(self):
        """Return what the provider says of itself."""
        ends = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.issuer, **{name: self.issuer + end for name, end in ends.items()}, **self.described}

    def token(self, nonce):
        """Return an identity."""
        now = int(time.time())
        plain = {"iss": self.issuer, "sub": "s-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {**plain, "email": "ada@example.org", "email_verified": True, **self.claims}
        kept = {name: value for name, value in claims.items() if value is not None}
        if self.header["alg"] == "none":
            parts = [json.dumps(part).encode() for part in (self.header, kept)]
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        return jwt.encode(self.header, kept, self.key, algorithms=["RS256", "HS256"])

    def consent(self, address):
        """Log somebody in at the provider and return what the browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert query["redirect_uri"] == f"{ORIGIN}/login/return"
        code = f"code-{len(self.codes)}-{time.monotonic_ns()}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}


@pytest.fixture
def fake():
    """A provider of its own."""
    fake = FakeProvider()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


@pytest.fixture
def place(tmp_path, fake):
    """A console whose people log in there; ada was added and has never been."""
    options = ProviderOptions(fake.issuer, CLIENT, ORIGIN, SECRET, allows_http=True)
    place = Place(tmp_path, make_case((PLANS[0],), n_listed=5), provider=Provider(options))
    add_person(place.desk, "ada@example.org", "analyst", by="test")
    return place


def come_back(place, fake, **more):
    """Log in through the provider and return the browser and the console's answer."""
    browser = place.browser()
    asked = browser.get("/login/provider")
    answer = {**fake.consent(asked.headers["location"]), **more}
    return browser, browser.get("/login/return", params=answer)


def test_known_person_comes_in_and_is_bound_to_the_providers_subject(place, fake):
    """The first time by a verified address, afterwards by the subject alone, whatever address it has then."""
    browser, answer = come_back(place, fake)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/campaigns").status_code == 200
    assert person(place.desk, "ada@example.org").subject == f"{fake.issuer}|s-1"
    fake.claims = {"email": "other@example.org"}
    assert come_back(place, fake)[1].status_code == 303
    assert [entry.actor for entry in entries(place.desk, kind="login")] == ["ada@example.org"] * 2
    assert fake.asked[0]["grant_type"] == "authorization_code"


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": "stranger@example.org"},
        {"email": None},
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-application"},
        {"aud": [CLIENT, "another"]},
        {"aud": None},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"iat": None},
    ],
    ids=str,
)
def test_identity_that_does_not_hold_lets_nobody_in(place, fake, claims):
    """An identity for another, from another, too old, unverified or of a stranger opens nothing, and is logged."""
    fake.claims = claims
    browser, answer = come_back(place, fake)
    assert answer.status_code == 403
    assert browser.get("/campaigns").status_code == 303
    assert person(place.desk, "ada@example.org").subject is None
    assert entries(place.desk)[0].kind == "login:failed"


def test_forged_signatures_are_refused(place, fake):
    """Another key under the known name, no signature at all, and the public key used as a shared secret."""
    public = json.dumps(KEY.as_dict(private=False)).encode()
    for key, header in (
        (OTHER_KEY, {"alg": "RS256", "kid": "one"}),
        (KEY, {"alg": "none"}),
        (OctKey.import_key(public), {"alg": "HS256", "kid": "one"}),
    ):
        fake.key, fake.header = key, header
        assert come_back(place, fake)[1].status_code == 403


def test_answer_fits_only_the_browser_and_the_question(place, fake):
    """A forged state, another browser's answer, a code used twice and another provider's name are refused."""
    assert come_back(place, fake, state="forged")[1].status_code == 403
    assert come_back(place, fake, iss="https://another.example")[1].status_code == 403
    victim, attacker = place.browser(), place.browser()
    stolen = fake.consent(attacker.get("/login/provider").headers["location"])
    victim.get("/login/provider")
    assert victim.get("/login/return", params=stolen).status_code == 403
    assert victim.get("/campaigns").status_code == 303
    own = attacker.get("/login/return", params=stolen)
    assert own.status_code == 303
    again = place.browser()
    again.get("/login/provider")
    assert again.get("/login/return", params=stolen).status_code == 403


def test_second_subject_of_one_address_does_not_take_the_person_over(place, fake):
    """Who gets a former colleague's address at the provider does not get their place here."""
    come_back(place, fake)
    fake.claims = {"sub": "s-2"}
    assert come_back(place, fake)[1].status_code == 403


def test_person_with_a_password_is_not_taken_over_by_an_address(place, fake):
    """A local person whose name happens to be an address logs in here, and only here."""
    add_person(place.desk, "ben@example.org", "approver", by="test", password_hash="$argon2id$x")
    fake.claims = {"email": "ben@example.org", "sub": "s-9"}
    assert come_back(place, fake)[1].status_code == 403


def test_disabled_person_stays_out(place, fake):
    """The provider's word does not undo what was decided here."""
    come_back(place, fake)
    change_person(place.desk, "ada@example.org", by="test", is_disabled=True)
    assert come_back(place, fake)[1].status_code == 403


def test_refusal_and_nonsense_of_the_provider_are_said(place, fake):
    """No code, an error, a provider under another name: each is a refusal and no crash."""
    browser = place.browser()
    address = browser.get("/login/provider").headers["location"]
    state = fake.consent(address)["state"]
    assert browser.get("/login/return", params={"state": state, "error": "access_denied"}).status_code == 403
    fake.described = {"issuer": "https://another.example"}
    options = ProviderOptions(fake.issuer, CLIENT, ORIGIN, SECRET, allows_http=True)
    with pytest.raises(NotAllowedError, match="another issuer"):
        Provider(options).address(place.desk, new_visit())
    fake.described = {"token_endpoint": "http://elsewhere.example/token"}
    with pytest.raises(SettingsError, match="TLS"):
        Provider(options).address(place.desk, new_visit())


def test_provider_without_tls_is_refused():
    """An issuer in the clear could be anybody."""
    for issuer in ("http://login.example.org", "ftp://x", "login.example.org", "http://127.0.0.1:1"):
        with pytest.raises(SettingsError):
            Provider(ProviderOptions(issuer, CLIENT, ORIGIN))
    with pytest.raises(SettingsError):
        Provider(ProviderOptions("http://login.example.org", CLIENT, ORIGIN, allows_http=True))
