"""Keeps a session going: connects, reads, and connects again; in a thread of its own.

Whoever asks for something sends it in its own thread (`shared_core`). Handlers run in
threads of their own (`dispatcher`).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from wsocket.client.core import Core
from wsocket.client.dispatcher import Dispatcher
from wsocket.client.log import logger
from wsocket.client.over import Attempts, Over, closed_with, own_failure
from wsocket.client.pulse import Pulse
from wsocket.client.randomness import uniform
from wsocket.client.settings import ClientSettings
from wsocket.client.shared_core import SharedCore
from wsocket.client.states import ClientState, StateChange
from wsocket.client.waiters import Waiter
from wsocket.errors import ConnectFailed, ConnectionLost, ProtocolError

if TYPE_CHECKING:  # types only: the command line would wait for their module
    from wsocket.client.transport import Opener, Transport

# Seconds that the router has for its GOODBYE; and then for closing the connection.
_CLOSE_TIMEOUT = 5.0
_PART_TIMEOUT = 2.0


class Engine:
    """See the module's docstring.

    Attributes:
        joining: Waits for the first session.
        closed: Whether all is over.
    """

    def __init__(
        self,
        core: Core,
        settings: ClientSettings,
        *,
        opener: Opener,
        dispatcher: Dispatcher,
    ) -> None:
        self.shared = SharedCore(core, dispatcher)
        self.dispatcher = dispatcher
        self.state: ClientState = "connecting"
        self.joining = Waiter()
        self.closed = threading.Event()
        self._settings = settings
        self._opener = opener
        self._attempts = Attempts(settings.backoff, uniform)
        self._silence = ""  # why this client has ended the connection, if it has
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="wsocket client", daemon=True
        )

    def start(self) -> None:
        """Connect."""
        self._thread.start()

    def close(self) -> None:
        """Leave the realm, and end everything; from any thread.

        In a fork this does nothing: the parent goes on with the session.
        """
        if not self.dispatcher.process.is_here:
            return
        self._closing.set()
        self.dispatcher.look_again()
        self.shared.leave()
        if threading.current_thread() is not self._thread:
            self.closed.wait(_CLOSE_TIMEOUT)
            self.shared.shutdown()
            self.closed.wait(_CLOSE_TIMEOUT)
        # The last state, "closed", is told before the program goes on, and may end.
        for threads in (self.dispatcher.workers, self.dispatcher.states):
            threads.join(_CLOSE_TIMEOUT)

    def give_up(self) -> None:
        """End the connection at once, and do not connect again."""
        self._closing.set()
        self.dispatcher.look_again()
        self.shared.shutdown()

    # The thread

    def _run(self) -> None:
        error: Exception | None = None
        try:
            error = self._keep_connected()
        except BaseException as failure:
            logger().exception("the client has failed")
            error = own_failure(failure)
            self._lost(str(error))
        finally:
            self._finish(error)

    def _keep_connected(self) -> Exception | None:
        """Connect again and again; return why that ends."""
        while True:
            self._enter(StateChange("connecting"))
            over = self._one_connection()
            delay = self._attempts.delay_after(over)
            if delay is None or self._closing.is_set():
                return over.error
            self._enter(StateChange("waiting", over.error, delay))
            if self._closing.wait(delay):
                return None

    def _finish(self, error: Exception | None) -> None:
        if error is not None and self._attempts.had_session:
            logger().error("the session is over: %s", error)
        self._enter(StateChange("closed", error))
        self.joining.fail(error or ConnectionLost("this client has left"))
        self.dispatcher.workers.stop()
        self.dispatcher.states.finish()
        self.closed.set()

    def _enter(self, change: StateChange) -> None:
        self.state = change.state
        self.dispatcher.tell(change)

    # One connection

    def _one_connection(self) -> Over:
        deadline = time.monotonic() + self._settings.timeout
        try:
            transport = self._opener(self._settings, deadline)
        except ConnectFailed as error:
            return Over(error, final=False, joined=False)
        self.dispatcher.begin()
        self._silence = ""
        try:
            self.shared.open(transport)
            self._join(transport, deadline)
            self._stay(transport)
            self._part(transport)
        finally:
            self.shared.detach()
            transport.release()
        ended, joined = self.dispatcher.ended, self.dispatcher.joined is not None
        assert ended is not None
        return Over(ended.error, ended.final, joined, transport.code)

    def _join(self, transport: Transport, deadline: float) -> None:
        """Read until there is a session, or none."""
        dispatcher = self.dispatcher
        while dispatcher.joined is None and dispatcher.ended is None:
            transport.settimeout(max(0.001, deadline - time.monotonic()))
            self._read(transport)
        transport.settimeout(None)
        if self._closing.is_set():
            self.shared.leave()
        elif dispatcher.joined is not None:
            self._attempts.had_session = True
            self._enter(StateChange("joined", refused=dispatcher.joined.refused))
            self.joining.answer(None)

    def _stay(self, transport: Transport) -> None:
        """Read until the session has ended."""
        interval = self._settings.ping_interval if transport.pings else 0.0
        pulse = Pulse(
            interval=interval,
            timeout=self._settings.ping_timeout,
            ping=self.shared.ping,
            silent=self._silent,
        )
        if interval:
            pulse.start()
        try:
            while self.dispatcher.ended is None:
                self._read(transport)
                pulse.beat()
                self._wait_for_room(pulse)
        finally:
            pulse.stop()

    def _silent(self) -> None:
        timeout = self._settings.ping_timeout
        self._silence = f"the router was silent for {timeout} seconds after a ping"
        self.shared.shutdown()

    def _wait_for_room(self, pulse: Pulse) -> None:
        pulse.rest()
        try:
            self.dispatcher.wait_for_room(self._closing.is_set)
        except ConnectionLost as error:
            self._lost(str(error))
        pulse.go_on()

    def _read(self, transport: Transport) -> None:
        """Read one message, or the end."""
        try:
            data = transport.receive()
        except TimeoutError:
            self._lost(f"no session within {self._settings.timeout} seconds")
        except OSError as error:
            self._lost(f"the connection broke: {error}")
        except ProtocolError as error:
            problem = error.problem
            self.shared.react(lambda core: core.violated(problem))
        else:
            if data is None:
                self._lost(closed_with(transport.code))
            elif data:
                self.shared.react(lambda core: core.receive(data))

    def _lost(self, problem: str) -> None:
        why = self._silence or problem
        self.shared.react(lambda core: core.lost(why))

    def _part(self, transport: Transport) -> None:
        """Close the connection, and let the router close it too."""
        deadline = time.monotonic() + _PART_TIMEOUT
        transport.settimeout(_PART_TIMEOUT)
        try:
            transport.close()
            while time.monotonic() < deadline and transport.receive() is not None:
                continue
        except (OSError, ProtocolError) as error:
            logger().debug("the connection did not end as it should: %s", error)
