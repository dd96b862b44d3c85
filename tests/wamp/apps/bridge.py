"""A router with an HTTP bridge, for tests of both servers."""

from __future__ import annotations

from typing import Any

from wsocket import (
    ApplicationError,
    Bridge,
    BridgeKey,
    CallResult,
    Permission,
    Realm,
    Remember,
    Role,
    WSocketApp,
)
from wsocket.wamp.auth import Anonymous

SECRET = "only for the tests of the bridge"
TOKEN = "a-token-for-tests"

_ANYTHING = ("call", "register", "publish", "subscribe")

app = WSocketApp(
    protocol="WAMP",
    bridge=Bridge(
        "/wamp",
        keys={"cron": BridgeKey(SECRET, role="backend")},
        tokens={TOKEN: "backend"},
        max_body=10_000,
        heartbeat=0.2,
    ),
    realm=Realm(
        "realm1",
        auth=[Anonymous("guest")],
        roles=[
            Role("backend", [Permission("", match="prefix", allow=_ANYTHING)]),
            Role(
                "guest",
                [
                    Permission("com.open.", match="prefix", allow=_ANYTHING),
                    Permission("com.kept.", match="prefix", allow=_ANYTHING),
                    Permission("wamp.subscription.get_events", allow=("call",)),
                ],
            ),
        ],
        history=[Remember("com.kept.", match="prefix", limit=2000)],
    ),
)


@app.register("com.open.add")
def add(a: int, b: int) -> int:
    return a + b


@app.register("com.open.echo")
def echo(*args: Any, **kwargs: Any) -> CallResult:
    return CallResult(args, kwargs)


@app.register("com.open.fail")
def fail(error: str) -> None:
    raise ApplicationError(error, "as you wish", 7, why="a test")


@app.register("com.open.break")
def break_down() -> None:
    raise ValueError("the procedure is broken")


@app.register("com.backend.secret")
def secret() -> str:
    return "for the backend"
