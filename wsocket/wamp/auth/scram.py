"""WAMP-SCRAM: a password that is neither sent nor stored (RFC 5802, RFC 7677).

Client and router prove to each other that they know keys made from the password. The
keys that the router stores are not enough to log in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wsocket.core.keywords import checks_keywords
from wsocket.errors import Denied
from wsocket.wamp.auth.base import (
    AuthRequest,
    ChallengeResponse,
    Identity,
    channel_binding,
    check_authid,
    requested_authid,
)
from wsocket.wamp.auth.decoy import Decoy
from wsocket.wamp.auth.encodings import as_bytes, from_base64, to_base64
from wsocket.wamp.auth.saslprep import saslprep
from wsocket.wamp.auth.scram_user import (
    DEFAULT_ITERATIONS,
    KEY_LENGTH,
    PBKDF2,
    ScramUser,
)
from wsocket.wamp.auth.users import Directory, instance_of

MAX_NONCE = 1024  # characters of the client's nonce
MAX_BINDING = 4096  # characters of base64

# RFC 5929 and RFC 9266. The transport knows which of them are available.
CHANNEL_BINDINGS = {"tls-unique", "tls-server-end-point", "tls-exporter"}


@dataclass(frozen=True)
class ScramChannel:
    """The TLS channel that the client binds its login to, if any."""

    kind: str | None = None
    data: bytes = b""

    @property
    def header(self) -> bytes:
        """What ``c=`` carries: gs2-header and data (RFC 5802, section 7)."""
        flag = "n" if self.kind is None else f"p={self.kind}"
        return f"{flag},,".encode() + self.data

    @classmethod
    def of(cls, request: AuthRequest) -> ScramChannel:
        """The channel that HELLO asks for.

        Raises:
            Denied: This type is not available.
        """
        binding = channel_binding(request, CHANNEL_BINDINGS)
        return cls() if binding is None else cls(*binding)


class Scram:
    """Lets in clients that know the password of their authid.

    Names are compared after SASLprep, and the client gets the prepared name.

    Args:
        users: By authid, or a callable that takes the `AuthRequest` (with the prepared
            authid) and returns a `ScramUser`, or None for a stranger. It has no
            default.
        decoy: What a stranger's challenge looks like: its kdf, cost and length of salt.
            None, the default, is one of the table's users; give one with a callable,
            similar to the users it returns.
        decoy_key: Secret; strangers' salts depend on it. None, the default, is a random
            one, so that they differ between processes: see `Decoy`.
        token_bytes: Returns so many random bytes; those of `secrets` by default.

    Raises:
        TypeError, ValueError: An argument is invalid.
    """

    method = "wamp-scram"

    @checks_keywords
    def __init__(
        self,
        users: Mapping[str, ScramUser] | Callable[[AuthRequest], ScramUser | None],
        *,
        decoy: ScramUser | None = None,
        decoy_key: bytes | None = None,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._users = Directory(
            users,
            name="Scram.users",
            parse=instance_of(ScramUser),
            parse_key=prepared_key,
        )
        default = default_decoy()
        self._decoy = Decoy(
            self._users.to_imitate(decoy, name="Scram.decoy", default=default),
            shown_of,
            key=token_bytes(32) if decoy_key is None else decoy_key,
            name="Scram.decoy_key",
        )
        self._token_bytes = token_bytes

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are known before anybody logs in."""
        return self._users.roles

    def begin(self, request: AuthRequest) -> ScramExchange | None:
        """Challenge the client; None if it names no authid."""
        asked = requested_authid(request) if request.offers(self.method) else None
        if asked is None:
            return None
        client_nonce = request.authextra.get("nonce")
        if from_base64(client_nonce, max_length=MAX_NONCE) is None:
            raise Denied("wamp-scram: HELLO.Details.authextra.nonce is not base64")
        channel = ScramChannel.of(request)
        try:
            authid = prepared_authid(asked, allow_unassigned=True)
        except ValueError as error:
            raise Denied(f"wamp-scram: authid: {error}") from None
        stranger = self._stranger(authid)
        user = self._users.find(authid, replace(request, authid=authid))
        identity = None if user is None else self._users.identity(authid, user)
        return ScramExchange(
            user or stranger,
            identity,
            channel=channel,
            client_first=f"n={escape(asked)},r={client_nonce}",
            nonce=f"{client_nonce}{to_base64(self._token_bytes(16))}",
        )

    def _stranger(self, authid: str) -> ScramUser:
        model = self._decoy.choose(authid)
        return replace(
            model,
            salt=self._decoy.octets(authid, len(model.salt)),
            stored_key=self._token_bytes(KEY_LENGTH),
            server_key=self._token_bytes(KEY_LENGTH),
        )


def prepared_authid(authid: str, *, allow_unassigned: bool) -> str:
    """The prepared form of an authid.

    Raises:
        ValueError: SASLprep refuses it, or it is too long.
    """
    prepared = saslprep(authid, allow_unassigned=allow_unassigned)
    check_authid("authid", prepared)
    return prepared


def prepared_key(name: str, key: object) -> str:
    """Check a key of the table, which is an authid, and prepare it."""
    check_authid(name, key)
    try:
        return prepared_authid(str(key), allow_unassigned=False)
    except ValueError as error:
        raise ValueError(f"{name} {key!r}: {error}") from None


def default_decoy() -> ScramUser:
    """Looks like a user from `ScramUser.from_password` with its defaults."""
    return ScramUser(
        role="user",
        salt=bytes(16),
        stored_key=bytes(KEY_LENGTH),
        server_key=bytes(KEY_LENGTH),
        iterations=DEFAULT_ITERATIONS[PBKDF2],
    )


def shown_of(user: ScramUser) -> Hashable:
    """What a challenge shows of a user, besides the content of the salt."""
    return (user.kdf, user.iterations, user.memory, len(user.salt))


def escape(name: str) -> str:
    """A user name in AuthMessage (RFC 5802, section 5.1)."""
    return name.replace("=", "=3D").replace(",", "=2C")


class ScramExchange(ChallengeResponse):
    """Waits for a client's proof.

    Args:
        client_first: client-first-message-bare of RFC 5802.
        nonce: The client's nonce, followed by the router's.
    """

    denial = "wamp-scram: unknown user, wrong proof or wrong Extra"

    def __init__(
        self,
        user: ScramUser,
        identity: Identity | None,
        *,
        channel: ScramChannel,
        client_first: str,
        nonce: str,
    ) -> None:
        salt = to_base64(user.salt)
        super().__init__(
            {
                "nonce": nonce,
                "salt": salt,
                "kdf": user.kdf,
                "iterations": user.iterations,
                "memory": user.memory,
            },
            identity,
        )
        self._user = user
        self._channel = channel
        self._nonce = nonce
        self._auth_message = (
            f"{client_first},"
            f"r={nonce},s={salt},i={user.iterations},"
            f"c={to_base64(channel.header)},r={nonce}"
        ).encode()

    def _is_right(self, signature: str, extra: Mapping[str, Any]) -> bool:
        return self._is_proof(signature) & self._repeats_hello(extra)

    def _granted(self, identity: Identity) -> Identity:
        verifier = hmac.digest(self._user.server_key, self._auth_message, "sha256")
        authextra = {**identity.authextra, "verifier": to_base64(verifier)}
        return replace(identity, authextra=authextra)

    def _is_proof(self, signature: str) -> bool:
        """Whether the client knows ClientKey (RFC 5802, section 3)."""
        proof = from_base64(signature, max_length=44)
        if proof is None or len(proof) != KEY_LENGTH:
            return False
        stored_key = self._user.stored_key
        client_signature = hmac.digest(stored_key, self._auth_message, "sha256")
        client_key = bytes(a ^ b for a, b in zip(proof, client_signature, strict=True))
        recovered = hashlib.sha256(client_key).digest()
        return hmac.compare_digest(recovered, stored_key)

    def _repeats_hello(self, extra: Mapping[str, Any]) -> bool:
        """Whether nonce and channel are the same as in HELLO and CHALLENGE."""
        nonce = extra.get("nonce")
        data = extra.get("cbind_data")
        expected = None if self._channel.kind is None else self._channel.data
        received = None if data is None else from_base64(data, max_length=MAX_BINDING)
        return (
            isinstance(nonce, str)
            and hmac.compare_digest(as_bytes(nonce), self._nonce.encode())
            and extra.get("channel_binding") == self._channel.kind
            and (data is None) == (expected is None)
            and received == expected
        )
