"""Remote procedure calls over the wire (Basic Profile, "Remote Procedure Calls")."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    INVOCATION,
    REGISTER,
    RESULT,
    UNREGISTER,
    UNREGISTERED,
    YIELD,
)
from tests.wamp.servers import on_every_server

PAYLOADS = [[], [[]], [[], {}], [["x", None, 1.5]], [[], {"a": {"b": [1]}}]]


@on_every_server
def test_result_comes_back_to_the_caller(join, serializer, uri):
    """CALL, INVOCATION, YIELD, RESULT: each with its own number."""
    callee, caller = join(serializer), join(serializer)
    registration = callee.register(uri)
    request = caller.call(uri, [1, "a"], {"k": True})
    assert callee.receive() == [INVOCATION, 1, registration, {}, [1, "a"], {"k": True}]
    callee.send(YIELD, 1, {}, ["r"], {"s": None})
    assert caller.receive() == [RESULT, request, {}, ["r"], {"s": None}]


@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_payload_keeps_its_arity_both_ways(join, serializer, uri, payload):
    """No payload, empty Arguments and an empty ArgumentsKw are three messages."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri, *payload)
    assert callee.receive()[4:] == payload
    callee.send(YIELD, 1, {}, *payload)
    assert caller.receive() == [RESULT, request, {}, *payload]


@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_error_of_the_callee_is_passed_on(join, serializer, uri, payload):
    """URI and payload unchanged; the type becomes CALL, the request the caller's."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    error = "com.Example-1.ERROR.ž"
    callee.send(ERROR, INVOCATION, callee.invoked()[0], {}, error, *payload)
    assert caller.receive() == [ERROR, CALL, request, {}, error, *payload]


@pytest.mark.parametrize("error", ["", "com..error", "com.err or", "com.error\n", "#"])
def test_error_with_an_invalid_uri_still_ends_the_call(join, serializer, uri, error):
    """The caller gets invalid_uri; the callee's session goes on."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    callee.send(ERROR, INVOCATION, callee.invoked()[0], {}, error, ["why"])
    assert caller.receive()[:5] == [ERROR, CALL, request, {}, "wamp.error.invalid_uri"]
    caller.call(uri)
    assert callee.invoked()[0] == 2


def test_call_that_nobody_answers_is_an_error(join, serializer, uri):
    """wamp.error.no_such_procedure, for URIs of the protocol too."""
    caller = join(serializer)
    for procedure in (uri, "wamp.session.counts", "wamp.session.session", "wamp"):
        request = caller.call(procedure, ["x"])
        assert caller.receive()[:5] == [
            ERROR,
            CALL,
            request,
            {},
            "wamp.error.no_such_procedure",
        ]


@on_every_server
def test_call_is_canceled_when_the_callee_leaves(join, serializer, uri):
    """wamp.error.canceled, once for each of its calls, in either way of leaving."""
    caller = join(serializer)
    for leave in ("leave", "close"):
        callee = join(serializer)
        callee.register(uri)
        requests = [caller.call(uri) for _ in range(3)]
        for _ in range(3):
            callee.invoked()
        getattr(callee, leave)()
        answers = [caller.receive() for _ in range(3)]
        assert sorted(answer[2] for answer in answers) == requests
        assert {answer[4] for answer in answers} == {"wamp.error.canceled"}
    assert caller.until_now() == []


def test_callee_that_breaks_the_protocol_cancels_its_calls(join, serializer, uri):
    """A violation ends a session like any other end."""
    caller, callee = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    callee.invoked()
    callee.send(99)
    assert caller.receive()[2:5] == [request, {}, "wamp.error.canceled"]


@pytest.mark.parametrize("answer", ["YIELD", "ERROR"])
def test_answer_for_a_caller_that_left_is_discarded(join, serializer, uri, answer):
    """Silently: it crossed the caller's end, which is nobody's fault."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    caller.call(uri)
    request = callee.invoked()[0]
    caller.leave()
    if answer == "YIELD":
        callee.send(YIELD, request, {}, ["late"])
    else:
        callee.send(ERROR, INVOCATION, request, {}, "com.example.late")
    assert callee.until_now() == []
    caller.join()
    assert caller.until_now() == []


def test_session_on_a_reused_transport_gets_no_old_result(join, serializer, uri):
    """Its request number 1 is another call than that of the session before."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    caller.call(uri, ["old"])
    old = callee.invoked()[0]
    caller.leave()
    caller.join()
    assert caller.call(uri, ["new"]) == 1
    new = callee.invoked()[0]
    callee.send(YIELD, old, {}, ["old"])
    callee.send(YIELD, new, {}, ["new"])
    assert caller.receive() == [RESULT, 1, {}, ["new"]]


@pytest.mark.parametrize("first", ["YIELD", "ERROR"])
def test_second_answer_is_discarded(join, serializer, uri, first):
    """Every call has exactly one final answer."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    answers = [
        (YIELD, invocation, {}, ["yield"]),
        (ERROR, INVOCATION, invocation, {}, "com.example.error"),
    ]
    for answer in answers if first == "YIELD" else reversed(answers):
        callee.send(*answer)
    callee.send(YIELD, invocation, {}, ["again"])
    assert callee.until_now() == []
    received = caller.until_now()
    assert len(received) == 1
    assert received[0][0] == (RESULT if first == "YIELD" else ERROR)
    assert request in received[0][1:3]


def test_running_call_survives_the_end_of_its_registration(join, serializer, uri):
    """The callee unregisters but stays: its answer is still forwarded."""
    callee, caller = join(serializer), join(serializer)
    registration = callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    callee.remove(UNREGISTER, registration)
    caller.call(uri)
    assert caller.receive()[4] == "wamp.error.no_such_procedure"
    callee.send(YIELD, invocation, {}, ["done"])
    assert caller.receive() == [RESULT, request, {}, ["done"]]


def test_calls_are_answered_in_any_order(join, serializer, uri):
    """The answers find their calls by number."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    requests = [caller.call(uri, [n]) for n in range(10)]
    invocations = [callee.invoked() for _ in range(10)]
    for invocation in reversed(invocations):
        callee.send(YIELD, invocation[0], {}, invocation[3])
    answers = {caller.receive()[1]: n for n in reversed(range(10))}
    assert answers == dict(zip(requests, range(10), strict=True))


def test_invocations_are_numbered_for_each_callee(join, serializer, uri):
    """The INVOCATION's request ID is of the session scope: 1, 2, 3."""
    first, second, caller = join(serializer), join(serializer), join(serializer)
    first.register(f"{uri}.first")
    second.register(f"{uri}.second")
    for number in (1, 2, 3):
        caller.call(f"{uri}.first")
        caller.call(f"{uri}.second")
        assert first.invoked()[0] == second.invoked()[0] == number


@on_every_server
def test_session_calls_its_own_procedure(join, serializer, uri):
    """Caller and callee may be one session."""
    session = join(serializer)
    session.register(uri)
    request = session.call(uri, ["self"])
    invocation = session.invoked()
    assert invocation[3] == ["self"]
    session.send(YIELD, invocation[0], {}, ["again"])
    assert session.receive() == [RESULT, request, {}, ["again"]]
    session.call(uri)
    session.invoked()
    session.leave()
    session.join()
    assert session.until_now() == []


def test_call_in_use_is_not_numbered_again(join, serializer, uri):
    """Two calls of one number could not be told apart: a violation."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    callee.invoked()
    caller.send(CALL, request, {}, uri)
    assert caller.aborted().startswith("CALL.Request")


def test_call_number_is_free_again_after_the_answer(join, serializer, uri):
    """After a RESULT, and after an ERROR of the router."""
    callee, caller = join(serializer), join(serializer)
    for _ in range(2):
        caller.send(CALL, 7, {}, uri)
        assert caller.receive()[4] == "wamp.error.no_such_procedure"
    callee.register(uri)
    for number in (1, 2):
        caller.send(CALL, 7, {}, uri)
        callee.send(YIELD, callee.invoked()[0], {}, [number])
        assert caller.receive() == [RESULT, 7, {}, [number]]


# Answers to what was not asked


@pytest.mark.parametrize("request_id", [1, 2, 2**53])
@pytest.mark.parametrize("answer", ["YIELD", "ERROR"])
def test_answer_to_an_invocation_that_never_was_is_a_violation(
    join, serializer, answer, request_id
):
    """The session never got an INVOCATION of this number, nor any other."""
    callee = join(serializer)
    if answer == "YIELD":
        callee.send(YIELD, request_id, {}, ["x"])
    else:
        callee.send(ERROR, INVOCATION, request_id, {}, "com.example.error")
    said = callee.aborted()
    assert said.startswith(answer)
    assert str(request_id) in said


@pytest.mark.parametrize("answer", ["YIELD", "ERROR"])
def test_answer_to_an_invocation_that_is_yet_to_come_is_a_violation(
    join, serializer, uri, answer
):
    """The number after the last that was issued."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    following = callee.invoked()[0] + 1
    if answer == "YIELD":
        callee.send(YIELD, following, {})
    else:
        callee.send(ERROR, INVOCATION, following, {}, "com.example.error")
    assert callee.aborted().startswith(answer)
    assert caller.receive()[2:5] == [request, {}, "wamp.error.canceled"]


def test_another_sessions_invocation_cannot_be_answered(join, serializer, uri):
    """Invocation numbers are the callee's own; the true answer still arrives."""
    callee, caller, thief = join(serializer), join(serializer), join(serializer)
    callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    thief.send(YIELD, invocation, {}, ["forged"])
    assert thief.aborted().startswith("YIELD")
    callee.send(YIELD, invocation, {}, ["true"])
    assert caller.receive() == [RESULT, request, {}, ["true"]]


@pytest.mark.parametrize("request_type", [16, 32, 34, 48, 64, 66, 70, 0, -1, 2**53])
def test_error_of_another_request_type_is_a_violation(
    join, serializer, uri, request_type
):
    """A client may answer with ERROR to nothing but an INVOCATION."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    caller.call(uri)
    request = callee.invoked()[0]
    callee.send(ERROR, request_type, request, {}, "com.example.error")
    assert callee.aborted().startswith("ERROR.REQUEST.Type")
    assert caller.receive()[4] == "wamp.error.canceled"


# Registering


def test_procedure_is_registered_once(join, serializer, uri):
    """By the same session or another: wamp.error.procedure_already_exists."""
    first, second = join(serializer), join(serializer)
    first.register(uri)
    for session in (first, second):
        request = session.next_request()
        session.send(REGISTER, request, {}, uri)
        assert session.receive()[:5] == [
            ERROR,
            REGISTER,
            request,
            {},
            "wamp.error.procedure_already_exists",
        ]
    second.call(uri)
    assert first.invoked()[0] == 1


def test_unregister_of_what_is_not_held_is_an_error(join, serializer, uri):
    """Unknown, ended or another session's: the owner keeps it."""
    callee, stranger = join(serializer), join(serializer)
    registration = callee.register(uri)
    own = stranger.register(uri + ".own")
    stranger.remove(UNREGISTER, own)
    for foreign in (registration, own, 2**53):
        request = stranger.next_request()
        stranger.send(UNREGISTER, request, foreign)
        assert stranger.receive()[:5] == [
            ERROR,
            UNREGISTER,
            request,
            {},
            "wamp.error.no_such_registration",
        ]
    stranger.call(uri)
    assert callee.invoked()[1] == registration


def test_subscription_is_no_registration(join, serializer, uri):
    """Their IDs are not each other's, even if both are small numbers."""
    session = join(serializer)
    subscription, registration = session.subscribe(uri), session.register(uri)
    request = session.next_request()
    session.send(UNREGISTER, request, subscription)
    assert session.receive()[4] == "wamp.error.no_such_registration"
    session.send(34, request, registration)
    assert session.receive()[4] == "wamp.error.no_such_subscription"


def test_unregister_ignores_a_fourth_item(join, serializer, uri):
    """autobahn-python appends options there."""
    callee = join(serializer)
    registration = callee.register(uri)
    request = callee.next_request()
    callee.send(UNREGISTER, request, registration, {"forward_for": []})
    assert callee.receive() == [UNREGISTERED, request]


def test_procedure_is_free_again_after_its_end(join, serializer, uri):
    """UNREGISTER, GOODBYE and a lost connection: each leaves no ghost."""
    witness = join(serializer)
    first = join(serializer)
    first.remove(UNREGISTER, first.register(uri))
    second = join(serializer)
    second.register(uri)
    second.leave()
    witness.register(uri)
    first.call(uri)
    assert witness.invoked()[0] == 1


def test_caller_discloses_itself(join, serializer, uri):
    """``disclose_me: true`` ("Caller Identification")."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    caller.call(uri, disclose_me=True)
    assert callee.invoked()[2] == {
        "caller": caller.session,
        "caller_authid": caller.welcome["authid"],
        "caller_authrole": "anonymous",
    }


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}])
def test_caller_stays_unknown_unless_it_discloses_itself(
    join, serializer, uri, options
):
    """No key of the details tells who called."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    caller.call(uri, **options)
    assert callee.invoked()[2] == {}


def test_unknown_options_are_ignored(join, serializer, uri):
    """In REGISTER, CALL, YIELD and ERROR; none of them reaches the other side."""
    callee, caller = join(serializer), join(serializer)
    unknown = {"x_own": 1, "_own": [None], "nonsense": {"a": {}}, "": "", "Match": 5}
    callee.register(uri, **unknown)
    request = caller.call(uri, **unknown)
    invocation = callee.invoked()
    assert invocation[2:] == [{}]
    callee.send(YIELD, invocation[0], unknown)
    assert caller.receive() == [RESULT, request, {}]
    request = caller.call(uri, **unknown)
    callee.send(ERROR, INVOCATION, callee.invoked()[0], unknown, "com.example.error")
    assert caller.receive() == [ERROR, CALL, request, {}, "com.example.error"]
