"""Taking over a procedure, as from a ghost whose connection is not known to be dead."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import World
from tests.wamp.raw_client import CALL, ERROR, REGISTER, SUBSCRIBE, UNREGISTERED

REVOCATION = "callee.registration_revocation"
TAKEN = "wamp.error.procedure_already_exists"


def test_new_callee_takes_over(peer, uri, serializer):
    """The old one is told, if it knows what that means; calls go to the new one."""
    ghost = peer(REVOCATION, serializer=serializer)
    heir, caller = peer(serializer=serializer), peer(serializer=serializer)
    old = ghost.register(uri)
    new = heir.register(uri, force_reregister=True)
    assert new != old
    [[code, request, details]] = ghost.settled()
    assert [code, request, details.pop("registration")] == [UNREGISTERED, 0, old]
    assert details.pop("reason") == "wamp.error.unregistered"
    assert details == {}
    caller.call(uri, ["x"])
    assert heir.invoked()[1:] == [new, {}, ["x"]]
    assert ghost.settled() == []


def test_ghost_that_has_not_announced_revocation_is_not_told(peer, uri):
    """It only is not called any more."""
    ghost, heir, caller = peer(), peer(), peer()
    ghost.register(uri)
    heir.register(uri, force_reregister=True)
    caller.call(uri)
    heir.invoked()
    assert ghost.settled() == []


@pytest.mark.parametrize("options", [{}, {"force_reregister": False}])
def test_nobody_takes_over_by_accident(peer, uri, options):
    """Without the option the procedure is taken."""
    one, other = peer(REVOCATION), peer()
    one.register(uri)
    answer = other.request(REGISTER, options, uri)
    assert answer[:2] == [ERROR, REGISTER]
    assert answer[4] == TAKEN
    assert one.settled() == []


def test_call_that_the_ghost_runs_is_still_answered_by_it(world: World):
    """Its answer counts, and its end is its own."""
    ghost, heir, caller = world.peer(), world.peer(), world.peer()
    ghost.register("com.a")
    caller.call("com.a", request=1)
    invocation = ghost.invoked()[0]
    heir.register("com.a", force_reregister=True)
    ghost.finish_call(invocation, ["from beyond"])
    assert caller.take() == [[50, 1, {}, ["from beyond"]]]
    caller.call("com.a", request=2)
    heir.invoked()
    ghost.leave()
    assert caller.take() == []


def test_all_callees_of_a_shared_registration_are_replaced(world: World):
    """Whatever policy they had."""
    ghosts = [world.peer(REVOCATION) for _ in range(3)]
    for ghost in ghosts:
        old = ghost.register("com.a", invoke="roundrobin")
    heir, caller = world.peer(), world.peer()
    heir.register("com.a", invoke="single", force_reregister=True)
    for ghost in ghosts:
        [message] = ghost.take()
        assert message[:2] == [UNREGISTERED, 0]
        assert message[2]["registration"] == old
    for request in range(1, 4):
        caller.call("com.a", request=request)
    assert len(heir.take()) == 3


def test_only_the_same_match_is_taken_over(world: World):
    """(uri, match) is the identity."""
    exact, prefix, caller = world.peer(REVOCATION), world.peer(), world.peer()
    exact.register("com.a")
    prefix.register("com.a", match="prefix", force_reregister=True)
    assert exact.take() == []
    caller.call("com.a")
    exact.invoked()


def test_where_nobody_is_it_registers_as_usual(world: World):
    """The option hurts nobody."""
    callee, caller = world.peer(), world.peer()
    callee.register("com.a", force_reregister=True)
    caller.call("com.a")
    assert callee.invoked()[0] == 1


def test_callee_may_take_over_from_itself(world: World):
    """With other options; it is not told what it has just asked for."""
    callee, caller = world.peer(REVOCATION), world.peer()
    old = callee.register("com.a")
    new = callee.register("com.a", force_reregister=True, concurrency=1)
    assert old != new
    for request in (1, 2):
        caller.call("com.a", request=request)
    assert callee.invoked()[1] == new
    assert caller.take()[0][:3] == [ERROR, CALL, 2]


def test_invalid_takeover_takes_nothing(peer, uri):
    """Nor does one in the protocol's namespace."""
    one, other = peer(REVOCATION), peer()
    one.register(uri)
    for procedure in (uri + "..x", "wamp.session.count", uri + " "):
        answer = other.request(REGISTER, {"force_reregister": True}, procedure)
        assert answer[4] == "wamp.error.invalid_uri"
    assert one.settled() == []


@pytest.mark.parametrize("value", [1, 0, "yes"], ids=repr)
def test_option_of_another_type_is_a_violation(peer, uri, value, serializer):
    """The message names it, and the registration stays."""
    one, other = peer(REVOCATION), peer(serializer=serializer)
    one.register(uri)
    other.send(REGISTER, 1, {"force_reregister": value}, uri)
    assert "REGISTER.Options.force_reregister" in other.aborted()
    assert one.settled() == []


def test_watchers_see_the_change_in_order(peer, uri):
    """on_unregister, on_delete, on_create, on_register."""
    ghost, heir, watcher = peer(), peer(), peer()
    names = {}
    for event in ("on_create", "on_register", "on_unregister", "on_delete"):
        answer = watcher.request(SUBSCRIBE, {}, f"wamp.registration.{event}")
        names[answer[2]] = event
    old = ghost.register(uri)
    watcher.settled()
    new = heir.register(uri, force_reregister=True)
    events = [(names[each[1]], each[4]) for each in watcher.settled()]
    assert [name for name, _ in events] == [
        "on_unregister",
        "on_delete",
        "on_create",
        "on_register",
    ]
    assert events[0][1] == [ghost.session, old]
    assert events[3][1] == [heir.session, new]
