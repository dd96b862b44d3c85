"""The application as a caller: iteration, cancel, typed options."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.call_kit import CANCEL, INTERRUPT, Peer, roles
from tests.wamp.raw_client import ERROR, UNREGISTERED
from wsocket import WSocketApp
from wsocket.core.net.loop import get_loop
from wsocket.errors import ApplicationError, CallCanceled, CallTimeout
from wsocket.wamp.local.calling import CallDetails, CallResult
from wsocket.wamp.protocol.client_messages import (
    CallOptions,
    PublishOptions,
    RegisterOptions,
)
from wsocket.wamp.router.config import Realm

PROGRESSIVE = "callee.progressive_call_results"
CANCELING = "callee.call_canceling"
WANTED = {"receive_progress": True}
MORE = {"progress": True}


def in_thread(function: Callable[[], Any]) -> queue.Queue[Any]:
    """Run *function* beside the test; its result or exception is in the queue."""
    outcome: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            outcome.put(function())
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=run).start()
    return outcome


# Calls in the hands of the application


def test_iterating_a_call_gives_its_progressive_results(app, peer, uri, serializer):
    """As they come; `result` has the final one, again and again."""
    callee = peer(PROGRESSIVE, serializer=serializer)
    callee.register(uri)
    pending = app.start_call(uri, 1, k=2)
    invocation, _, details, args, kwargs = callee.invoked()
    assert (details, args, kwargs) == (WANTED, [1], {"k": 2})
    results = iter(pending)
    for part, expected in (
        ([[1]], 1),
        ([[1, 2], {"k": 3}], CallResult([1, 2], {"k": 3})),
        ([], None),
    ):
        callee.progress(invocation, *part)
        assert next(results) == expected
    callee.finish_call(invocation, ["end"])
    assert list(results) == []
    assert pending.result() == pending.result(timeout=0) == "end"


def test_results_that_are_not_taken_wait(app, peer, uri):
    """Nothing is lost between two looks."""
    app.register(uri)(lambda to: (number for number in range(to)))
    pending = app.start_call(uri, 100)
    assert list(pending) == list(range(100))
    assert pending.result() is None


def test_result_drops_what_was_not_taken(app, uri):
    """Even in the middle of an iteration."""

    @app.register(uri)
    def count():
        yield from range(5)
        return "end"

    pending = app.start_call(uri)
    assert next(iter(pending)) == 0
    assert pending.result(SECONDS) == "end"
    assert list(pending) == []


def test_error_ends_an_iteration(app, peer, uri):
    """After the results before it; `result` raises it as well."""
    callee = peer(PROGRESSIVE)
    callee.register(uri)
    pending = app.start_call(uri)
    invocation = callee.invoked()[0]
    callee.progress(invocation, [1])
    callee.fail_call(invocation, "com.example.no", ["why"])
    results = iter(pending)
    assert next(results) == 1
    for look in (lambda: next(results), pending.result, lambda: list(pending)):
        with pytest.raises(ApplicationError) as caught:
            look()
        assert (caught.value.error, caught.value.args) == ("com.example.no", ("why",))


def test_call_asks_for_no_progress_and_start_call_does(app, peer, uri):
    """Unless told otherwise."""
    callee = peer(PROGRESSIVE)
    callee.register(uri)
    outcome = in_thread(lambda: app.call(uri, timeout=SECONDS))
    number, _, details = callee.invoked()
    assert details == {}
    callee.finish_call(number, ["plain"])
    assert outcome.get(timeout=SECONDS) == "plain"
    app.start_call(uri, options=CallOptions())
    assert callee.invoked()[2] == {}


@pytest.mark.parametrize("mode", [None, "killnowait", "skip"])
def test_canceled_call_raises(app, peer, uri, mode):
    """CallCanceled; the callee is interrupted, but for ``skip``."""
    callee = peer(CANCELING)
    callee.register(uri)
    pending = app.start_call(uri)
    number = callee.invoked()[0]
    pending.cancel(*([mode] if mode else []))
    with pytest.raises(CallCanceled):
        pending.result(SECONDS)
    with pytest.raises(CallCanceled):
        list(pending)
    interrupt = [INTERRUPT, number, {"mode": "killnowait"}]
    assert callee.settled() == ([] if mode == "skip" else [interrupt])


def test_killed_call_has_the_callees_answer(app, peer, uri):
    """``kill`` waits for it."""
    callee = peer(CANCELING)
    callee.register(uri)
    pending = app.start_call(uri)
    number = callee.invoked()[0]
    pending.cancel("kill")
    assert callee.receive() == [INTERRUPT, number, {"mode": "kill"}]
    callee.finish_call(number, ["still done"])
    assert pending.result(SECONDS) == "still done"


def test_cancel_of_a_finished_call_changes_nothing(app, uri):
    """Its result stays."""
    app.register(uri)(lambda: "done")
    pending = app.start_call(uri)
    assert pending.result(SECONDS) == "done"
    pending.cancel()
    assert pending.result(SECONDS) == "done"
    assert app.call(uri, timeout=SECONDS) == "done"


def test_application_cancels_its_own_generator(app, uri):
    """Caller and callee in one process."""
    closed = threading.Event()

    @app.register(uri)
    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    pending = app.start_call(uri)
    results = iter(pending)
    assert [next(results), next(results)] == [1, 1]
    pending.cancel()
    with pytest.raises(CallCanceled):
        pending.result(SECONDS)
    assert closed.wait(SECONDS)


def test_result_that_does_not_come_in_time_cancels_the_call(app, peer, uri):
    """CallTimeout, each time one looks; the callee is interrupted."""
    callee = peer(CANCELING)
    callee.register(uri)
    pending = app.start_call(uri)
    number = callee.invoked()[0]
    for _ in range(2):
        with pytest.raises(CallTimeout, match=uri):
            pending.result(0.01)
    with pytest.raises(CallTimeout):
        list(pending)
    assert callee.receive() == [INTERRUPT, number, {"mode": "killnowait"}]
    callee.finish_call(number, ["late"])
    with pytest.raises(CallTimeout):
        pending.result()


def test_timeout_of_the_router(app, peer, uri):
    """`CallOptions.timeout` is the caller's WAMP timeout, in milliseconds."""
    callee = peer(CANCELING)
    callee.register(uri)
    with pytest.raises(CallTimeout) as caught:
        app.call(uri, timeout=SECONDS, options=CallOptions(timeout=20))
    assert caught.value.error == "wamp.error.timeout"
    assert "20 ms" in str(caught.value)
    callee.invoked()
    assert callee.receive()[0] == INTERRUPT


@pytest.fixture(scope="module")
def compatible() -> Iterator[WSocketApp]:
    realm = Realm("realm1", compat_autobahn_js=True)
    app = WSocketApp(protocol="WAMP", realm=realm)
    with serving(app):
        yield app


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_canceled_call_ends_where_autobahn_js_is_spared_the_answer(
    compatible, uri, mode
):
    """The application does not wait for what the router will not send."""
    release = threading.Event()
    compatible.register(uri)(lambda: release.wait(SECONDS))
    pending = compatible.start_call(uri)
    pending.cancel(mode)
    try:
        with pytest.raises(CallCanceled):
            pending.result(SECONDS)
    finally:
        release.set()


# Options


def test_application_discloses_itself(app, peer, uri):
    """Only if it says so."""
    callee = peer("callee.caller_identification")
    callee.register(uri)
    app.start_call(uri, options=CallOptions(disclose_me=True))
    details = callee.invoked()[2]
    assert details["caller_authid"] == "application"
    assert details["caller_authrole"] == "trusted"
    assert type(details["caller"]) is int
    app.start_call(uri, options=CallOptions())
    assert callee.invoked()[2] == {}


def test_procedure_with_options_of_its_own(app, peer, uri):
    """Policy, match, limit and disclosure, as for any callee."""
    gate = threading.Event()
    seen: list[CallDetails] = []
    options = RegisterOptions(match="prefix", concurrency=1, disclose_caller=True)

    @app.register(uri, options=options)
    def procedure(*, details):
        seen.append(details)
        gate.wait(SECONDS)

    caller = peer()
    first = caller.call(uri + ".x")
    second = caller.call(uri + ".y")
    assert caller.failed(second) == "wamp.error.no_available_callee"
    gate.set()
    assert caller.succeeded(first) == []
    assert seen == [
        CallDetails(uri + ".x", caller.session, caller.welcome["authid"], "anonymous")
    ]


def test_application_takes_a_procedure_over(app, peer, uri):
    """With ``force_reregister``; without it, the refusal is an exception."""
    ghost = peer("callee.registration_revocation")
    ghost.register(uri)
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        app.register(uri)(lambda: "mine")
    app.register(uri, options=RegisterOptions(force_reregister=True))(lambda: "mine")
    assert ghost.receive()[:2] == [UNREGISTERED, 0]
    caller = peer()
    assert caller.succeeded(caller.call(uri)) == [["mine"]]


@pytest.mark.parametrize(
    ("use", "options", "field"),
    [
        ("call", CallOptions(progress=True), "progress"),
        ("call", CallOptions(ppt_scheme="x_mine"), "ppt_scheme"),
        ("publish", PublishOptions(ppt_scheme="x_mine"), "ppt_scheme"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options_for_remote_clients_alone_are_refused(app, uri, use, options, field):
    """In the caller's own thread, and the application's session lives on."""
    with pytest.raises(ValueError, match=field):
        getattr(app, use)(uri, options=options)
    app.register(uri)(lambda: "alive")
    assert app.call(uri, timeout=SECONDS) == "alive"


def test_options_that_were_broken_later_are_refused(app, uri):
    """They are checked when they are made, and again when they are used."""
    options = PublishOptions()
    options.acknowledge = "yes"
    with pytest.raises(TypeError, match=r"^PublishOptions\.acknowledge: "):
        app.publish(uri, options=options)


# The router's side


def test_features_that_the_application_lacks_are_not_used_on_it(app, peer, uri):
    """Streams and foreign payloads are refused, not sent."""
    app.register(uri)(lambda *args: list(args))
    caller = peer("caller.progressive_call_invocations", "caller.payload_passthru_mode")
    for options in (MORE, {"ppt_scheme": "x_mine"}):
        request = caller.call(uri, ["x"], **options)
        assert caller.failed(request) == "wamp.error.feature_not_supported"
    assert caller.succeeded(caller.call(uri, ["x"])) == [[["x"]]]


@pytest.mark.slow(reason="thousands of calls")
def test_application_that_is_too_busy_says_so(uri):
    """More calls than may wait: wamp.error.unavailable, and its session goes on."""
    app = WSocketApp(protocol="WAMP", max_workers=1)
    gate = threading.Event()
    started = threading.Event()

    @app.register(uri)
    def wait():
        started.set()
        gate.wait(SECONDS)

    with serving(app) as url:
        caller = Peer(url).join(roles=roles())
        running = 10_001  # one at work, the others in line
        for _ in range(running):
            caller.call(uri)
        assert started.wait(SECONDS)
        refused = caller.call(uri)
        assert caller.failed(refused) == "wamp.error.unavailable"
        caller.send(CANCEL, refused, {})
        gate.set()
        answers = {caller.receive()[1] for _ in range(running)}
        assert answers == set(range(1, running + 1))
        assert caller.succeeded(caller.call(uri)) == []
        caller.finish()


def test_session_that_was_ended_leaves_nobody_waiting(uri):
    """Calls under way and later ones raise; nobody hangs."""
    ended = WSocketApp(protocol="WAMP")
    with serving(ended) as url:
        callee = Peer(url).join(roles=roles())
        callee.register(uri)
        outcome = in_thread(ended.start_call(uri).result)
        callee.invoked()
        get_loop().call_soon(ended.router.remove_realm, "realm1")
        assert isinstance(outcome.get(timeout=SECONDS), CallCanceled)
        outcome = in_thread(lambda: ended.call(uri))
        assert isinstance(outcome.get(timeout=SECONDS), CallCanceled)
        callee.finish()


def test_clients_cannot_end_the_applications_session(app, peer, uri):
    """Whatever they may do otherwise: its procedures stay."""
    callee, hostile = peer("callee.caller_identification"), peer()
    callee.register(uri)
    app.start_call(uri, options=CallOptions(disclose_me=True))
    application = callee.invoked()[2]["caller"]
    hostile.call("wamp.session.kill", [application])
    assert hostile.receive()[0] == ERROR
    for procedure, args in (
        ("wamp.session.kill_by_authid", ["application"]),
        ("wamp.session.kill_by_authrole", ["trusted"]),
    ):
        hostile.call(procedure, args)
        hostile.receive()
    app.register(uri + ".x")(lambda: "alive")
    assert app.call(uri + ".x", timeout=SECONDS) == "alive"
