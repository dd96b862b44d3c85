"""Routers that are configured by the test, and clients that say who they are."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import websocket

from tests.serving import serving
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    EVENT,
    HELLO,
    PUBLISH,
    REALM,
    RESULT,
    SECONDS,
    SUBSCRIBE,
    RawClient,
)
from tests.wamp.router.logins import ACCOUNTS
from wsocket import Limits, Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import AuthRequest, Identity

ACTIONS = ("call", "register", "publish", "subscribe")
ALL = Permission("", match="prefix", allow=ACTIONS)
OPERATOR = Role("operator", [ALL])

DENIED = "wamp.error.authentication_denied"
NOT_AUTHORIZED = "wamp.error.not_authorized"
AUTHORIZATION_FAILED = "wamp.error.authorization_failed"
INVALID_ARGUMENT = "wamp.error.invalid_argument"
INVALID_URI = "wamp.error.invalid_uri"

TOPIC = "com.example.topic"

META_KILLS = ("kill", "kill_by_authid", "kill_by_authrole", "kill_all")
META_PROCEDURES = (
    "wamp.session.count",
    "wamp.session.list",
    "wamp.session.get",
    *(f"wamp.session.{each}" for each in META_KILLS),
    "wamp.session.add_testament",
    "wamp.session.flush_testaments",
    "wamp.registration.list",
    "wamp.registration.lookup",
    "wamp.registration.match",
    "wamp.registration.get",
    "wamp.registration.list_callees",
    "wamp.registration.count_callees",
    "wamp.registration.remove_callee",
    "wamp.subscription.list",
    "wamp.subscription.lookup",
    "wamp.subscription.match",
    "wamp.subscription.get",
    "wamp.subscription.list_subscribers",
    "wamp.subscription.count_subscribers",
    "wamp.subscription.remove_subscriber",
    "wamp.subscription.get_events",
)


class AsAsked:
    """Everybody is whom they say they are: authid, and ``authextra["role"]``."""

    method = "asked"

    def begin(self, request: AuthRequest) -> Identity | None:
        if not request.offers(self.method):
            return None
        assert request.authid is not None
        return Identity(request.authid, request.authextra["role"])


class CookieClient(RawClient):
    """A client whose upgrade request carries cookies."""

    def __init__(self, url: str, cookie: str, serializer: str = "json") -> None:
        create = websocket.create_connection
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                websocket,
                "create_connection",
                lambda *args, **more: create(*args, cookie=cookie, **more),
            )
            super().__init__(url, serializer)


class Router:
    """An app that serves WAMP until the test ends."""

    def __init__(self, app: WSocketApp, url: str, stack: contextlib.ExitStack) -> None:
        self.app = app
        self.url = url
        self._stack = stack

    def connect(self, serializer: str = "json", *, cookie: str = "") -> RawClient:
        """A websocket without a session."""
        if cookie:
            client: RawClient = CookieClient(self.url, cookie, serializer)
        else:
            client = RawClient(self.url, serializer)
        self._stack.callback(client.close)
        return client

    def join(
        self,
        authid: str = "joe",
        role: str = "operator",
        *,
        serializer: str = "json",
        realm: str = REALM,
        announced: Sequence[str] = (),
    ) -> RawClient:
        """A session of this user; *announced* are features such as "callee.x"."""
        return enter(
            self.connect(serializer), authid, role, realm=realm, announced=announced
        )


def enter(
    client: RawClient,
    authid: str,
    role: str,
    *,
    realm: str = REALM,
    announced: Sequence[str] = (),
) -> RawClient:
    """Say HELLO as this user and expect WELCOME."""
    return client.join(
        realm,
        authid=authid,
        authmethods=["asked"],
        authextra={"role": role},
        roles=roles_with(announced),
    )


def roles_with(announced: Sequence[str]) -> dict[str, Any]:
    """HELLO.Details.roles, all four, with these features."""
    roles: dict[str, Any] = {
        name: {"features": {}}
        for name in ("caller", "callee", "publisher", "subscriber")
    }
    for each in announced:
        role, feature = each.split(".")
        roles[role]["features"][feature] = True
    return roles


@pytest.fixture
def serve() -> Iterator[Callable[..., Router]]:
    """Serve a router: ``serve(roles=[...], auth=[...], realms=[...])``.

    What is not an argument of the app goes to its own realm. Refused logins are quick,
    unless the test says otherwise.
    """
    with contextlib.ExitStack() as stack:

        def serve(
            *,
            realms: Sequence[Realm] = (),
            join_timeout: float = SECONDS,
            limits: Limits | None = None,
            **config: Any,
        ) -> Router:
            config = {"auth": [AsAsked()], "login_delay": 0.01, **config}
            own = Realm(config.pop("name", REALM), **config)
            app = WSocketApp(
                protocol="WAMP",
                realm=own,
                realms=realms,
                join_timeout=join_timeout,
                limits=limits,
            )
            url = stack.enter_context(serving(app))
            return Router(app, url, stack)

        yield serve


@pytest.fixture
def alone(serve):
    """A router whose own realm has only the one method."""

    def make(method, **more):
        return serve(auth=[ACCOUNTS[method].configured()], **more)

    return make


def result(client: RawClient, procedure: str, *args: Any, **kwargs: Any) -> Any:
    """Call a procedure of one result, or of none; the result."""
    answer = client.request(CALL, {}, procedure, list(args), kwargs)
    assert answer[0] == RESULT, answer
    return answer[3][0] if len(answer) > 3 else None


def error(client: RawClient, procedure: str, *args: Any, **kwargs: Any) -> str:
    """Call a procedure that must fail; the error URI."""
    answer = client.request(CALL, {}, procedure, list(args), kwargs)
    return refusal(answer)


def refusal(answer: list[Any]) -> str:
    """The URI of an ERROR, which must have one explanation."""
    assert answer[0] == ERROR, answer
    assert [type(each) for each in answer[5]] == [str]
    uri: str = answer[4]
    return uri


def explanation(answer: list[Any]) -> str:
    """The text of an ERROR."""
    assert answer[0] == ERROR, answer
    text: str = answer[5][0]
    return text


def events(client: RawClient) -> list[list[Any]]:
    """Details and payload of every EVENT that the router had sent until now."""
    received = client.until_now()
    assert all(message[0] == EVENT for message in received), received
    return [message[3:] for message in received]


def payloads(client: RawClient) -> list[list[Any]]:
    """Only the Arguments of every EVENT until now."""
    return [each[1] for each in events(client)]


def knock(client: RawClient, realm: str = REALM, **details: Any) -> list[Any]:
    """Say HELLO; the answer, whatever it is."""
    client.send(HELLO, realm, {"roles": roles_with(()), **details})
    return client.receive()


def turned_away(client: RawClient, answer: list[Any], *, code: int = 1000) -> str:
    """The answer is an ABORT, and the websocket ends; the reason."""
    assert answer[0] == ABORT, answer
    assert client.end() == code
    reason: str = answer[2]
    return reason


class Authorizer:
    """Keeps what it is asked; answers when it may, and what it is told to."""

    def __init__(self, answer=True):
        self.answer = answer
        self.asked = []
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)

    def __call__(self, request):
        self.asked.append(request)
        self.arrived.release()
        assert self.gate.wait(SECONDS)
        answer = self.answer
        if isinstance(answer, BaseException):
            raise answer
        return answer(request) if callable(answer) else answer

    def wait_until_asked(self):
        assert self.arrived.acquire(timeout=SECONDS)

    @property
    def uris(self):
        return [request.uri for request in self.asked]


@pytest.fixture
def authorizer():
    with contextlib.ExitStack() as stack:
        made = Authorizer()
        stack.callback(made.gate.set)  # a failed test must not hang
        yield made


def allowed(client, code=SUBSCRIBE, uri=TOPIC, **options):
    """Whether a request is granted; it must not fail for another reason."""
    if code == PUBLISH:
        options["acknowledge"] = True
    answer = client.request(code, options, uri)
    if answer[0] != ERROR or answer[4] == "wamp.error.no_such_procedure":
        return True
    assert refusal(answer) == NOT_AUTHORIZED
    return False
