"""Authentication methods: one per file, all with the same contract (`base`).

A new one is entered here. For ``wsocket router`` it also has a row in
`wsocket.standalone.logins`, and for our own clients a class in `wsocket.client.auth`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wsocket.errors import Denied
from wsocket.wamp.auth.anonymous import Anonymous
from wsocket.wamp.auth.base import (
    Authenticator,
    AuthRequest,
    Exchange,
    Identity,
    Principal,
)
from wsocket.wamp.auth.scram import Scram
from wsocket.wamp.auth.scram_user import ScramUser
from wsocket.wamp.auth.ticket import Ticket, TicketUser
from wsocket.wamp.auth.wampcra import WampCra, WampCraUser
from wsocket.wamp.auth.web_login import WebLogin
from wsocket.wamp.protocol.errors import AUTHENTICATION_DENIED, AUTHENTICATION_FAILED

if TYPE_CHECKING:
    from wsocket.wamp.auth.cryptosign import Cryptosign as Cryptosign
    from wsocket.wamp.auth.cryptosign import CryptosignUser as CryptosignUser

# Not Cryptosign: `from ... import *` must work without the package cryptography.
__all__ = [
    "AUTHENTICATION_DENIED",
    "AUTHENTICATION_FAILED",
    "Anonymous",
    "AuthRequest",
    "Authenticator",
    "Denied",
    "Exchange",
    "Identity",
    "Principal",
    "Scram",
    "ScramUser",
    "Ticket",
    "TicketUser",
    "WampCra",
    "WampCraUser",
    "WebLogin",
]

NEEDS_CRYPTOGRAPHY = {"Cryptosign", "CryptosignUser"}


def __getattr__(name: str) -> Any:
    """Import what needs an extra when it is used; ImportError names the extra."""
    if name not in NEEDS_CRYPTOGRAPHY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.cryptosign"), name)
