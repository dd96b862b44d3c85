"""Whatever is used in a wrong way is refused at once, in words that help.

Each case is code as somebody would write it, and the beginning of the message that
comes: the name of the argument, what was expected, what came, what to do.
"""

from __future__ import annotations

import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

import wsocket
from tests.patience import SECONDS
from wsocket import PublishOptions, Realm, Role, WSocketApp, make_server
from wsocket.asgi import as_asgi
from wsocket.wamp import auth


async def coroutine(*args):
    """An async function, where a plain one is wanted."""


async def stream(*args):
    """An async generator, where a plain one is wanted."""
    yield


class AsyncCallable:
    """An object whose call is async, as an ASGI application is."""

    async def __call__(self, *args):
        """Never awaited."""


def anything(*args, **kwargs):
    """A function that takes whatever comes."""


CASES = Path(__file__).parent / "cases" / "misuse.txt"
NO_FUNCTION = "expected a plain callable, got an async .*write it with 'def'"
ROW = re.compile(r"^(\w.*)\n    (.+)$", re.MULTILINE)
ROWS = ROW.findall(CASES.read_text().replace("NO_FUNCTION", NO_FUNCTION))

NAMES = {
    **{name: getattr(wsocket, name) for name in wsocket.__all__},
    **{name: getattr(auth, name) for name in auth.__all__},
    "as_asgi": as_asgi,
    "AsyncCallable": AsyncCallable,
    "TICKET": auth.TicketUser(ticket="secret", role="sensor"),
    "anything": anything,
    "coroutine": coroutine,
    "stream": stream,
}


@pytest.fixture(scope="module")
def app():
    """An application with a router, and a route."""
    with closing(WSocketApp(protocol="WAMP")) as application:
        application.route("/taken")(anything)
        yield application


@pytest.mark.parametrize(("code", "message"), ROWS, ids=[code for code, _ in ROWS])
def test_misuse_is_refused_at_once(app, code, message):
    """The error is one that Python has for this, and names the argument first."""
    with pytest.raises((TypeError, ValueError, KeyError)) as caught:
        eval(code, {**NAMES, "app": app})
    said = str(caught.value)
    assert re.match(message, said), said


def test_every_case_is_read():
    """Each has a line of code and a line below it; there are as many as promised."""
    lines = [
        line for line in CASES.read_text().splitlines() if line[:1] not in ("", "#")
    ]
    assert len(lines) == 2 * len(ROWS) >= 2 * 120


def test_an_application_lives_on_after_every_misuse(app):
    """Nothing that was refused has left anything behind."""
    for code, _ in ROWS:
        with pytest.raises((TypeError, ValueError, KeyError)):
            eval(code, {**NAMES, "app": app})
    app.register("com.example.alive")(lambda: "yes")
    assert app.call("com.example.alive", timeout=SECONDS) == "yes"
    assert list(app.routes) == ["/taken"]


def test_a_secret_is_not_shown():
    """A wrong ticket may be a secret at a wrong place."""
    with pytest.raises(TypeError) as caught:
        auth.Ticket({"ada": "secret"})
    assert "secret" not in str(caught.value)


def test_a_role_that_only_the_authorizer_knows_is_no_mistake():
    """With an authorizer, or without roles, every role is useful."""
    logins = [auth.Anonymous("guest")]
    Realm("realm1", roles=[Role("user")], auth=logins, authorizer="com.example.decide")
    Realm("realm1", auth=logins)


def test_the_same_handler_may_be_registered_twice(app):
    """It is no second one."""
    assert app.route("/taken")(anything) is anything
    app.routes["/replaced"] = anything
    app.routes["/replaced"] = lambda environ, start_response: "new"
    del app.routes["/replaced"]


def test_options_are_what_they_were(app):
    """Valid options pass, and mean what they say."""
    options = PublishOptions(acknowledge=True, exclude=[1, 2**53], eligible_authid=[])
    assert app.publish("com.example.topic", options=options) > 0


def test_a_port_that_is_taken_is_named_also_without_a_host(app):
    """An empty host is every address."""
    with closing(socket.create_server(("", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} on any address is already in"):
            make_server("", port, app)
