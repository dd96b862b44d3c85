"""Procedures that run on the I/O loop: `register(uri, on_loop=True)`."""

from __future__ import annotations

import contextvars
import threading
import time

import pytest

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.call_kit import Peer
from tests.wamp.raw_client import EVENT
from wsocket import CallResult, WSocketApp


def test_it_runs_on_the_loop(app, peer, uri, serializer):
    """All its calls in one thread, and other procedures elsewhere."""
    ours, others = set(), set()

    @app.register(uri, on_loop=True)
    def quick(a, b=2, *, details):
        ours.add(threading.get_ident())
        return CallResult([a, b], {"uri": details.procedure})

    @app.register(uri + ".other")
    def other():
        others.add(threading.get_ident())

    caller = peer(serializer=serializer)
    assert caller.succeeded(caller.call(uri, [1])) == [[1, 2], {"uri": uri}]
    caller.succeeded(caller.call(uri + ".other"))
    caller.succeeded(caller.call(uri, [1], {"b": 3}))
    assert len(ours) == 1
    assert not ours & others


def test_answers_come_in_the_order_of_the_calls(app, peer, uri):
    """Of many in one go."""
    app.register(uri, on_loop=True)(lambda number: number)
    caller = peer()
    requests = [caller.call(uri, [number]) for number in range(100)]
    for number, request in enumerate(requests):
        assert caller.succeeded(request) == [[number]]


def test_wrong_arguments_are_the_callers_mistake(app, peer, uri):
    """As for every procedure."""
    app.register(uri, on_loop=True)(lambda a: a)
    caller = peer()
    assert caller.failed(caller.call(uri)) == "wamp.error.invalid_argument"


def test_each_call_has_a_context_of_its_own(app, peer, uri):
    """What one sets is not there for the next."""
    variable = contextvars.ContextVar("variable", default="new")

    @app.register(uri, on_loop=True)
    def procedure():
        value = variable.get()
        variable.set("used")
        return value

    caller = peer()
    for _ in range(2):
        assert caller.succeeded(caller.call(uri)) == [["new"]]


def test_it_may_publish(app, peer, uri):
    """That waits for nothing."""

    @app.register(uri, on_loop=True)
    def procedure(value):
        app.publish(uri + ".topic", value)

    subscriber, caller = peer(), peer()
    subscriber.subscribe(uri + ".topic")
    caller.succeeded(caller.call(uri, [7]))
    event = subscriber.receive()
    assert (event[0], event[4]) == (EVENT, [7])


def test_waiting_for_a_call_there_is_an_error(app, peer, uri):
    """Not a deadlock: the loop cannot wait for itself."""
    app.register(uri + ".other")(lambda: 1)

    @app.register(uri, on_loop=True)
    def procedure():
        return app.call(uri + ".other", timeout=SECONDS)

    caller = peer()
    request = caller.call(uri)
    assert caller.failed(request) == "wamp.error.runtime_error"
    assert caller.succeeded(caller.call(uri + ".other")) == [[1]]


def test_the_application_calls_it_too(app, join, uri):
    """From a thread of its own."""
    app.register(uri, on_loop=True)(lambda a: a * 2)
    assert app.call(uri, 21, timeout=SECONDS) == 42


@pytest.mark.parametrize("debug", [True, False])
def test_debug_mode_warns_of_a_slow_one(uri, caplog, debug):
    """It says who it was, and for how long."""
    app = WSocketApp(protocol="WAMP", debug=debug)

    @app.register(uri, on_loop=True)
    def slow(seconds):
        time.sleep(seconds)

    with serving(app) as url:
        caller = Peer(url).join()
        caller.succeeded(caller.call(uri, [0.02]))
        caller.finish()
    warned = [each for each in caplog.messages if "kept everybody waiting" in each]
    assert len(warned) == debug
    assert all("slow" in each and uri in each for each in warned)
