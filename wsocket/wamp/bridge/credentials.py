"""Who sends a request: the owner of a key, of a bearer token, or anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from wsocket.core.checks import refuse_type
from wsocket.core.wsgi import header
from wsocket.errors import Denied
from wsocket.wamp.auth.base import Identity, application_code
from wsocket.wamp.bridge.settings import Bridge, TokenOwner
from wsocket.wamp.bridge.signature import SCHEME, SignedClaim, read_claim

_BEARER = "Bearer"
_MAX_TOKEN = 8192  # characters

# Stands in for the secret of a key that does not exist, so that it takes as long.
_DECOY = bytes(32)

_WRONG = "the key or the signature is wrong"


class Proven(NamedTuple):
    """Who sends a request, after the proof.

    Attributes:
        realm: The realm of the session.
        authmethod: For WELCOME and for authorization.
        claim: What must not be used twice; None for a bearer token.
    """

    identity: Identity
    realm: str
    authmethod: str
    claim: SignedClaim | None = None


class Keyring:
    """The keys and tokens of a bridge.

    Args:
        realm: The realm for those whose key names none.
    """

    def __init__(self, settings: Bridge, realm: str) -> None:
        self._keys = settings.keys
        self._realm = realm
        self._clock_skew = settings.clock_skew
        # Found by their digests: how long that takes tells nothing of a token.
        tokens = settings.tokens
        self._owner_of = None if isinstance(tokens, Mapping) else tokens
        self._tokens: dict[bytes, str | Identity] = {}
        if isinstance(tokens, Mapping):
            self._tokens = {_digest(each): owner for each, owner in tokens.items()}

    @property
    def challenge(self) -> str:
        """The value of WWW-Authenticate (RFC 9110 section 11.6.1)."""
        schemes = [SCHEME] if self._keys else []
        if self._tokens or self._owner_of is not None:
            schemes.append(_BEARER)
        return ", ".join(
            f'{each} realm="{self._realm}"' for each in schemes or [SCHEME]
        )

    def proven(
        self, environ: Mapping[str, Any], body: bytes, now: float
    ) -> Proven | None:
        """Who sends the request; None without the header Authorization.

        May run code of the application, and so may block.

        Args:
            now: Seconds since the epoch.

        Raises:
            Denied: The proof is wrong; its message is for the client.
        """
        value = header(environ, "HTTP_AUTHORIZATION")
        if not value:
            return None
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == SCHEME.lower():
            return self._signed(environ, rest, body, now)
        if scheme.lower() == _BEARER.lower():
            return self._bearer(rest.strip())
        raise _denied(f"Authorization: expected {SCHEME} or {_BEARER}")

    def _signed(
        self, environ: Mapping[str, Any], parameters: str, body: bytes, now: float
    ) -> Proven:
        try:
            claim = read_claim(parameters)
        except ValueError as error:
            raise _denied(str(error)) from None
        key = self._keys.get(claim.key)
        secret = _DECOY if key is None else key.secret_bytes
        is_right = claim.holds(
            secret, environ["REQUEST_METHOD"], _target(environ), body
        )
        if key is None or not is_right:
            raise _denied(_WRONG)
        # Only the owner of the key learns more.
        if abs(now - claim.timestamp) > self._clock_skew:
            raise _denied(
                f"the timestamp is {now - claim.timestamp:+.0f} seconds from the clock "
                f"of this server; at most {self._clock_skew:g} are accepted"
            )
        identity = Identity(claim.key, key.role, "bridge")
        return Proven(identity, key.realm or self._realm, SCHEME.lower(), claim)

    def _bearer(self, token: str) -> Proven:
        if not token or len(token) > _MAX_TOKEN:
            raise _denied(f"Authorization: expected {_BEARER} and a token")
        digest = _digest(token)
        if self._owner_of is None:
            owner: TokenOwner = self._tokens.get(digest)
        else:
            with application_code("the function in Bridge.tokens"):
                owner = _checked(self._owner_of(token))
        if owner is None:
            raise _denied("the token is not known")
        if isinstance(owner, str):  # the token itself must not show as a name
            owner = Identity(f"bearer-{digest.hex()[:16]}", owner, "bridge")
        return Proven(owner, self._realm, _BEARER.lower())


def _checked(owner: object) -> TokenOwner:
    if owner is not None and not isinstance(owner, (str, Identity)):
        refuse_type("its result", "a role, an Identity or None", owner)
    return owner


def _denied(message: str) -> Denied:
    return Denied(f"bridge: {message}", message=message)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _target(environ: Mapping[str, Any]) -> str:
    """The path, with the query: what the client has signed."""
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path
