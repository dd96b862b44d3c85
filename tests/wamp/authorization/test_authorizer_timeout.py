"""An authorizer that does not answer holds nobody for ever."""

from __future__ import annotations

import threading
import time

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    INTERRUPT,
    PUBLISH,
    REGISTER,
    SUBSCRIBE,
    SUBSCRIBED,
    YIELD,
)
from tests.wamp.realm_kit import (
    AUTHORIZATION_FAILED,
    OPERATOR,
    TOPIC,
    allowed,
    explanation,
    payloads,
    refusal,
)

pytestmark = pytest.mark.slow(reason="waits for deadlines")

AUTHORIZE = "com.example.authorize"
TIMEOUT = 0.3  # seconds: where nobody answers
AMPLE = 1.5  # seconds: where somebody answers in time, also on a busy machine


@pytest.mark.parametrize("code", [SUBSCRIBE, REGISTER, CALL, PUBLISH])
def test_function_that_hangs_is_given_up(serve, authorizer, serializer, code):
    """Not before its time; the error says that nothing was decided, and not why."""
    client = serve(authorizer=authorizer, authorizer_timeout=TIMEOUT).join(
        serializer=serializer
    )
    authorizer.gate.clear()
    started = time.monotonic()
    options = {"acknowledge": True} if code == PUBLISH else {}
    answer = client.request(code, options, TOPIC)
    assert TIMEOUT * 0.9 <= time.monotonic() - started < 10
    assert answer[:2] == [ERROR, code]
    assert refusal(answer) == AUTHORIZATION_FAILED
    assert TOPIC in explanation(answer)


def test_unacknowledged_publish_is_given_up_in_silence(serve):
    """What was sent behind it goes on; nobody gets the event."""
    answer = threading.Event()

    def authorize(request):
        return request.action != "publish" or answer.wait(SECONDS)

    router = serve(roles=[OPERATOR], authorizer=authorize, authorizer_timeout=TIMEOUT)
    watcher, client = router.join(), router.join("joe", "user")
    watcher.subscribe(TOPIC)
    client.send(PUBLISH, 1, {}, TOPIC, ["lost"])
    client.send(SUBSCRIBE, 2, {}, TOPIC)
    assert client.receive()[1] == 2
    answer.set()
    assert payloads(watcher) == []


def test_late_answer_changes_nothing(serve, authorizer):
    """It is neither acted on nor kept."""
    router = serve(authorizer=authorizer, authorizer_timeout=AMPLE, authorizer_ttl=1000)
    client = router.join()
    authorizer.gate.clear()
    assert refusal(client.request(SUBSCRIBE, {}, TOPIC)) == AUTHORIZATION_FAILED
    authorizer.gate.set()
    assert allowed(client, uri="com.example.later"), "the late answer came before this"
    authorizer.answer = False
    assert not allowed(client)


def test_procedure_that_does_not_answer_is_canceled(serve):
    """Its callee is interrupted, and what it says then is of no interest."""
    router = serve(roles=[OPERATOR], authorizer=AUTHORIZE, authorizer_timeout=AMPLE)
    callee = router.join("provider", announced=["callee.call_canceling"])
    callee.register(AUTHORIZE)
    client = router.join("joe", "user")
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    invocation, *_ = callee.invoked()
    assert refusal(client.receive()) == AUTHORIZATION_FAILED
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]
    callee.send(YIELD, invocation, {}, [True])
    assert callee.until_now() == []
    client.send(SUBSCRIBE, 2, {}, TOPIC)
    invocation, *_ = callee.invoked()
    callee.send(YIELD, invocation, {}, [True])
    assert client.receive()[:2] == [SUBSCRIBED, 2]


def test_callee_that_took_over_the_timeout_is_not_trusted_with_it(serve):
    """The limit is the realm's own, whatever the callee announced."""
    router = serve(roles=[OPERATOR], authorizer=AUTHORIZE, authorizer_timeout=TIMEOUT)
    callee = router.join("provider", announced=["callee.call_timeout"])
    callee.register(AUTHORIZE, forward_timeout=True)
    client = router.join("joe", "user")
    assert refusal(client.request(SUBSCRIBE, {}, TOPIC)) == AUTHORIZATION_FAILED
    _, _, details, _ = callee.invoked()
    assert "timeout" not in details
    assert callee.until_now() == [], "no INTERRUPT: it did not announce canceling"


def test_compat_autobahn_js_changes_nothing_about_it(serve):
    """There, an ordinary caller that cancels gets no answer."""
    router = serve(
        roles=[OPERATOR],
        authorizer=AUTHORIZE,
        authorizer_timeout=TIMEOUT,
        compat_autobahn_js=True,
    )
    callee = router.join("provider")
    callee.register(AUTHORIZE)
    client = router.join("joe", "user")
    assert refusal(client.request(SUBSCRIBE, {}, TOPIC)) == AUTHORIZATION_FAILED
    realm = router.app.snapshot().realms["realm1"]
    assert realm.questions == 0
    assert realm.calls == ()


def test_other_sessions_do_not_wait_for_it(serve, authorizer):
    """Each question has a time of its own."""
    router = serve(roles=[OPERATOR], authorizer=authorizer, authorizer_timeout=20)
    client, other = router.join("joe", "user"), router.join()
    authorizer.gate.clear()
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    authorizer.wait_until_asked()
    other.subscribe(TOPIC)
    authorizer.gate.set()
    assert client.receive()[0] == SUBSCRIBED
