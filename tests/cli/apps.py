"""The routers that the client commands are tried on."""

from __future__ import annotations

import threading
from typing import Any

from tests.wamp.auth.clients import KeyOwner
from wsocket import ApplicationError, CallResult, Permission, Realm, Role, WSocketApp
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

OWNER = KeyOwner(b"o" * 32)
SECRET = "pencil"


class Demo:
    """An application with procedures of every kind.

    Attributes:
        calling: Set while ``com.example.stuck`` runs.
        released: Ends that procedure.
    """

    def __init__(self) -> None:
        self.calling = threading.Event()
        self.released = threading.Event()
        self.app = WSocketApp(protocol="WAMP")
        register = self.app.register
        register("com.example.add")(lambda x, y=0: x + y)
        register("com.example.same")(lambda value: value)
        register("com.example.echo")(lambda *args, **kw: CallResult(args, kw))
        register("com.example.sold_out")(self.sold_out)
        register("com.example.reject")(self.reject)
        register("com.example.count")(self.count)
        register("com.example.stuck")(self.stuck)

    def sold_out(self) -> None:
        raise ApplicationError("com.example.error.sold_out", "no tickets", left=0)

    def reject(self) -> None:
        raise ApplicationError("com.example.error.rejected", "\x1b[31m\n")

    def count(self, last: int) -> Any:
        yield from range(1, last)
        return last

    def stuck(self) -> Any:
        """Progress, and then nothing until it is released."""
        yield "half of it"
        self.calling.set()
        self.released.wait()


def guarded_app() -> WSocketApp:
    """A router that lets in joe alone, by each method with a secret."""
    scram = ScramUser.from_password(
        SECRET, role="user", kdf="argon2id13", iterations=2, memory=8
    )
    realm = Realm(
        "guarded",
        auth=[
            Ticket({"joe": TicketUser(ticket=SECRET, role="user")}),
            WampCra({"joe": WampCraUser(secret=SECRET, role="user")}),
            Scram({"joe": scram}),
            Cryptosign({OWNER.pubkey: CryptosignUser(role="user", authid="joe")}),
        ],
        roles=[Role("user", [Permission("", match="prefix", allow=["call"])])],
    )
    app = WSocketApp(protocol="WAMP", realm=realm)
    app.register("com.example.add")(lambda x, y: x + y)
    return app
