"""The core of a client, and the connection that it has: used by many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from wsocket.client.core import Core
from wsocket.client.happenings import Happening, Invoked
from wsocket.client.log import logger
from wsocket.client.own_process import OwnProcess
from wsocket.errors import PayloadSizeExceeded
from wsocket.wamp.local.encoding import Failure
from wsocket.wamp.serializers.base import Payload

if TYPE_CHECKING:  # types only: the command line would wait for their modules
    from wsocket.client.operation import Operation
    from wsocket.client.transport import Transport

_ResultT = TypeVar("_ResultT")


def _leave(core: Core) -> list[Happening]:
    core.leave()
    return []


class HappeningTaker(Protocol):
    """Gets what happens.

    Attributes:
        process: That of the session.
    """

    process: OwnProcess

    def take(self, happening: Happening, shared: SharedCore) -> None:
        """Something has happened; it is not to block."""


class SharedCore:
    """See the module's docstring.

    Messages are sent in the order in which the core has made them. The threads of the
    program wait while the connection takes no more. The one that reads does not, or
    both sides might wait for each other.
    """

    def __init__(self, core: Core, receiver: HappeningTaker) -> None:
        self._core = core
        self._receiver = receiver
        self._transport: Transport | None = None
        self._lock = threading.Lock()  # of the core and the transport
        self._sending = threading.Lock()

    # From any thread

    def do(self, operation: Callable[[Core], _ResultT]) -> _ResultT:
        """Have the core do something, and send what it says; raises what it raises.

        Raises:
            ConnectionLost: This is another process.
        """
        self._receiver.process.check()  # first: a fork may have the locks locked
        with self._lock:
            result = operation(self._core)
        with self._sending:
            self._send_all()
        return result

    def tell(self, operation: Operation) -> None:
        """The same for what makes something happen at once."""
        for happening in self.do(operation):
            self._receiver.take(happening, self)

    def answer(self, invocation: Invoked, outcome: Payload | Failure) -> None:
        """Answer a call of a procedure."""
        try:
            self.do(lambda core: core.callee.answer(invocation, outcome))
        except PayloadSizeExceeded as error:
            self._answer_with(invocation, error)

    def progress(self, invocation: Invoked, payload: Payload) -> None:
        """Send a progressive result; raises PayloadSizeExceeded."""
        self.do(lambda core: core.callee.progress(invocation, payload))

    def ping(self) -> None:
        """Ask whether the router is there."""
        transport = self._transport
        if transport is not None:
            try:
                transport.ping()
            except OSError as error:
                self._broken(transport, error)

    def shutdown(self) -> None:
        """End the connection at once: the thread that reads notices."""
        transport = self._transport
        if transport is not None:
            transport.shutdown()

    def leave(self) -> None:
        """Say GOODBYE, without waiting until it is sent."""
        self.react(_leave)

    # From the thread that reads

    def open(self, transport: Transport) -> None:
        """There is a new connection: say HELLO."""
        with self._lock:
            self._transport = transport
        self.react(lambda core: core.open(max_size=transport.max_size))

    def react(self, operation: Operation) -> None:
        """Have the core take what has come."""
        with self._lock:
            happened = operation(self._core)
        self._send_what_is_possible()
        for happening in happened:
            self._receiver.take(happening, self)

    def detach(self) -> None:
        """The connection is over: nothing is sent any more."""
        self.shutdown()  # whoever sends fails
        with self._sending, self._lock:
            self._transport = None

    # Sending

    def _send_what_is_possible(self) -> None:
        while self._has_outgoing() and self._sending.acquire(blocking=False):
            try:
                self._send_all()
            finally:
                self._sending.release()

    def _has_outgoing(self) -> bool:
        with self._lock:
            return not self._core.outgoing.empty

    def _send_all(self) -> None:
        while True:
            with self._lock:
                transport, data = self._transport, self._core.outgoing.take()
            if data is None or transport is None:
                return
            try:
                transport.send(data)
            except OSError as error:
                self._broken(transport, error)

    def _broken(self, transport: Transport, error: OSError) -> None:
        """Nothing can be sent: the thread that reads will find the same."""
        logger().debug("the connection to the router is broken: %s", error)
        transport.shutdown()

    def _answer_with(self, invocation: Invoked, error: PayloadSizeExceeded) -> None:
        text = Payload.of(invocation.payload.serializer, [str(error)])
        failure = Failure(error.error, text)
        self.do(lambda core: core.callee.answer(invocation, failure))
