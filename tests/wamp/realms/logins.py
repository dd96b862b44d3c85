"""Every method of logging in, and the client's half of it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NamedTuple

from argon2.low_level import Type, hash_secret_raw

from tests.wamp.auth.clients import KeyOwner, ScramClient, hmac_sha256
from tests.wamp.raw_client import HELLO, REALM, ROLES
from wsocket.wamp.auth import (
    Cryptosign,
    CryptosignUser,
    Scram,
    ScramUser,
    Ticket,
    TicketUser,
    WampCra,
    WampCraUser,
)

CHALLENGE, AUTHENTICATE = 4, 5
OWNER, STRANGER = KeyOwner(b"o" * 32), KeyOwner(b"s" * 32)
PASSWORD = "pencil"


def cheap(kdf):
    more = {"memory": 8} if kdf == "argon2id13" else {}
    return ScramUser.from_password(PASSWORD, role="user", kdf=kdf, iterations=2, **more)


class Account(NamedTuple):
    """How a method of the package knows its only user, whose authid is joe.

    Attributes:
        key: Of the user in the table of users.
        argument: What the method calls that table.
    """

    method: Any
    user: Any
    key: str = "joe"
    argument: str = "users"

    def configured(self):
        """The method, with a table."""
        return self.method({self.key: self.user})


ACCOUNTS = {
    "ticket": Account(Ticket, TicketUser(ticket="secret!", role="user")),
    "wampcra": Account(WampCra, WampCraUser(secret="secret!", role="user")),
    "salted": Account(
        WampCra, WampCraUser.from_password("secret!", role="user", iterations=3)
    ),
    "pbkdf2": Account(Scram, cheap("pbkdf2")),
    "argon2": Account(Scram, cheap("argon2id13")),
    "cryptosign": Account(
        Cryptosign,
        CryptosignUser(authid="joe", role="user"),
        key=OWNER.pubkey,
        argument="keys",
    ),
}
METHODS = list(ACCOUNTS)
WIRE_NAME = {"salted": "wampcra", "pbkdf2": "wamp-scram", "argon2": "wamp-scram"}


class Login:
    """A client's half of one method."""

    def __init__(self, method: str, *, right: bool = True, authid: str = "joe") -> None:
        self.method = WIRE_NAME.get(method, method)
        self.kind = method
        self.right = right
        self.authid = authid
        self.owner = OWNER if right else STRANGER
        self.scram = ScramClient(authid, b"", nonce="cmlnaHRseSByYW5kb20=")

    def hello(self):
        authextra = {
            "wamp-scram": self.scram.authextra,
            "cryptosign": {"pubkey": self.owner.pubkey},
        }.get(self.method, {})
        return {
            "authid": self.authid,
            "authmethods": [self.method],
            "authextra": authextra,
        }

    def answer(self, extra):
        """Signature and Extra for a CHALLENGE."""
        return getattr(self, "_" + self.kind)(extra)

    def _ticket(self, extra):
        assert extra == {}
        return "secret!" if self.right else "wrong", {}

    def _wampcra(self, extra):
        secret = b"secret!" if self.right else b"wrong"
        return self._sign(secret, extra["challenge"]), {}

    def _salted(self, extra):
        secret = b"secret!" if self.right else b"wrong"
        key = hashlib.pbkdf2_hmac(
            "sha256",
            secret,
            extra["salt"].encode(),
            extra["iterations"],
            extra["keylen"],
        )
        return self._sign(base64.b64encode(key), extra["challenge"]), {}

    def _sign(self, key, challenge):
        return base64.b64encode(hmac_sha256(key, challenge.encode())).decode()

    def _pbkdf2(self, extra):
        password = PASSWORD.encode() if self.right else b"wrong"
        salt = base64.b64decode(extra["salt"])
        assert extra["kdf"] == "pbkdf2"
        self.scram.salted_password = hashlib.pbkdf2_hmac(
            "sha256", password, salt, extra["iterations"]
        )
        return self.scram.answer(extra)

    def _argon2(self, extra):
        assert extra["kdf"] == "argon2id13"
        self.scram.salted_password = hash_secret_raw(
            PASSWORD.encode() if self.right else b"wrong",
            base64.b64decode(extra["salt"]),
            time_cost=extra["iterations"],
            memory_cost=extra["memory"],
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )
        return self.scram.answer(extra)

    def _cryptosign(self, extra):
        return self.owner.sign(extra), {}


def challenged(client, login):
    """Say HELLO; CHALLENGE.Extra."""
    client.send(HELLO, REALM, {"roles": ROLES, **login.hello()})
    code, method, extra = client.receive()
    assert (code, method) == (CHALLENGE, login.method)
    return extra


def log_in(client, login):
    """HELLO, CHALLENGE, AUTHENTICATE; the router's last word."""
    client.send(AUTHENTICATE, *login.answer(challenged(client, login)))
    return client.receive()
