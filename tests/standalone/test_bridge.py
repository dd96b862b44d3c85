"""The table ``[bridge]``: programs that speak HTTP, at the router of a file."""

from __future__ import annotations

import contextlib
import queue

import pytest

from tests.patience import SECONDS
from tests.standalone.conftest import served
from wsocket import ApplicationError
from wsocket.client import HttpPublisher, connect
from wsocket.errors import HttpError

pytestmark = pytest.mark.processes

KEY = "0123456789abcdef" * 4
TOKEN = "t0ken"
FILE = """
[server]
port = 0

[bridge]
path = "/http"
realm = "realm2"
max_body = 1000
[bridge.keys.cron]
role = "writer"
secret_file = "secrets/cron"
[bridge.keys."com.example.other"]
role = "writer"
secret_env = "TEST_KEY"
realm = "realm1"
[[bridge.tokens]]
role = "writer"
token_env = "TEST_TOKEN"
[[bridge.tokens]]
role = "writer"
token_file = "secrets/token"
authid = "ann"
provider = "staff"
extra = { level = 3 }

[realms.realm1]

[realms.realm2]
[[realms.realm2.auth]]
method = "anonymous"
role = "reader"
[[realms.realm2.roles]]
name = "reader"
[[realms.realm2.roles.permissions]]
uri = "com.example."
match = "prefix"
allow = ["subscribe"]
[[realms.realm2.roles.permissions]]
uri = "wamp.session.on_join"
allow = ["subscribe"]
[[realms.realm2.roles]]
name = "writer"
[[realms.realm2.roles.permissions]]
uri = "com.example."
match = "prefix"
allow = ["publish"]
"""


@pytest.fixture(scope="module")
def bridged(processes, tmp_path_factory):
    """A router with a bridge, in a process of its own."""
    folder = tmp_path_factory.mktemp("bridged")
    files = {"cron": KEY, "token": f"{TOKEN} of ann"}
    variables = {"TEST_KEY": KEY[::-1], "TEST_TOKEN": TOKEN}
    with served(folder, FILE, files=files, variables=variables) as server:
        yield server


@contextlib.contextmanager
def heard(server, topic, *, realm="realm2"):
    """A subscriber: queues of the arguments of events, and of the details of joins."""
    events, joined = queue.SimpleQueue(), queue.SimpleQueue()
    with connect(server.ws(), realm) as session:
        session.subscribe(topic, lambda *args: events.put(args))
        session.subscribe("wamp.session.on_join", joined.put)
        yield events, joined


CREDENTIALS = {
    "key": (("cron", KEY), {}),
    "token": ((), {"token": TOKEN}),
    "token of a user": ((), {"token": f"{TOKEN} of ann"}),
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_what_is_published_by_http_reaches_a_subscriber(bridged, kind):
    """By those whom the file lets in, in the realm of the bridge."""
    args, options = CREDENTIALS[kind]
    topic = "com.example.news"
    with heard(bridged, topic) as (events, joined):
        with HttpPublisher(bridged.http("/http"), *args, **options) as publisher:
            assert publisher.publish(topic, "hello", 5) > 0
        assert events.get(timeout=SECONDS) == ("hello", 5)
        details = joined.get(timeout=SECONDS)
    assert details["authrole"] == "writer"
    if kind == "token of a user":
        assert (details["authid"], details["authprovider"]) == ("ann", "staff")


def test_a_key_may_have_a_realm_of_its_own(bridged):
    """Its name may have dots."""
    with heard(bridged, "com.any", realm="realm1") as (events, _):
        key = ("com.example.other", KEY[::-1])
        with HttpPublisher(bridged.http("/http"), *key) as publisher:
            publisher.publish("com.any", 1)
        assert events.get(timeout=SECONDS) == (1,)


@pytest.mark.parametrize(
    ("key", "topic", "text", "error"),
    [
        (("cron", KEY), "com.other", "", "wamp.error.not_authorized"),
        (("cron", KEY + "\n"), "com.example.a", "", "wamp.error.authentication_denied"),
        ((), "com.example.a", "", "wamp.error.not_authorized"),
    ],
    ids=["another topic", "wrong secret", "anonymous"],
)
def test_what_the_file_does_not_allow_is_refused(bridged, key, topic, text, error):
    """By the rules of the realm."""
    with (
        HttpPublisher(bridged.http("/http"), *key) as publisher,
        pytest.raises(ApplicationError) as caught,
    ):
        publisher.publish(topic, text)
    assert caught.value.error == error


def test_the_limits_are_those_of_the_file(bridged):
    """Such as that of a body."""
    with (
        HttpPublisher(bridged.http("/http"), "cron", KEY) as publisher,
        pytest.raises(HttpError, match="at most 1000 are accepted"),
    ):
        publisher.publish("com.example.a", "x" * 1000)
