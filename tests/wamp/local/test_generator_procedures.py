"""Procedures of the application that are generators: what they yield is progress."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import CALL, ERROR, RESULT
from wsocket.errors import ApplicationError
from wsocket.wamp.local.calling import CallDetails, CallResult

WANTED = {"receive_progress": True}
MORE = {"progress": True}


def test_generator_sends_what_it_yields(app, peer, uri, serializer):
    """Each as a progressive result, and what it returns as the final one."""

    @app.register(uri)
    def count(to):
        yield from range(to)
        return "done"

    caller = peer(serializer=serializer)
    request = caller.call(uri, [3], **WANTED)
    for number in range(3):
        assert caller.receive() == [RESULT, request, MORE, [number]]
    assert caller.receive() == [RESULT, request, {}, ["done"]]


def test_generator_results_have_every_form(app, peer, uri):
    """None is no payload, `CallResult` several values."""

    @app.register(uri)
    def results():
        yield None
        yield CallResult([1, 2], {"k": 3})
        yield [1, 2]

    caller = peer()
    request = caller.call(uri, **WANTED)
    assert [caller.receive()[3:] for _ in range(4)] == [
        [],
        [[1, 2], {"k": 3}],
        [[[1, 2]]],
        [],
    ]
    assert caller.settled() == []
    assert request


@pytest.mark.parametrize(("returned", "result"), [(None, [0, 1, 2]), ("end", "end")])
def test_generator_gathers_for_a_caller_that_wants_no_progress(
    app, peer, uri, returned, result
):
    """The result is the list, unless it returns something."""

    @app.register(uri)
    def count():
        yield from range(3)
        return returned

    caller = peer()
    assert caller.succeeded(caller.call(uri)) == [[result]]


def test_result_is_out_before_the_next_is_made(app, peer, uri):
    """Progress is not held back until the end."""
    taken = threading.Event()

    @app.register(uri)
    def steps():
        yield "first"
        assert taken.wait(SECONDS)
        yield "second"

    caller = peer()
    caller.call(uri, **WANTED)
    assert caller.receive()[3] == ["first"]
    taken.set()
    assert caller.receive()[3] == ["second"]


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (ApplicationError("com.example.no", 1), ["com.example.no", [1]]),
        (ValueError("broken"), ["wamp.error.runtime_error", ["broken"]]),
        (SystemExit("gone"), ["wamp.error.runtime_error", ["gone"]]),
    ],
    ids=["application", "unforeseen", "exit"],
)
def test_error_in_a_generator_is_the_end(app, peer, uri, raised, error):
    """After the results that were there."""

    @app.register(uri)
    def fails():
        yield 1
        raise raised

    caller = peer()
    request = caller.call(uri, **WANTED)
    assert caller.receive() == [RESULT, request, MORE, [1]]
    assert caller.receive() == [ERROR, CALL, request, {}, *error]


def test_step_without_a_form_is_an_error(app, peer, uri):
    """And the generator is closed."""
    closed = threading.Event()

    @app.register(uri)
    def fails():
        try:
            yield 1
            yield object()
        finally:
            closed.set()

    caller = peer()
    request = caller.call(uri, **WANTED)
    assert caller.receive()[2] == MORE
    assert caller.failed(request) == "wamp.error.runtime_error"
    assert closed.wait(SECONDS)


@pytest.mark.parametrize("mode", ["kill", "killnowait", "caller leaves", "timeout"])
def test_interrupted_generator_is_closed(app, peer, uri, mode):
    """It does not run on for nobody; ``kill`` is answered with `canceled`."""
    closed = threading.Event()
    go_on = threading.Event()

    @app.register(uri)
    def endless():
        try:
            while True:
                yield "step"
                assert go_on.wait(SECONDS)
        finally:
            closed.set()

    caller = peer("caller.call_canceling")
    timeout = {"timeout": 300} if mode == "timeout" else {}
    request = caller.call(uri, **WANTED, **timeout)
    assert caller.receive()[2] == MORE
    if mode == "caller leaves":
        caller.leave()
        peer().settled()
    elif mode == "timeout":
        assert caller.failed(request) == "wamp.error.timeout"
    else:
        caller.cancel(request, mode)
        if mode == "killnowait":
            assert caller.failed(request) == "wamp.error.canceled"
        caller.settled()
    go_on.set()
    assert closed.wait(SECONDS)
    if mode == "kill":
        assert caller.failed(request) == "wamp.error.canceled"
    if mode != "caller leaves":
        assert caller.settled() == []


def test_skipped_generator_runs_to_its_end(app, peer, uri):
    """It is not told; what it sends is discarded."""
    ended = threading.Event()
    go_on = threading.Event()

    @app.register(uri)
    def steps():
        yield 1
        assert go_on.wait(SECONDS)
        yield 2
        ended.set()

    caller = peer()
    request = caller.call(uri, **WANTED)
    assert caller.receive()[2] == MORE
    caller.cancel(request, "skip")
    assert caller.failed(request) == "wamp.error.canceled"
    go_on.set()
    assert ended.wait(SECONDS)
    assert caller.settled() == []


def test_generator_knows_whether_progress_is_wanted(app, peer, uri):
    """From its details."""
    seen: list[CallDetails] = []

    @app.register(uri)
    def steps(*, details):
        seen.append(details)
        yield 1

    caller = peer()
    caller.call(uri, **WANTED)
    assert [caller.receive()[2] for _ in range(2)] == [MORE, {}]
    assert caller.succeeded(caller.call(uri)) == [[[1]]]
    assert seen == [CallDetails(uri, progressive=True), CallDetails(uri)]
