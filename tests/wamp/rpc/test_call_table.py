"""The table of calls that are under way."""

from __future__ import annotations

import pytest

from tests.wamp.fakes import Member, World
from wsocket.wamp.protocol.client_messages import Call, CallOptions, RegisterOptions
from wsocket.wamp.rpc.call_table import CallTable
from wsocket.wamp.rpc.registrations import RegisteredCallee, Registration
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.grant import OPEN

PROCEDURE = "com.example.procedure"


class Calling:
    """A table, and one caller and one callee."""

    def __init__(self) -> None:
        self.world = World()
        self.caller = Member(self.world).session
        self.callee = Member(self.world).session
        self.endpoint = RegisteredCallee(self.callee, RegisterOptions())
        self.table = CallTable()

    def add(self, request: int) -> RoutedCall:
        """Enter a call with this CALL.Request."""
        self.table.of_caller(self.caller)
        registration = Registration(
            1, PROCEDURE, match="exact", invoke="single", created=0.0
        )
        call = RoutedCall(
            self.caller,
            Call(request, CallOptions(), PROCEDURE),
            plain=True,
            registration=registration,
            endpoint=self.endpoint,
            grant=OPEN,
            started=0.0,
        )
        call.invocation_request = self.table.next_invocation(self.callee)
        self.table.add(call)
        return call


@pytest.fixture
def calling() -> Calling:
    return Calling()


def test_call_is_found_from_both_sides(calling: Calling):
    """The table finds a call by CALL.Request and by INVOCATION.Request."""
    call = calling.add(7)
    assert calling.table.made_by(calling.caller, 7) is call
    assert calling.table.run_by(calling.callee, 1) is call
    assert calling.table.made_by(calling.callee, 7) is None
    assert calling.endpoint.active == 1


def test_removed_call_is_not_found_but_was_sent(calling: Calling):
    """A removed call is unknown, but its INVOCATION.Request was used."""
    calling.table.remove(calling.add(7))
    assert calling.table.made_by(calling.caller, 7) is None
    assert calling.table.run_by(calling.callee, 1) is None
    assert calling.table.was_sent(calling.callee, 1)
    assert not calling.table.was_sent(calling.callee, 2)
    assert calling.endpoint.active == 0


def test_number_of_a_call_that_was_not_sent_is_used_again(calling: Calling):
    """The numbers of the INVOCATIONs that a callee gets have no gap."""
    calling.table.undo(calling.add(7))
    assert not calling.table.was_sent(calling.callee, 1)
    assert calling.add(8).invocation_request == 1


def test_session_that_ends_takes_its_calls_with_it(calling: Calling):
    """When a caller ends, its callees forget the calls and keep counting."""
    calls = [calling.add(7), calling.add(8)]
    assert list(calling.table.remove_caller(calling.caller)) == calls
    assert calling.table.callers == {}
    assert calling.endpoint.active == 0
    assert calling.add(1).invocation_request == 3


def test_calls_of_a_callee_that_ends_are_removed(calling: Calling):
    """When a callee ends, the table returns the calls that now fail."""
    calls = [calling.add(7), calling.add(8)]
    assert list(calling.table.remove_callee(calling.callee)) == calls
    assert calling.table.callees == {}
    assert calling.table.made_by(calling.caller, 7) is None
    assert list(calling.table.remove_callee(calling.callee)) == []
