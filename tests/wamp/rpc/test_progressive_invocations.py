"""Progressive call invocations: a stream of arguments into one running call."""

from __future__ import annotations

import msgpack
import pytest

from tests.wamp.call_kit import CALLEE, INTERRUPT, World
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    FORMATS,
    INVOCATION,
    RESULT,
    UNREGISTER,
)
from wsocket.wamp.authorization.roles import Permission, Role
from wsocket.wamp.authorization.rules import unknown_role

STREAMS = "caller.progressive_call_invocations"
TAKES = ("callee.progressive_call_invocations", "callee.call_canceling")
MORE = {"progress": True}
REFUSED = "wamp.error.feature_not_supported"


@pytest.fixture
def stream(peer, uri):
    """A call whose arguments are not complete: callee, caller, request, invocation."""

    def start(*payload, features=TAKES, match="exact", **options):
        callee, caller = peer(*features), peer(STREAMS)
        callee.register(uri, match=match)
        request = caller.call(uri, *payload, progress=True, **options)
        return callee, caller, request, callee.invoked()[0]

    return start


@pytest.mark.parametrize("callee_serializer", FORMATS)
def test_chunks_are_invocations_of_one_number(peer, uri, serializer, callee_serializer):
    """``progress`` says that more will come, and its absence that this was the last."""
    callee = peer(*TAKES, serializer=callee_serializer)
    caller = peer(STREAMS, serializer=serializer)
    registration = callee.register(uri)
    request = caller.call(uri, [1], progress=True)
    caller.send(CALL, request, MORE, uri, [2], {"k": None})
    caller.send(CALL, request, MORE, uri)
    caller.send(CALL, request, {}, uri, [4])
    invocations = [callee.invoked() for _ in range(4)]
    number = invocations[0][0]
    assert [each[:2] for each in invocations] == [[number, registration]] * 4
    assert [each[2:] for each in invocations] == [
        [MORE, [1]],
        [MORE, [2], {"k": None}],
        [MORE],
        [{}, [4]],
    ]
    callee.finish_call(number, ["all"])
    assert caller.receive() == [RESULT, request, {}, ["all"]]


def test_explicit_false_ends_the_stream(stream, uri):
    """And is not passed on as such."""
    callee, caller, request, invocation = stream()
    caller.send(CALL, request, {"progress": False}, uri, ["end"])
    assert callee.invoked()[2:] == [{}, ["end"]]
    callee.finish_call(invocation)
    assert caller.succeeded(request) == []


def test_all_chunks_go_to_one_callee(peer, uri):
    """Whatever the policy: another call in between has another callee."""
    first, second = peer(*TAKES), peer(*TAKES)
    caller = peer(STREAMS)
    for callee in (first, second):
        callee.register(uri, invoke="roundrobin")
    one = caller.call(uri, ["one"], progress=True)
    two = caller.call(uri, ["two"], progress=True)
    for request, text in ((one, "one"), (two, "two"), (one, "one")):
        caller.send(CALL, request, MORE, uri, [text])
    caller.settled()
    assert [each[4] for each in first.settled()] == [["one"]] * 3
    assert [each[4] for each in second.settled()] == [["two"]] * 2


def test_results_flow_while_arguments_do(peer, uri):
    """Both directions at once."""
    callee, caller = peer(*CALLEE), peer(STREAMS, "caller.progressive_call_results")
    callee.register(uri)
    request = caller.call(uri, [0], progress=True, receive_progress=True)
    invocation, _, details, _ = callee.invoked()
    assert details == {"progress": True, "receive_progress": True}
    for number in range(1, 4):
        callee.progress(invocation, [number])
        assert caller.receive() == [RESULT, request, MORE, [number]]
        caller.send(CALL, request, MORE, uri, [number])
        assert callee.invoked()[2:] == [MORE, [number]]
    callee.finish_call(invocation, ["end"])
    assert caller.succeeded(request) == [["end"]]


def test_caller_that_has_not_announced_it_violates(peer, uri):
    """The callee never hears of the call."""
    callee, caller = peer(*CALLEE), peer("caller.progressive_call_results")
    callee.register(uri)
    caller.call(uri, [1], progress=True)
    assert "progressive_call_invocations" in caller.aborted()
    assert callee.settled() == []


@pytest.mark.parametrize("missing", TAKES)
def test_callee_without_the_feature_is_not_called(peer, uri, serializer, missing):
    """Nor one that could not be stopped; the later chunks are discarded."""
    callee = peer(*(set(CALLEE) - {missing}), serializer=serializer)
    caller = peer(STREAMS, serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, [1], progress=True)
    caller.send(CALL, request, MORE, uri, [2])
    caller.send(CALL, request, {}, uri, [3])
    messages = caller.settled()
    assert [each[:5] for each in messages] == [[ERROR, CALL, request, {}, REFUSED]]
    assert callee.settled() == []


def test_router_takes_no_streams(peer):
    """Its own procedures are callees without the feature."""
    caller = peer(STREAMS)
    request = caller.call("wamp.session.count", [], progress=True)
    assert caller.failed(request) == REFUSED
    caller.send(CALL, request, {}, "wamp.session.count")
    assert caller.settled() == []


def test_unknown_procedure_is_answered_once(peer, uri):
    """The chunks that follow have crossed the answer."""
    caller = peer(STREAMS)
    request = caller.call(uri, progress=True)
    for options in (MORE, MORE, {}):
        caller.send(CALL, request, options, uri)
    [error] = caller.settled()
    assert error[:5] == [ERROR, CALL, request, {}, "wamp.error.no_such_procedure"]


def test_options_are_those_of_the_first_chunk(peer, uri):
    """Later ones are not even looked at, but for ``progress``."""
    callee, caller = peer(*CALLEE), peer("caller.payload_passthru_mode", STREAMS)
    callee.register(uri)
    request = caller.call(uri, [1], progress=True)
    later = {
        "progress": True,
        "disclose_me": True,
        "receive_progress": True,
        "timeout": 1,
        "ppt_scheme": "x_other",
        "rkey": "r",
        "x_custom": 1,
    }
    caller.send(CALL, request, later, uri, [2])
    first, second = callee.invoked(), callee.invoked()
    assert first[2] == second[2] == MORE
    callee.progress(first[0], ["not asked for"])
    callee.finish_call(first[0], ["end"])
    assert caller.settled() == [[RESULT, request, {}, ["end"]]]


def test_scheme_of_the_first_chunk_holds_for_all(peer, uri):
    """Every payload of the call is in it, and its INVOCATION says so."""
    callee, caller = peer(*CALLEE), peer("caller.payload_passthru_mode", STREAMS)
    callee.register(uri)
    passthru = {"ppt_scheme": "x_mine", "ppt_serializer": "cbor"}
    request = caller.call(uri, ["\0AA=="], progress=True, **passthru)
    caller.send(CALL, request, MORE, uri, ["\0AQ=="])
    caller.send(CALL, request, {}, uri, ["\0Ag=="])
    details = [callee.invoked()[2] for _ in range(3)]
    assert details == [{**MORE, **passthru}] * 2 + [passthru]


def test_every_chunk_for_a_pattern_names_the_procedure(stream, uri):
    """``procedure`` is required wherever the registration is not exact."""
    callee, caller, request, _ = stream(match="prefix")
    caller.send(CALL, request, MORE, uri)
    caller.send(CALL, request, {}, uri)
    details = [callee.invoked()[2] for _ in range(2)]
    assert details == [{"progress": True, "procedure": uri}, {"procedure": uri}]


def test_chunk_after_the_last_is_a_violation(stream, uri):
    """The call is still running: the caller cannot have been told otherwise."""
    callee, caller, request, invocation = stream()
    caller.send(CALL, request, {}, uri, ["last"])
    caller.send(CALL, request, {}, uri, ["one more"])
    assert str(request) in caller.aborted()
    assert callee.invoked()[3] == ["last"]
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]


def test_chunk_for_another_procedure_is_a_violation(stream, uri):
    """The message names both."""
    callee, caller, request, invocation = stream()
    caller.send(CALL, request, MORE, uri + ".other")
    assert uri + ".other" in caller.aborted()
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]


@pytest.mark.parametrize("features", [(), (STREAMS,)])
def test_number_of_a_plain_call_that_runs_is_taken(peer, uri, features):
    """Whether or not the caller knows of streams."""
    callee, caller = peer(*TAKES), peer(*features)
    callee.register(uri)
    request = caller.call(uri)
    caller.send(CALL, request, {}, uri)
    assert "CALL" in caller.aborted()


def test_number_of_a_stream_that_was_complete_may_come_again(stream, uri):
    """No more arguments of the first call can be on their way."""
    callee, caller, request, invocation = stream()
    caller.send(CALL, request, {}, uri, ["end"])
    callee.invoked()
    callee.finish_call(invocation)
    assert caller.succeeded(request) == []
    caller.send(CALL, request, {}, uri, ["new"])
    again, _, _, payload = callee.invoked()
    assert payload == ["new"]
    callee.finish_call(again)
    assert caller.succeeded(request) == []


def test_rest_of_a_stream_is_discarded_once(peer, uri):
    """After its end the number is free."""
    caller = peer(STREAMS)
    request = caller.call(uri, progress=True)
    caller.send(CALL, request, {}, uri)
    caller.send(CALL, request, {}, uri)
    answers = [each[:5] for each in caller.settled()]
    assert answers == [[ERROR, CALL, request, {}, "wamp.error.no_such_procedure"]] * 2


def test_not_every_stream_that_was_cut_off_is_remembered(peer, uri):
    """A client may begin any number of them and never send the rest."""
    caller = peer(STREAMS)
    requests = [caller.call(uri, progress=True) for _ in range(300)]
    assert len(caller.settled()) == 300
    caller.send(CALL, requests[-1], {}, uri)
    assert caller.settled() == []
    caller.send(CALL, requests[0], {}, uri)
    assert caller.failed(requests[0]) == "wamp.error.no_such_procedure"


@pytest.mark.parametrize("end", ["result", "error"])
@pytest.mark.parametrize("options", [MORE, {}])
def test_chunk_that_crosses_the_answer_is_discarded(stream, uri, end, options):
    """Silently; it is no new call, and nobody is told."""
    callee, caller, request, invocation = stream()
    if end == "result":
        callee.finish_call(invocation)
    else:
        callee.fail_call(invocation)
    assert len(caller.settled()) == 1
    caller.send(CALL, request, options, uri, ["late"])
    assert caller.settled() == []
    assert callee.settled() == []


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
def test_chunk_after_a_cancel_is_discarded(stream, uri, mode):
    """Even while the answer to ``kill`` is awaited."""
    callee, caller, request, invocation = stream()
    caller.cancel(request, mode)
    caller.send(CALL, request, MORE, uri, ["late"])
    caller.send(CALL, request, {}, uri, ["late"])
    answers = caller.settled()
    interrupted = mode != "skip"
    assert callee.settled() == (
        [[INTERRUPT, invocation, {"mode": mode}]] if interrupted else []
    )
    callee.finish_call(invocation, ["end"])
    answers += caller.settled()
    assert [each[0] for each in answers] == [RESULT if mode == "kill" else ERROR]


def test_chunk_after_a_timeout_is_discarded(world: World):
    """The same for the time that is up."""
    callee, caller = world.peer(*TAKES), world.peer(STREAMS)
    callee.register("com.a")
    caller.call("com.a", timeout=10, progress=True)
    callee.invoked()
    world.clock.advance(1)
    assert caller.take()[0][4] == "wamp.error.timeout"
    assert callee.take()[0][0] == INTERRUPT
    caller.call("com.a", progress=True)
    caller.call("com.a")
    assert caller.take() == callee.take() == []


def test_chunk_for_a_callee_that_left_is_discarded(stream, uri, peer):
    """Nobody else takes over in the middle of a stream."""
    callee, caller, request, _ = stream()
    callee.leave()
    assert caller.failed(request) == "wamp.error.canceled"
    successor = peer(*TAKES)
    successor.register(uri)
    caller.send(CALL, request, {}, uri, ["rest"])
    assert caller.settled() == []
    assert successor.settled() == []


def test_stream_outlives_its_registration(peer, uri):
    """The callee has unregistered but stays: the call goes on with it."""
    callee, caller = peer(*TAKES), peer(STREAMS)
    registration = callee.register(uri)
    request = caller.call(uri, progress=True)
    invocation = callee.invoked()[0]
    callee.remove(UNREGISTER, registration)
    caller.send(CALL, request, {}, uri, ["rest"])
    assert callee.invoked()[2:] == [{}, ["rest"]]
    callee.finish_call(invocation, ["end"])
    assert caller.succeeded(request) == [["end"]]


def test_chunk_that_the_callee_cannot_read_ends_the_call(peer, uri):
    """ERROR to the caller, INTERRUPT to the callee."""
    callee, caller = peer(*TAKES), peer(STREAMS, serializer="msgpack")
    callee.register(uri)
    request = caller.call(uri, [1], progress=True)
    invocation = callee.invoked()[0]
    caller.send(CALL, request, MORE, uri, [msgpack.ExtType(5, b"")])
    assert caller.failed(request) == "wamp.error.invalid_argument"
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]
    caller.send(CALL, request, {}, uri, [2])
    assert caller.settled() == callee.settled() == []


def test_first_chunk_that_the_callee_cannot_read_uses_no_number(peer, uri):
    """The next INVOCATION is number 1: numbers have no gaps."""
    callee, caller = peer(*TAKES), peer(STREAMS, serializer="msgpack")
    callee.register(uri)
    request = caller.call(uri, [msgpack.ExtType(5, b"")], progress=True)
    assert caller.failed(request) == "wamp.error.invalid_argument"
    caller.send(CALL, request, {}, uri, [2])
    caller.call(uri, ["next"])
    assert callee.invoked()[0] == 1


def test_callers_numbers_are_not_mixed_up(peer, uri):
    """Two callers stream under the same number."""
    callee, one, two = peer(*TAKES), peer(STREAMS), peer(STREAMS)
    callee.register(uri)
    requests = [caller.call(uri, [0], progress=True) for caller in (one, two)]
    assert requests[0] == requests[1]
    for caller in (one, two):
        caller.send(CALL, requests[0], {}, uri, [caller.session])
        caller.settled()
    messages = callee.settled()
    numbers = {each[1] for each in messages if each[4] == [0]}
    assert len(numbers) == 2
    assert all(each[0] == INVOCATION and each[1] in numbers for each in messages)


def test_chunk_for_a_procedure_that_is_not_permitted_is_a_violation():
    """No ERROR for the call: it runs, and its answer is still to come."""
    allowed = Permission("com.", match="prefix", allow=["call", "register"])
    world = World(roles=[Role("anonymous", [allowed])])
    callee, caller = world.peer(*TAKES), world.peer(STREAMS)
    callee.register("com.a")
    caller.call("com.a", progress=True)
    caller.call("org.a", progress=True)
    [message] = caller.take()
    assert message[0] == ABORT


def test_permission_is_that_of_the_first_chunk():
    """What is decided about later calls does not cut one off that runs."""
    allowed = Permission("com.", match="prefix", allow=["call", "register"])
    world = World(roles=[Role("anonymous", [allowed])])
    callee, caller = world.peer(*TAKES), world.peer(STREAMS)
    callee.register("com.a")
    caller.call("com.a", progress=True)
    first = callee.invoked()
    caller.session.grants = unknown_role(asks=False)
    caller.call("com.a")
    assert caller.take() == []
    assert callee.invoked()[0] == first[0]
