"""WAMP-CRA: the client proves that it knows a shared secret (HMAC-SHA256)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from wsocket.core.checks import check_integer, check_text
from wsocket.core.keywords import checks_fields, checks_keywords
from wsocket.wamp.auth.base import (
    AuthRequest,
    ChallengeResponse,
    Identity,
    Principal,
    requested_authid,
    same_text,
)
from wsocket.wamp.auth.decoy import Decoy
from wsocket.wamp.auth.encodings import from_base64, to_base64
from wsocket.wamp.auth.users import Directory, instance_of

MAX_ITERATIONS = 2**31 - 1  # what OpenSSL can count
MAX_KEYLEN = 1024


@checks_fields
@dataclass(frozen=True, kw_only=True)
class WampCraUser(Principal):
    """A user with a shared secret (Advanced Profile, "Challenge Response
    Authentication").

    Whoever reads the secret can log in with it, even if it is a derived key. A salt
    only hides the password that the key was made from.

    Attributes:
        secret: The shared secret; with a salt, the key that was derived from it: the
            base64 text of PBKDF2-HMAC-SHA256. It has no default.
        salt: Tells the client to derive the key itself; None, the default, if the
            secret is none that was derived.
        iterations: How often PBKDF2 hashes; 1,000 by default, as the clients' own.
        keylen: Length of the derived key in bytes, before base64; 32 by default.
        role: The authrole that the client gets; it has no default.
        provider: The authprovider; None, the default, is ``"static"`` for a table of
            users and ``"dynamic"`` for a callable.
        extra: For WELCOME.Details.authextra, which the client gets; ``{}`` by default.
    """

    secret: str = field(repr=False)
    salt: str | None = None
    iterations: int = 1000
    keylen: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_text("WampCraUser.secret", self.secret)
        high = MAX_ITERATIONS
        check_integer("WampCraUser.iterations", self.iterations, low=1, high=high)
        check_integer("WampCraUser.keylen", self.keylen, low=1, high=MAX_KEYLEN)
        if self.salt is None:
            return
        check_text("WampCraUser.salt", self.salt)
        key = from_base64(self.secret, max_length=2 * MAX_KEYLEN)
        if key is None or len(key) != self.keylen:
            raise ValueError(
                "WampCraUser.secret: with a salt, expected the base64 text of a key of "
                f"{self.keylen} bytes; WampCraUser.from_password makes it"
            )

    @classmethod
    @checks_keywords
    def from_password(
        cls,
        password: str,
        *,
        role: str,
        salt: str | None = None,
        iterations: int = 10_000,
        keylen: int = 32,
        provider: str | None = None,
        extra: Mapping[str, Any] | None = None,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> WampCraUser:
        """A user with a password, of which only a derived key is stored.

        Args:
            salt: Random by default.
            iterations: Done by the client at each login, and slow in browsers.

        Raises:
            TypeError, ValueError: An argument is invalid.
        """
        check_text("password", password)
        check_integer("iterations", iterations, low=1, high=MAX_ITERATIONS)
        check_integer("keylen", keylen, low=1, high=MAX_KEYLEN)
        salt = to_base64(token_bytes(16)) if salt is None else salt
        check_text("salt", salt)
        return cls(
            secret=derive_key(password, salt, iterations=iterations, keylen=keylen),
            role=role,
            salt=salt,
            iterations=iterations,
            keylen=keylen,
            provider=provider,
            extra={} if extra is None else extra,
        )


def derive_key(password: str, salt: str, *, iterations: int, keylen: int) -> str:
    """The key of a salted secret: PBKDF2-HMAC-SHA256 as base64 text."""
    key = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), salt.encode(), iterations, keylen
    )
    return to_base64(key)


def sign(secret: str, challenge: str) -> str:
    """The signature of a challenge: HMAC-SHA256 as base64 text."""
    return to_base64(hmac.digest(secret.encode(), challenge.encode(), "sha256"))


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class WampCra:
    """Lets in clients that know the secret of their authid.

    Args:
        users: By authid, or a callable that takes the `AuthRequest` and returns a
            `WampCraUser`, or None for a stranger. It has no default.
        decoy: What a stranger's challenge looks like: role, iterations, keylen, and
            length and kind of the salt, if any. None, the default, is one of the
            table's users. With a callable, give a user that is similar to those that
            it returns.
        decoy_key: Secret; strangers' salts depend on it. None, the default, is a random
            one, so that they differ between processes: see `Decoy`.
        now: Returns the time in UTC, for the challenge; that of the system by default.
        token_bytes: Returns so many random bytes; those of `secrets` by default.

    Raises:
        TypeError, ValueError: An argument is invalid.
    """

    method = "wampcra"

    @checks_keywords
    def __init__(
        self,
        users: Mapping[str, WampCraUser] | Callable[[AuthRequest], WampCraUser | None],
        *,
        decoy: WampCraUser | None = None,
        decoy_key: bytes | None = None,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._users = Directory(
            users, name="WampCra.users", parse=instance_of(WampCraUser)
        )
        default = WampCraUser(secret="none", role="user")
        self._decoy = Decoy(
            self._users.to_imitate(decoy, name="WampCra.decoy", default=default),
            shown_of,
            key=token_bytes(32) if decoy_key is None else decoy_key,
            name="WampCra.decoy_key",
        )
        self._token_bytes = token_bytes
        self._now = now

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are known before anybody logs in."""
        return self._users.roles

    def begin(self, request: AuthRequest) -> WampCraExchange | None:
        """Challenge the client; None if it names no authid."""
        authid = requested_authid(request) if request.offers(self.method) else None
        if authid is None:
            return None
        stranger = self._stranger(authid)
        user = self._users.find(authid, request)
        identity = self._users.identity(authid, user or stranger)
        text = self._challenge(request, identity)
        return WampCraExchange(
            text, user or stranger, None if user is None else identity
        )

    def _stranger(self, authid: str) -> WampCraUser:
        model = self._decoy.choose(authid)
        secret = to_base64(self._token_bytes(model.keylen))
        if model.salt is None:
            return replace(model, secret=secret)
        salt = self._decoy.text_like(model.salt, authid)
        return replace(model, secret=secret, salt=salt)

    def _challenge(self, request: AuthRequest, identity: Identity) -> str:
        now = self._now().astimezone(timezone.utc)
        return json.dumps(
            {
                "authid": identity.authid,
                "authrole": identity.authrole,
                "authmethod": self.method,
                "authprovider": identity.authprovider,
                "nonce": to_base64(self._token_bytes(16)),
                "timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
                "session": request.session,
            }
        )


def shown_of(user: WampCraUser) -> Hashable:
    """What a challenge shows of a user, besides the content of the salt."""
    salt_length = None if user.salt is None else len(user.salt)
    return (user.role, user.provider, salt_length, user.iterations, user.keylen)


class WampCraExchange(ChallengeResponse):
    """Waits for the signature of a challenge."""

    denial = "wampcra: unknown user or wrong signature"

    def __init__(self, text: str, user: WampCraUser, identity: Identity | None) -> None:
        challenge: dict[str, Any] = {"challenge": text}
        if user.salt is not None:
            challenge |= {
                "salt": user.salt,
                "iterations": user.iterations,
                "keylen": user.keylen,
            }
        super().__init__(challenge, identity)
        self._expected = sign(user.secret, text)

    def _is_right(self, signature: str, extra: Mapping[str, Any]) -> bool:
        return same_text(signature, self._expected)
