"""The application's own session: register, subscribe, call, publish from its code."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import app_commands, ended, running
from tests.serving import serving
from tests.wamp.raw_client import (
    ERROR,
    EVENT,
    FORMATS,
    INVOCATION,
    RESULT,
    YIELD,
    ask,
    connected,
)
from wsocket import WSocketApp
from wsocket.errors import ApplicationError, CallCanceled, CallTimeout
from wsocket.wamp.local.calling import CallResult, EventDetails


@pytest.fixture
def alone():
    """An application that nobody serves and no client has joined."""
    app = WSocketApp(protocol="WAMP")
    yield app
    app.drain(0)


def in_thread(function: Callable[..., Any], *args: Any) -> queue.Queue[Any]:
    """Run *function* beside the test; its result or exception is in the queue."""
    outcome: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            outcome.put(function(*args))
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=run).start()
    return outcome


# Calling


def test_app_calls_a_client(app, join, uri, serializer):
    """Arguments out, result or error back, whatever the client speaks."""
    callee = join(serializer)
    callee.register(uri)
    outcome = in_thread(lambda: app.call(uri, 1, [b"\x00"], k="v", timeout=SECONDS))
    binary = "\0AA==" if serializer == "json" else b"\x00"
    request, _, details, args, kwargs = callee.invoked()
    assert (details, args, kwargs) == ({}, [1, [binary]], {"k": "v"})
    callee.send(YIELD, request, {}, [binary, 2], {"s": 3})
    assert outcome.get(timeout=SECONDS) == CallResult([b"\x00", 2], {"s": 3})
    outcome = in_thread(lambda: app.call(uri, timeout=SECONDS))
    callee.send(
        ERROR, INVOCATION, callee.invoked()[0], {}, "com.example.no", [1], {"a": 2}
    )
    error = outcome.get(timeout=SECONDS)
    assert type(error) is ApplicationError
    assert (error.error, error.args, error.kwargs) == ("com.example.no", (1,), {"a": 2})


def test_call_of_nobody(app, uri):
    """The router's ERROR as an exception."""
    with pytest.raises(ApplicationError) as caught:
        app.call(uri, timeout=SECONDS)
    assert caught.value.error == "wamp.error.no_such_procedure"
    assert uri in str(caught.value)
    with pytest.raises(ApplicationError, match="no_such_procedure"):
        app.call("wamp.session.counts", timeout=SECONDS)


def test_app_calls_the_routers_own_procedures(app, join):
    """The meta API answers it as it answers clients."""
    client = join()
    details = app.call("wamp.session.get", client.session, timeout=SECONDS)
    assert details["authid"] == client.welcome["authid"]
    with pytest.raises(ApplicationError, match="no_such_session"):
        app.call("wamp.session.get", 0, timeout=SECONDS)


def test_call_that_takes_too_long(app, join, uri):
    """CallTimeout, also a TimeoutError; the late result is nobody else's."""
    callee = join()
    callee.register(uri)
    with pytest.raises(CallTimeout) as caught:
        app.call(uri, "first", timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.error == "wamp.error.timeout"
    assert uri in str(caught.value)
    outcome = in_thread(lambda: app.call(uri, "second", timeout=SECONDS))
    late, prompt = callee.invoked(), callee.invoked()
    assert [late[3], prompt[3]] == [["first"], ["second"]]
    callee.send(YIELD, late[0], {}, ["late"])
    callee.send(YIELD, prompt[0], {}, ["prompt"])
    assert outcome.get(timeout=SECONDS) == "prompt"


@pytest.mark.parametrize("timeout", [0, 0.001])
def test_call_without_patience_ends_at_once(app, join, uri, timeout):
    """Zero waits for nothing."""
    join().register(uri)
    with pytest.raises(CallTimeout):
        app.call(uri, timeout=timeout)


def test_call_is_canceled_when_its_callee_leaves(app, join, uri):
    """CallCanceled, an ApplicationError."""
    callee = join()
    callee.register(uri)
    outcome = in_thread(lambda: app.call(uri, timeout=SECONDS))
    callee.invoked()
    callee.leave()
    error = outcome.get(timeout=SECONDS)
    assert isinstance(error, CallCanceled)
    assert error.error == "wamp.error.canceled"


def test_calls_of_many_threads_get_their_own_answers(app, join, uri):
    """However they overlap."""
    app.register(uri)(lambda number: number * 2)
    outcomes = [
        in_thread(
            lambda n=n: [app.call(uri, i, timeout=SECONDS) for i in range(n, n + 20)]
        )
        for n in range(0, 400, 20)
    ]
    results = [number for each in outcomes for number in each.get(timeout=SECONDS)]
    assert results == [2 * number for number in range(400)]


@pytest.mark.parametrize("uri", ["", "a..b", "a b", "a.b\n", "#"])
def test_invalid_uri_is_the_callers_mistake(alone, uri):
    """ValueError at once, for all four."""
    for use in (alone.call, alone.publish):
        with pytest.raises(ValueError, match="URI"):
            use(uri)
    for declare in (alone.register, alone.subscribe):
        with pytest.raises(ValueError, match="URI"):
            declare(uri)(print)


@pytest.mark.parametrize("uri", ["com.\ud800", "\udfff"], ids=ascii)
def test_uri_that_no_serializer_can_write_is_invalid(alone, uri):
    """A lone surrogate would fail much later, in the delivery to somebody else."""
    for use in (alone.call, alone.publish):
        with pytest.raises(ValueError, match="URI"):
            use(uri, **({"timeout": 5} if use == alone.call else {}))


@pytest.mark.parametrize("uri", [None, 5, b"com.example", print])
def test_uri_of_another_type_is_a_type_error(alone, uri):
    """Such as a decorator without parentheses."""
    for use in (alone.call, alone.publish):
        with pytest.raises(TypeError, match="URI"):
            use(uri)
    for declare in (alone.register, alone.subscribe):
        with pytest.raises(TypeError, match="URI"):
            declare(uri)(print)


def test_protocols_namespace_is_not_the_applications(alone):
    """Except to call there and to hear its events."""
    for use in (alone.publish, lambda uri: alone.register(uri)(print)):
        with pytest.raises(ValueError, match=r"wamp\."):
            use("wamp.session.on_join")
    alone.publish("wampum.x")


def test_unknown_policies_are_value_errors(alone, uri):
    """At the declaration, not when the first client comes."""
    with pytest.raises(ValueError, match="match"):
        alone.register(uri, match="regex")(print)
    with pytest.raises(ValueError, match="match"):
        alone.subscribe(uri, match="regex")(print)
    with pytest.raises(ValueError, match="invoke"):
        alone.register(uri, invoke="both")(print)


@pytest.mark.parametrize(
    "value", [object(), "\ud800", {1, object()}], ids=lambda each: type(each).__name__
)
def test_arguments_without_a_form_are_value_errors(app, uri, value):
    """In the caller's own thread, before anything is sent."""
    for use in (app.call, app.publish):
        with pytest.raises(ValueError, match="serializable"):
            use(uri, [value])
        with pytest.raises(ValueError, match="serializable"):
            use(uri, key=value)


def test_app_without_a_router_says_so(uri):
    """And how to get one."""
    plain = WSocketApp()
    for use in (plain.call, plain.publish):
        with pytest.raises(RuntimeError, match='protocol="WAMP"'):
            use(uri)
    for declare in (plain.register, plain.subscribe):
        with pytest.raises(RuntimeError, match='protocol="WAMP"'):
            declare(uri)(print)


# Publishing and subscribing


def test_app_publishes_to_clients(app, join, uri):
    """Whatever they speak, and in the order in which it was published."""
    clients = [join(name) for name in FORMATS]
    for client in clients:
        client.subscribe(uri)
    for number in range(50):
        app.publish(uri, number, k="v")
    for client in clients:
        events = [client.receive() for _ in range(50)]
        assert [event[0] for event in events] == [EVENT] * 50
        assert [event[3:] for event in events] == [
            [{}, [number], {"k": "v"}] for number in range(50)
        ]


def test_subscriber_gets_events_in_order_and_one_at_a_time(app, join, uri, serializer):
    """Even if it is slow at times."""
    heard: queue.Queue[int] = queue.Queue()
    busy = threading.Lock()

    @app.subscribe(uri)
    def on_event(number):
        assert busy.acquire(blocking=False)
        if number % 50 == 0:
            threading.Event().wait(0.005)
        heard.put(number)
        busy.release()

    client = join(serializer)
    for number in range(200):
        client.send(16, number + 1, {}, uri, [number])
    assert [heard.get(timeout=SECONDS) for _ in range(200)] == list(range(200))


def test_subscriber_that_waits_holds_up_nobody(app, join, uri):
    """Other subscribers and procedures go on."""
    gate = threading.Event()
    heard: queue.Queue[str] = queue.Queue()
    app.subscribe(uri)(lambda text: gate.wait(SECONDS) and heard.put("slow"))
    app.subscribe(uri)(lambda text: heard.put("quick"))
    app.register(uri)(lambda: "called")
    client = join()
    client.publish(uri, ["x"])
    assert heard.get(timeout=SECONDS) == "quick"
    assert ask(client, uri)[3] == ["called"]
    gate.set()
    assert heard.get(timeout=SECONDS) == "slow"


def test_error_of_a_subscriber_is_logged_and_the_next_event_comes(
    app, join, uri, caplog
):
    """Wrong arguments included."""
    heard: queue.Queue[Any] = queue.Queue()

    @app.subscribe(uri)
    def on_event(value):
        heard.put(1 / value)

    client = join()
    for payload in ([[0]], [], [[1, 2]], [[4]]):
        client.publish(uri, *payload)
    assert heard.get(timeout=SECONDS) == 0.25
    assert "ZeroDivisionError" in caplog.text
    assert "TypeError" in caplog.text
    assert uri in caplog.text


def test_subscriber_that_exits_gets_the_next_event(app, join, uri):
    """``sys.exit()`` in a subscriber silences it no more than any other exception."""
    heard: queue.Queue[Any] = queue.Queue()

    @app.subscribe(uri)
    def on_event(value):
        if value == "leave":
            raise SystemExit
        heard.put(value)

    client = join()
    client.publish(uri, ["leave"])
    client.publish(uri, ["fine"])
    assert heard.get(timeout=SECONDS) == "fine"


def test_details_of_an_event(app, join, uri):
    """The topic that was published, the publication, and who disclosed itself."""
    heard: queue.Queue[EventDetails] = queue.Queue()
    app.subscribe(uri, match="prefix")(lambda *, details: heard.put(details))
    app.subscribe(uri + ".x")(lambda *, details: heard.put(details))
    client = join()
    first = client.publish(uri + ".x")
    details = [heard.get(timeout=SECONDS) for _ in range(2)]
    assert details == [EventDetails(uri + ".x", first)] * 2
    second = client.publish(uri + ".y", disclose_me=True)
    assert heard.get(timeout=SECONDS) == EventDetails(
        uri + ".y", second, client.session, client.welcome["authid"], "anonymous"
    )


def test_overlapping_subscribers_are_each_called(app, join, uri):
    """Exact, prefix, wildcard, and two functions on one topic."""
    heard: queue.Queue[str] = queue.Queue()
    app.subscribe(uri + ".x")(lambda: heard.put("exact"))
    app.subscribe(uri + ".x")(lambda: heard.put("exact again"))
    app.subscribe(uri, match="prefix")(lambda: heard.put("prefix"))
    app.subscribe(uri + ".", match="wildcard")(lambda: heard.put("wildcard"))
    join().publish(uri + ".x")
    names = [heard.get(timeout=SECONDS) for _ in range(4)]
    assert sorted(names) == ["exact", "exact again", "prefix", "wildcard"]


def test_event_that_cannot_be_read_is_logged(app, join, uri, caplog):
    """It is the publisher's; the subscriber gets the next one."""
    heard: queue.Queue[Any] = queue.Queue()
    app.subscribe(uri)(heard.put)
    client = join("json")
    client.send_data(f'[16,1,{{}},"{uri}",[1e999]]')
    client.publish(uri, ["fine"])
    assert heard.get(timeout=SECONDS) == "fine"
    assert "out of range" in caplog.text


# Declaring


def test_procedure_can_be_called_before_any_client(alone):
    """The application's session does not wait for the first connection."""
    alone.register("com.example.add")(lambda a, b: a + b)
    assert alone.call("com.example.add", 1, 2, timeout=SECONDS) == 3
    alone.publish("com.example.topic", 1)


def test_declarations_before_and_after_the_first_client(alone):
    """Both are there."""
    alone.register("com.example.before")(lambda: "before")
    with serving(alone) as url, connected(url) as client:
        client.join()
        alone.register("com.example.after")(lambda: "after")
        for name in ("before", "after"):
            assert ask(client, f"com.example.{name}")[3] == [name]


def test_procedure_of_the_application_is_there_before_the_first_client(alone):
    """A client cannot take its URI."""
    alone.register("com.example.mine")(lambda: "mine")
    with serving(alone) as url, connected(url) as client:
        answer = client.join().request(64, {}, "com.example.mine")
        assert answer[4] == "wamp.error.procedure_already_exists"


def test_conflict_at_run_time_is_raised(app, join, uri):
    """With a client or with itself; the first one stays."""
    client = join()
    client.register(uri)
    with pytest.raises(ApplicationError) as caught:
        app.register(uri)(lambda: "mine")
    assert caught.value.error == "wamp.error.procedure_already_exists"
    app.register(uri + ".own")(lambda: "first")
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        app.register(uri + ".own")(lambda: "second")
    assert app.call(uri + ".own", timeout=SECONDS) == "first"


def test_conflict_before_the_first_client_is_an_error_at_once(alone):
    """And the first one stays."""
    alone.register("com.example.twice")(lambda: "first")
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        alone.register("com.example.twice")(lambda: "second")
    assert alone.call("com.example.twice", timeout=SECONDS) == "first"


def test_application_shares_a_procedure_with_clients(app, join, uri):
    """It is a callee like any other."""
    client = join()
    app.register(uri, invoke="roundrobin")(lambda: "app")
    client.register(uri, invoke="roundrobin")
    caller = join()
    assert ask(caller, uri)[3] == ["app"]
    caller.call(uri)
    client.send(YIELD, client.invoked()[0], {}, ["client"])
    assert caller.receive()[3] == ["client"]


def test_declaring_from_a_procedure(app, join, uri):
    """A handler may register and subscribe while it runs."""

    @app.register(uri)
    def register_another():
        app.register(uri + ".another")(lambda: "another")
        return app.call(uri + ".another", timeout=SECONDS)

    assert ask(join(), uri)[3] == ["another"]


# In processes of their own


@pytest.mark.processes
@pytest.mark.parametrize("server", ["threads", "gevent"])
def test_views_procedures_and_greenlets_use_the_router(tmp_path, server):
    """Threads of the threaded server, greenlets of gevent's."""
    command = app_commands("tests.wamp.apps.in_process")[server]
    log = tmp_path / "server.log"

    def fetch(path: str) -> str:
        with urlopen(running_server.http(path), timeout=SECONDS) as response:
            return response.read().decode()

    with running(command, log) as running_server:
        assert fetch("/call") == "5"
        with connected(running_server.ws()) as client:
            client.join()
            assert ask(client, "com.example.patched")[3] == [server == "gevent"]
            client.subscribe("com.example.pong")
            assert fetch("/publish") == "published"
            assert client.receive()[4] == ["view"]
            for number in range(50):
                client.send(16, number + 1, {}, "com.example.ping", [number])
            heard = [client.receive()[4][0] for _ in range(50)]
            assert heard == list(range(50))
            relays = ["com.example.relay"] * 5
            assert ask(client, relays[0], [*relays, "com.example.add", 1, 2])[3] == [3]
            client.register("com.example.silent")
            request = client.call("com.example.slow_relay", ["com.example.silent"])
            invocation = client.invoked()[0]
            assert client.receive() == [RESULT, request, {}, ["wamp.error.timeout"]]
            client.send(YIELD, invocation, {}, ["late"])
            assert client.until_now() == []
            if server == "gevent":
                numbers = [str(number + 1) for number in range(20)]
                assert fetch("/spawn") == ",".join(numbers)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.mark.processes
@pytest.mark.parametrize("state", ["fresh", "used"])
def test_forked_server_has_a_router_of_its_own(state):
    """Whether or not the parent had used the application before it forked."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning"]
    command += ["-m", "tests.wamp.apps.forks", state]
    done = ended(command)
    assert done.stdout.split() == ["called", "registered", "parent"], done.stderr
    assert done.returncode == 0
