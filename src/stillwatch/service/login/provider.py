"""Login through a provider: OpenID Connect, authorisation code flow with PKCE.

State, nonce and code verifier follow from the visit's token, so that nothing is kept and an answer fits only the
browser that asked. Tokens are read once, checked and dropped.

Source: OpenID Connect Core 1.0; RFC 7636 (PKCE); RFC 9700 (OAuth 2.0 security best current practice).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from stillwatch.errors import NotAllowedError, SettingsError
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.person import Person, bind_subject, people, person_of_subject
from stillwatch.store.desk.session import derived

ALGORITHMS: Final = (
    "RS256",
    "PS256",
    "ES256",
    "EdDSA",
)  # no "none", and no shared secret that could be confused for a key
TIMEOUT_S: Final = 10.0
MOST_BYTES: Final = 1_000_000  # of an answer
LEEWAY_S: Final = 60  # clocks differ
RETURN_PATH: Final = "/login/return"


class ProviderError(NotAllowedError):
    """The login provider's answer is not one that lets somebody in."""

    code = "provider"


@dataclass(frozen=True, slots=True)
class ProviderOptions:
    """Which provider, and how the console is known there.

    Args:
        issuer: its address, exactly as its documents name it.
        client_id: the console's name there.
        client_secret: the console's secret, or null for a public client.
        origin: the console's own address, to which the provider sends people back.
        allows_http: whether the issuer may be reached without TLS; only for tests on a loopback address.
    """

    issuer: str
    client_id: str
    origin: str
    client_secret: str | None = None
    allows_http: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """One login provider."""

    def __init__(self, options: ProviderOptions, client: httpx2.Client | None = None) -> None:
        self._options = options
        self._client = client or httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._known: Known | None = None
        self._check_address(options.issuer)

    def address(self, database: Database, token: str) -> str:
        """Return where to send a browser whose visit has that token."""
        verifier = derived(database, "oidc-verifier", token)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": self._options.origin + RETURN_PATH,
            "scope": "openid email",
            "state": derived(database, "oidc-state", token),
            "nonce": derived(database, "oidc-nonce", token),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._described().authorization_endpoint
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    def person(self, database: Database, token: str, answer: Mapping[str, str]) -> Person:
        """Return who came back from the provider.

        Only somebody who was added before may come in: known by the provider's own subject, or at the first time by an
        address that the provider verified.

        Raises:
            ProviderError: the answer is not to this browser's question, is not the provider's, or names nobody.
        """
        state = derived(database, "oidc-state", token)
        if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise ProviderError("login", "the answer is not to this browser's question", fix="Begin the login anew.")
        if answer.get("iss", self._options.issuer) != self._options.issuer:
            raise ProviderError("login", "the answer names another provider", expected=self._options.issuer)
        if "code" not in answer:
            raise ProviderError("login", "the provider refused", got=ascii(answer.get("error", "no code"))[:80])
        claims = self._claims(answer["code"], derived(database, "oidc-verifier", token))
        if not hmac.compare_digest(
            str(claims.get("nonce", "")).encode(), derived(database, "oidc-nonce", token).encode()
        ):
            raise ProviderError("login", "the identity is not for this browser", fix="Begin the login anew.")
        return self._named(database, claims)

    def _named(self, database: Database, claims: Mapping[str, Any]) -> Person:
        subject = f"{self._options.issuer}|{claims['sub']}"
        found = person_of_subject(database, subject)
        email = str(claims.get("email", "")).lower()
        if found is None and claims.get("email_verified") is True and email in {one.name for one in people(database)}:
            found = bind_subject(database, email, subject)
        if found is None or found.is_disabled:
            raise ProviderError(
                "login",
                "nobody of that login may work here",
                got=ascii(email or "no verified address")[:80],
                fix="Ask whoever runs it to add you: stillwatch console user add NAME --role ROLE --provider.",
            )
        return found

    def _claims(self, code: str, verifier: str) -> Mapping[str, Any]:
        known = self._described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._options.origin + RETURN_PATH,
            "client_id": self._options.client_id,
            "code_verifier": verifier,
        }
        if self._options.client_secret is not None:
            form["client_secret"] = self._options.client_secret
        answer = self._json("POST", known.token_endpoint, form)
        keys = cast("KeySetSerialization", self._json("GET", known.jwks_uri))
        try:
            token = jwt.decode(
                str(answer.get("id_token", "")), KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)
            )
            checks = jwt.JWTClaimsRegistry(
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._options.issuer},
                aud={"essential": True, "value": self._options.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True},
            )
            checks.validate(token.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderError("login", "the identity does not hold", got=type(error).__name__) from None
        audience = token.claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and token.claims.get("azp") != self._options.client_id:
            raise ProviderError("login", "the identity is for another application")
        return dict(token.claims)

    def _described(self) -> Known:
        if self._known is None:
            document = self._json("GET", self._options.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if document.get("issuer") != self._options.issuer:
                raise ProviderError(
                    "login provider",
                    "names another issuer",
                    got=ascii(document.get("issuer"))[:80],
                    expected=self._options.issuer,
                )
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            for name in names:
                self._check_address(str(document.get(name, "")))
            self._known = Known(*(str(document[name]) for name in names))
        return self._known

    def _json(self, method: str, address: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        self._check_address(address)
        try:
            with self._client.stream(method, address, data=dict(form) if form else None) as response:
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise ProviderError("login provider", "answers too much")
                status = response.status_code
            document = json.loads(body)
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderError("login provider", "cannot be asked", got=type(error).__name__) from None
        if status != 200 or not isinstance(document, dict):
            raise ProviderError("login provider", "refused", got=f"status {status}")
        return document

    def _check_address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (self._options.allows_http and parts.hostname in ("127.0.0.1", "localhost")):
            raise SettingsError(
                "login provider", "is not reached over TLS", got=ascii(address)[:80], expected="https://..."
            )
