"""A call of the meta API that takes some turns has its number for itself till then."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.wamp.fakes import Member, SteppedRuntime, World
from tests.wamp.raw_client import ABORT, GOODBYE, RESULT
from wsocket import Permission, Role
from wsocket.wamp.protocol.client_messages import ClientRole, ClientRoles

KILLS = {
    "wamp.session.kill_all": [],
    "wamp.session.kill_by_authrole": ["anonymous"],
    "wamp.session.kill_by_authid": ["joe"],
}
STREAMING = ClientRole({"progressive_call_invocations": True})
# The rules of the realm, and what the caller announces.
WHERE = {
    "a realm without rules": ({}, ClientRole()),
    "a caller that could continue its call": ({}, STREAMING),
    "strict numbers": ({"strict_request_ids": True}, ClientRole()),
    "strict numbers, and a caller that could continue": (
        {"strict_request_ids": True},
        STREAMING,
    ),
    "a role that may call nothing else": (
        {
            "roles": [
                Role("anonymous", [Permission("wamp.session", "prefix", ["call"])])
            ]
        },
        ClientRole(),
    ),
}


@dataclass
class Scene:
    """Somebody kills two others, which takes some steps."""

    runtime: SteppedRuntime
    world: World
    killer: Member
    victims: list[Member]


@pytest.fixture(params=list(WHERE))
def scene(request) -> Scene:
    rules, caller = WHERE[request.param]
    runtime = SteppedRuntime()
    world = World(runtime=runtime, **rules)
    killer = Member(world, authid="kim", roles=ClientRoles(caller=caller))
    victims = [Member(world, authid="joe") for _ in range(2)]
    return Scene(runtime, world, killer, victims)


@pytest.mark.parametrize("kill", list(KILLS))
@pytest.mark.parametrize(
    "second", [*KILLS, "wamp.session.count", "com.nothing", "wamp.nothing", ""]
)
def test_another_call_with_its_number_is_a_violation(scene, kill, second):
    """Two calls of one number could not be told apart. The others are killed still."""
    scene.killer.call(kill, 1, *KILLS[kill])
    scene.runtime.step()
    assert scene.killer.take() == []
    scene.killer.call(second, 1)
    [abort] = scene.killer.take()
    assert abort[0] == ABORT
    assert abort[1]["message"].startswith("CALL.Request: ")
    scene.runtime.finish()
    assert [each.take()[0][0] for each in scene.victims] == [GOODBYE] * 2
    assert scene.world.held() == []


@pytest.mark.parametrize("kill", list(KILLS))
def test_other_numbers_are_free(scene, kill):
    """Of the caller; and others may use this number."""
    other = Member(scene.world, authid="kim")
    scene.killer.call(kill, 1, *KILLS[kill])
    for request, member in [(1, other), (2, scene.killer)]:
        member.call("wamp.session.count", request)
        assert [each[:2] for each in member.take()] == [[RESULT, request]]
    scene.runtime.finish()
    assert [each[:2] for each in scene.killer.take()] == [[RESULT, 1]]


def test_the_number_is_free_again_after_the_answer():
    """A careless client uses the same one for all of its calls."""
    runtime = SteppedRuntime()
    killer = Member(World(runtime=runtime))
    for _ in range(3):
        killer.call("wamp.session.kill_all", 1)
        runtime.finish()
        assert killer.take() == [[RESULT, 1, {}, [0]]]
