"""A feature that a peer did not announce is never used on it.

Each case has its control: who did announce the feature gets it.
"""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    CANCEL,
    ERROR,
    INTERRUPT,
    RESULT,
    UNREGISTERED,
    UNSUBSCRIBED,
    YIELD,
)
from tests.wamp.realm_kit import ALL, events, result
from wsocket import Role

PROCEDURE = "com.example.procedure"
TOPIC = "com.example.topic"
ANNOUNCED = pytest.mark.parametrize(
    "announced", [False, True], ids=["not", "announced"]
)


@pytest.fixture
def router(serve):
    return serve(roles=[Role("operator", [ALL], trustlevel=5)])


@pytest.fixture
def join(router, serializer, announced):
    """A session that announced a feature if the case says so."""
    return lambda *features: router.join(
        serializer=serializer, announced=features if announced else ()
    )


def called(router, callee, **options):
    """Register, and be called with *options*: caller, its request, INVOCATION."""
    callee.register(PROCEDURE)
    caller = router.join(announced=["caller.progressive_call_invocations"])
    request = caller.call(PROCEDURE, ["x"], **options)
    return caller, request, callee.invoked()


def cancels(caller, request):
    caller.send(CANCEL, request, {"mode": "killnowait"})
    caller.until_now()


def kills(caller, request):
    caller.send(CANCEL, request, {"mode": "kill"})
    caller.until_now()


def leaves(caller, request):
    caller.leave()


def waits(caller, request):
    assert caller.receive()[4] == "wamp.error.timeout"


@ANNOUNCED
@pytest.mark.parametrize("ends", [cancels, kills, leaves, waits])
def test_interrupt(router, join, announced, ends):
    """call_canceling, however a call ends before its answer."""
    callee = join("callee.call_canceling")
    timeout = {"timeout": 1} if ends is waits else {}
    caller, request, (invocation, *_) = called(router, callee, **timeout)
    ends(caller, request)
    found = callee.until_now()
    assert [each[:2] for each in found] == [[INTERRUPT, invocation]] * announced
    callee.send(YIELD, invocation, {}, ["late"])
    assert callee.until_now() == []


@ANNOUNCED
def test_progressive_results(router, join, announced):
    """The callee is not asked for them; what it yields anyway is not passed on."""
    callee = join("callee.progressive_call_results")
    caller, request, (invocation, _, details, _) = called(
        router, callee, receive_progress=True
    )
    assert details == ({"receive_progress": True} if announced else {})
    callee.send(YIELD, invocation, {"progress": True}, [1])
    callee.send(YIELD, invocation, {}, [2])
    if announced:
        assert caller.receive() == [RESULT, request, {"progress": True}, [1]]
    assert caller.receive() == [RESULT, request, {}, [2]]


@ANNOUNCED
def test_progressive_invocations(router, join, announced):
    """The call is refused rather than sent in another form."""
    callee = join("callee.progressive_call_invocations", "callee.call_canceling")
    callee.register(PROCEDURE)
    caller = router.join(announced=["caller.progressive_call_invocations"])
    caller.call(PROCEDURE, ["x"], progress=True)
    if announced:
        assert callee.invoked()[2] == {"progress": True}
    else:
        assert caller.receive()[4] == "wamp.error.feature_not_supported"
        assert callee.until_now() == []


@ANNOUNCED
def test_payload_passthru(router, join, announced):
    """The same."""
    callee = join("callee.payload_passthru_mode")
    callee.register(PROCEDURE)
    caller = router.join(announced=["caller.payload_passthru_mode"])
    caller.call(PROCEDURE, ["x"], ppt_scheme="x_own")
    if announced:
        assert callee.invoked()[2] == {"ppt_scheme": "x_own"}
    else:
        assert caller.receive()[4] == "wamp.error.feature_not_supported"
        assert callee.until_now() == []


@ANNOUNCED
def test_call_timeout(router, join, announced):
    """It is not left to a callee that does not know of it, whatever it registered."""
    callee = join("callee.call_timeout")
    callee.register(PROCEDURE, forward_timeout=True)
    caller = router.join()
    caller.call(PROCEDURE, timeout=60_000)
    assert callee.invoked()[2] == ({"timeout": 60_000} if announced else {})


@ANNOUNCED
def test_trust_level_of_a_call(router, join, announced):
    """No key that it did not ask for."""
    callee = join("callee.call_trustlevels")
    _, _, (_, _, details, _) = called(router, callee)
    assert details == ({"trustlevel": 5} if announced else {})


@ANNOUNCED
def test_trust_level_of_an_event(router, join, announced):
    """The same for subscribers."""
    subscriber = join("subscriber.publication_trustlevels")
    subscriber.subscribe(TOPIC)
    router.join().publish(TOPIC)
    assert events(subscriber) == [[{"trustlevel": 5} if announced else {}]]


@ANNOUNCED
def test_trust_level_of_a_retained_event(router, join, announced):
    """It is that of its publication, however late it is delivered."""
    router.join().publish(TOPIC, [1], retain=True)
    subscriber = join("subscriber.publication_trustlevels")
    subscriber.subscribe(TOPIC, get_retained=True)
    level = {"trustlevel": 5} if announced else {}
    assert events(subscriber) == [[{"retained": True, **level}, [1]]]


@ANNOUNCED
def test_rerouting(router, join, announced):
    """Without it ``unavailable`` is an error like any other, for the caller."""
    first, second = join("callee.call_reroute"), join("callee.call_reroute")
    for callee in (first, second):
        callee.register(PROCEDURE, invoke="first")
    caller = router.join()
    request = caller.call(PROCEDURE)
    invocation, *_ = first.invoked()
    first.send(ERROR, 68, invocation, {}, "wamp.error.unavailable")
    if announced:
        invocation, *_ = second.invoked()
        second.send(YIELD, invocation, {})
        assert caller.receive() == [RESULT, request, {}]
    else:
        answer = [ERROR, CALL, request, {}, "wamp.error.unavailable"]
        assert caller.receive() == answer
        assert second.until_now() == []


@ANNOUNCED
def test_revocation_of_a_registration(router, join, announced):
    """It is taken away all the same."""
    callee, operator = join("callee.registration_revocation"), router.join()
    registration = callee.register(PROCEDURE)
    remove = "wamp.registration.remove_callee"
    assert result(operator, remove, registration, callee.session) is None
    found = callee.until_now()
    assert [each[:2] for each in found] == [[UNREGISTERED, 0]] * announced
    assert operator.register(PROCEDURE)


@ANNOUNCED
def test_revocation_of_a_subscription(router, join, announced):
    """It ends all the same."""
    subscriber, operator = join("subscriber.subscription_revocation"), router.join()
    subscription = subscriber.subscribe(TOPIC)
    remove = "wamp.subscription.remove_subscriber"
    assert result(operator, remove, subscription, subscriber.session) is None
    operator.publish(TOPIC)
    found = subscriber.until_now()
    assert [each[:2] for each in found] == [[UNSUBSCRIBED, 0]] * announced
