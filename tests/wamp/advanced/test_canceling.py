"""Call canceling: skip, kill and killnowait, with and without the callee's help."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import serving
from tests.wamp.advanced.conftest import CALLEE, CANCEL, INTERRUPT, World
from tests.wamp.raw_client import CALL, ERROR, INVOCATION, RESULT
from wsocket import WSocketApp
from wsocket.wamp.router.config import Realm

CANCELING = "callee.call_canceling"
CANCELED = "wamp.error.canceled"


@pytest.fixture
def call(peer, uri, serializer):
    """A running call: ``callee, caller, request, invocation = call(*features)``."""

    def start(*features, **options):
        callee = peer(*features, serializer=serializer)
        caller = peer("caller.call_canceling", serializer=serializer)
        callee.register(uri)
        request = caller.call(uri, **options)
        return callee, caller, request, callee.invoked()[0]

    return start


@pytest.mark.parametrize("mode", ["killnowait", None])
def test_killnowait_answers_at_once_and_interrupts(call, mode):
    """It is also the mode when none is given; what the callee says is discarded."""
    callee, caller, request, invocation = call(CANCELING, receive_progress=True)
    caller.cancel(request, mode)
    assert caller.failed(request) == CANCELED
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]
    callee.progress(invocation, [1])
    callee.finish_call(invocation, [2])
    callee.fail_call(invocation)
    assert callee.settled() == []
    assert caller.settled() == []


def test_skip_answers_at_once_and_tells_the_callee_nothing(call):
    """The callee's answer is discarded silently."""
    callee, caller, request, invocation = call(CANCELING)
    caller.cancel(request, "skip")
    assert caller.failed(request) == CANCELED
    assert callee.settled() == []
    callee.finish_call(invocation, ["late"])
    assert callee.settled() == []
    assert caller.settled() == []


def test_killed_call_may_still_have_a_result(call):
    """``kill`` waits for the callee, and a RESULT wins."""
    callee, caller, request, invocation = call(CANCELING)
    caller.cancel(request, "kill")
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "kill"}]
    assert caller.settled() == []
    callee.finish_call(invocation, ["done"])
    assert caller.succeeded(request) == [["done"]]


@pytest.mark.parametrize("error", [CANCELED, "com.example.error.stopped"])
def test_killed_call_ends_in_the_callees_error(call, error):
    """Whatever it is, payload included."""
    callee, caller, request, invocation = call(CANCELING)
    caller.cancel(request, "kill")
    assert callee.receive()[0] == INTERRUPT
    callee.fail_call(invocation, error, ["half"], {"k": 1})
    assert caller.receive() == [ERROR, CALL, request, {}, error, ["half"], {"k": 1}]


def test_killed_call_has_no_more_progress(call):
    """Only its end is awaited."""
    callee, caller, request, invocation = call(*CALLEE, receive_progress=True)
    callee.progress(invocation, [1])
    caller.settled()
    caller.cancel(request, "kill")
    assert callee.receive()[0] == INTERRUPT
    callee.progress(invocation, [2])
    callee.finish_call(invocation, [3])
    assert caller.settled() == [[RESULT, request, {}, [3]]]


def test_callee_that_leaves_ends_a_killed_call(call):
    """As any other that it has not answered."""
    callee, caller, request, _ = call(CANCELING)
    caller.cancel(request, "kill")
    assert callee.receive()[0] == INTERRUPT
    callee.leave()
    assert caller.failed(request) == CANCELED
    assert caller.settled() == []


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait", None])
def test_callee_without_the_feature_is_left_alone(call, mode):
    """autobahn.js ends its connection on INTERRUPT: every mode is ``skip``."""
    callee, caller, request, invocation = call(*(set(CALLEE) - {CANCELING}))
    caller.cancel(request, mode)
    assert caller.failed(request) == CANCELED
    callee.finish_call(invocation, ["late"])
    assert callee.settled() == []
    assert caller.settled() == []


def test_answer_to_cancel_is_an_error_of_the_call(call):
    """Type 48, not 49, and the CALL's request."""
    _, caller, request, _ = call()
    caller.cancel(request, "skip")
    message = caller.receive()
    assert message[:5] == [ERROR, CALL, request, {}, CANCELED]


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait", None])
def test_cancel_of_an_unknown_call_is_ignored(peer, mode, serializer):
    """It cannot be told from one that has crossed the answer."""
    caller = peer(serializer=serializer)
    caller.cancel(77, mode)
    caller.cancel(2**53, mode)
    assert caller.settled() == []


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait", None])
def test_cancel_of_a_finished_call_is_ignored(call, mode):
    """By both sides."""
    callee, caller, request, invocation = call(CANCELING)
    callee.finish_call(invocation, ["done"])
    assert caller.succeeded(request) == [["done"]]
    caller.cancel(request, mode)
    assert caller.settled() == []
    assert callee.settled() == []


@pytest.mark.parametrize("first", ["skip", "kill", "killnowait"])
@pytest.mark.parametrize("second", ["skip", "kill", "killnowait", None])
def test_second_cancel_is_ignored(peer, uri, first, second):
    """One INTERRUPT at most, one answer."""
    callee, caller = peer(CANCELING), peer()
    callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    caller.cancel(request, first)
    caller.cancel(request, second)
    answers = caller.settled()
    interrupts = [] if first == "skip" else [[INTERRUPT, invocation, {"mode": first}]]
    assert callee.settled() == interrupts
    callee.finish_call(invocation, ["done"])
    answers += caller.settled()
    expected = RESULT if first == "kill" else ERROR
    assert [message[0] for message in answers] == [expected]


@pytest.mark.parametrize("mode", ["", "abort", "KILL", 1, True, ["kill"], {}], ids=repr)
def test_unknown_mode_is_a_violation(call, mode):
    """The caller is gone: its call is interrupted."""
    callee, caller, request, invocation = call(CANCELING)
    caller.send(CANCEL, request, {"mode": mode})
    assert "CANCEL.Options.mode" in caller.aborted()
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]


@pytest.mark.parametrize("request_id", [0, -1, 2**53 + 1, True, "1", None, 1.5])
def test_cancel_of_no_request_at_all_is_a_violation(peer, request_id, serializer):
    """IDs are 1..2^53."""
    caller = peer(serializer=serializer)
    caller.send(CANCEL, request_id, {})
    assert "CANCEL.CALL.Request" in caller.aborted()


def test_unknown_options_of_cancel_are_ignored(call):
    """As everywhere."""
    _, caller, request, _ = call()
    caller.send(CANCEL, request, {"mode": "skip", "x_reason": 1, "_mine": None})
    assert caller.failed(request) == CANCELED


def test_nobody_cancels_the_calls_of_others(peer, uri):
    """Request numbers are each session's own."""
    callee, caller, stranger = peer(CANCELING), peer(), peer()
    callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    for mode in ("skip", "kill", "killnowait"):
        stranger.cancel(request, mode)
        callee.cancel(request, mode)
        callee.cancel(invocation, mode)
    assert stranger.settled() == []
    assert callee.settled() == []
    callee.finish_call(invocation, ["done"])
    assert caller.succeeded(request) == [["done"]]


def test_request_number_is_free_after_a_cancel(call, uri):
    """A caller that counts anew gets its own answer, not the canceled call's."""
    callee, caller, request, old = call(CANCELING)
    caller.cancel(request, "skip")
    assert caller.failed(request) == CANCELED
    caller.send(CALL, request, {}, uri, ["again"])
    new, _, _, args = callee.invoked()
    assert args == ["again"]
    callee.finish_call(old, ["old"])
    callee.finish_call(new, ["new"])
    assert caller.settled() == [[RESULT, request, {}, ["new"]]]


def test_answer_wins_over_a_cancel_that_crosses_it(world: World):
    """And the cancel wins over the answer; never both."""
    callee, caller = world.peer(CANCELING), world.peer()
    callee.register("com.a")
    for request, first in ((1, "answer"), (2, "cancel")):
        caller.call("com.a", request=request)
        invocation = callee.invoked()[0]
        steps = [
            lambda n=invocation: callee.finish_call(n),
            lambda n=request: caller.cancel(n),
        ]
        for step in steps if first == "answer" else reversed(steps):
            step()
        assert len(caller.take()) == 1
        callee.take()


def test_canceled_calls_leave_nothing_behind(world: World):
    """Even if the callee never answers."""
    callee, caller = world.peer(CANCELING), world.peer()
    callee.register("com.a", concurrency=1)
    for request, mode in enumerate(["skip", "killnowait", None] * 3, 1):
        caller.call("com.a", request=request, timeout=1000)
        assert callee.take()[-1][0] == INVOCATION
        caller.cancel(request, mode)
        assert caller.take()[0][4] == CANCELED
        callee.take()
    assert world.clock.timers == []
    assert world.router.snapshot().realms["realm1"].calls == ()


# autobahn.js closes its connection when it is told that a call it canceled was canceled


@pytest.fixture(scope="module")
def compatible_url() -> Iterator[str]:
    realm = Realm("realm1", compat_autobahn_js=True)
    with serving(WSocketApp(protocol="WAMP", realm=realm)) as url:
        yield url


class TestCompatibleWithAutobahnJs:
    """With ``compat_autobahn_js``."""

    @pytest.fixture
    def url(self, compatible_url: str) -> str:
        return compatible_url

    @pytest.mark.parametrize("mode", ["skip", "killnowait", None])
    @pytest.mark.parametrize("features", [(), (CANCELING,)])
    def test_cancel_is_not_answered(self, call, mode, features):
        """The callee is interrupted as ever, and its answer discarded."""
        callee, caller, request, invocation = call(*features)
        caller.cancel(request, mode)
        assert caller.settled() == []
        heard = callee.settled()
        told = features and mode != "skip"
        killnowait = [INTERRUPT, invocation, {"mode": "killnowait"}]
        assert heard == ([killnowait] if told else [])
        callee.finish_call(invocation, ["late"])
        assert callee.settled() == []
        assert caller.settled() == []

    def test_kill_has_the_callees_answer(self, call):
        """For which autobahn.js does wait."""
        callee, caller, request, invocation = call(CANCELING)
        caller.cancel(request, "kill")
        assert callee.receive() == [INTERRUPT, invocation, {"mode": "kill"}]
        callee.fail_call(invocation, CANCELED)
        assert caller.failed(request) == CANCELED

    def test_kill_is_answered_if_the_callee_cannot_be_interrupted(self, call):
        """The browser's promise would wait for ever."""
        callee, caller, request, _ = call()
        caller.cancel(request, "kill")
        assert caller.failed(request) == CANCELED
        assert callee.settled() == []

    def test_other_ends_of_a_call_are_answered(self, call, peer, uri):
        """Such as a callee that leaves, and a timeout."""
        callee, caller, request, _ = call()
        callee.leave()
        assert caller.failed(request) == CANCELED
        other = peer()
        other.register(uri)
        request = caller.call(uri, timeout=1)
        assert caller.failed(request) == "wamp.error.timeout"
