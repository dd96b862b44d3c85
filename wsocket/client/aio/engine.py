"""Keeps a session going on an event loop: connects, reads, and connects again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from wsocket.client.aio.dispatcher import AsyncDispatcher
from wsocket.client.aio.transport import AsyncOpener, AsyncTransport
from wsocket.client.aio.waiters import AsyncWaiter
from wsocket.client.core import Core
from wsocket.client.happenings import Invoked
from wsocket.client.operation import Operation
from wsocket.client.over import Attempts, Over, closed_with, own_failure
from wsocket.client.randomness import uniform
from wsocket.client.settings import ClientSettings
from wsocket.client.states import ClientState, StateChange
from wsocket.errors import (
    ConnectFailed,
    ConnectionLost,
    PayloadSizeExceeded,
    ProtocolError,
)
from wsocket.log import logger
from wsocket.wamp.local.encoding import Failure
from wsocket.wamp.serializers.base import Payload

_ResultT = TypeVar("_ResultT")

# Seconds that the router has for its GOODBYE, and handlers to end.
_CLOSE_TIMEOUT = 5.0


class AsyncEngine:
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
        opener: AsyncOpener,
        dispatcher: AsyncDispatcher,
    ) -> None:
        self.dispatcher = dispatcher
        self.state: ClientState = "connecting"
        self.joining = AsyncWaiter()
        self.closed = asyncio.Event()
        self._core = core
        self._settings = settings
        self._opener = opener
        self._attempts = Attempts(settings.backoff, uniform)
        self._transport: AsyncTransport | None = None
        self._outgoing = asyncio.Event()  # there is something to send
        self._sent = asyncio.Event()  # there is nothing to send
        self._closing = asyncio.Event()
        self._beats = 0  # signs of life
        self._silence = ""  # why this client has ended the connection, if it has
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Leave the realm, and end everything; in a fork this does nothing."""
        if not self.dispatcher.process.is_here:
            return
        self._closing.set()
        self.dispatcher.look_again()
        self.do(Core.leave)
        if not await self._is_closed():
            self.shutdown()
            await self._is_closed()
        if self._task is not None and not self.closed.is_set():
            self._task.cancel()
        await self.dispatcher.stop(_CLOSE_TIMEOUT)

    def shutdown(self) -> None:
        """End the connection at once: who reads notices."""
        if self._transport is not None:
            self._transport.shutdown()

    # Asking

    def do(self, operation: Callable[[Core], _ResultT]) -> _ResultT:
        """Have the core do something, and send what it says; raises what it raises.

        Raises:
            ConnectionLost: This is another process.
        """
        self.dispatcher.process.check()
        result = operation(self._core)
        if not self._core.outgoing.empty:
            self._sent.clear()
            self._outgoing.set()
        return result

    def tell(self, operation: Operation) -> None:
        """The same for what makes something happen at once."""
        for happening in self.do(operation):
            self.dispatcher.take(happening, self)

    async def sent(self) -> None:
        """Wait until everything is sent: a slow router slows the program down."""
        await self._sent.wait()

    def answer(self, invocation: Invoked, outcome: Payload | Failure) -> None:
        """End a call of a procedure of this client."""
        try:
            self.do(lambda core: core.callee.answer(invocation, outcome))
        except PayloadSizeExceeded as error:
            text = Payload.of(invocation.payload.serializer, [str(error)])
            failure = Failure(error.error, text)
            self.do(lambda core: core.callee.answer(invocation, failure))

    async def progress(self, invocation: Invoked, payload: Payload) -> None:
        """Send a progressive result; raises PayloadSizeExceeded."""
        self.do(lambda core: core.callee.progress(invocation, payload))
        await self.sent()

    # The task

    async def _run(self) -> None:
        error: Exception | None = None
        try:
            error = await self._keep_connected()
        except Exception as failure:
            logger.exception("the client has failed")
            error = own_failure(failure)
        finally:
            why = str(error)
            self.tell(lambda core: core.lost(why))
            self._finish(error)

    async def _keep_connected(self) -> Exception | None:
        """Connect again and again; return why that ends."""
        while True:
            self._enter(StateChange("connecting"))
            over = await self._one_connection()
            delay = self._attempts.delay_after(over)
            if delay is None or self._closing.is_set():
                return over.error
            self._enter(StateChange("waiting", over.error, delay))
            if await _happens(self._closing, delay):
                return None

    def _finish(self, error: Exception | None) -> None:
        if error is not None and self._attempts.had_session:
            logger.error("the session is over: %s", error)
        self._sent.set()
        self._enter(StateChange("closed", error))
        self.joining.fail(error or ConnectionLost("this client has left"))
        self.closed.set()

    def _enter(self, change: StateChange) -> None:
        self.state = change.state
        self.dispatcher.tell(change)

    async def _is_closed(self) -> bool:
        return await _happens(self.closed, _CLOSE_TIMEOUT)

    # One connection

    async def _one_connection(self) -> Over:
        try:
            transport = await self._opener(self._settings)
        except ConnectFailed as error:
            return Over(error, final=False, joined=False)
        self.dispatcher.begin()
        self._silence = ""
        self._transport = transport
        sender = asyncio.create_task(self._send(transport))
        try:
            await self._converse(transport)
            await self._part(transport)
        finally:
            self._transport = None
            self._sent.set()
            sender.cancel()
            transport.shutdown()
        ended, joined = self.dispatcher.ended, self.dispatcher.joined is not None
        assert ended is not None
        return Over(ended.error, ended.final, joined, transport.code)

    async def _converse(self, transport: AsyncTransport) -> None:
        """Join, and read until the session has ended."""
        self.tell(lambda core: core.open(max_size=transport.max_size))
        try:
            await asyncio.wait_for(self._join(transport), self._settings.timeout)
        except asyncio.TimeoutError:
            self._lost(f"no session within {self._settings.timeout} seconds")
        pulse = None
        if transport.pings and self._settings.ping_interval:
            pulse = asyncio.create_task(self._pulse(transport))
        try:
            while self.dispatcher.ended is None:
                await self._read(transport)
                await self._wait_for_room()
        finally:
            if pulse is not None:
                pulse.cancel()

    async def _join(self, transport: AsyncTransport) -> None:
        """Read until there is a session, or none."""
        dispatcher = self.dispatcher
        while dispatcher.joined is None and dispatcher.ended is None:
            await self._read(transport)
            await self._authenticate()
        if self._closing.is_set():
            self.do(Core.leave)
        elif dispatcher.joined is not None:
            self._attempts.had_session = True
            self._enter(StateChange("joined", refused=dispatcher.joined.refused))
            self.joining.answer(None)

    async def _authenticate(self) -> None:
        """Answer a challenge, if there is one; in a thread: it may take a second."""
        challenged, self.dispatcher.challenged = self.dispatcher.challenged, None
        if challenged is not None:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(None, challenged.answer)
            self.tell(lambda core: core.authenticate(challenged, answer))

    async def _read(self, transport: AsyncTransport) -> None:
        """Read one message, or the end."""
        try:
            data = await transport.receive()
        except OSError as error:
            self._lost(f"the connection broke: {error}")
        except ProtocolError as error:
            problem = error.problem
            self.tell(lambda core: core.violated(problem))
        else:
            self._beats += 1
            if data is None:
                self._lost(closed_with(transport.code))
            elif data:
                self.tell(lambda core: core.receive(data))

    def _lost(self, problem: str) -> None:
        why = self._silence or problem
        self.tell(lambda core: core.lost(why))

    async def _wait_for_room(self) -> None:
        try:
            await self.dispatcher.wait_for_room(self._closing.is_set)
        except ConnectionLost as error:
            self._lost(str(error))
        self._beats += 1

    async def _send(self, transport: AsyncTransport) -> None:
        """Send what the core says, as long as this connection lasts."""
        while True:
            await self._outgoing.wait()
            self._outgoing.clear()
            while (data := self._core.outgoing.take()) is not None:
                try:
                    await transport.send(data)
                except OSError as error:
                    logger.debug("the connection to the router is broken: %s", error)
                    transport.shutdown()  # who reads finds the same
            self._sent.set()

    async def _part(self, transport: AsyncTransport) -> None:
        """Send the rest, and end the connection politely."""

        async def part() -> None:
            await self.sent()
            await transport.close()
            await transport.receive()  # for the close code

        try:
            await asyncio.wait_for(part(), _CLOSE_TIMEOUT)
        except (OSError, ProtocolError, asyncio.TimeoutError) as error:
            logger.debug("the connection did not end as it should: %s", error)

    async def _pulse(self, transport: AsyncTransport) -> None:
        """Ping, and end the connection if the router is silent."""
        interval, timeout = self._settings.ping_interval, self._settings.ping_timeout
        while True:
            await asyncio.sleep(interval)
            before = self._beats
            try:
                silent = not await transport.answers(timeout)
            except OSError:
                return  # who reads finds the same
            if silent and self._beats == before and not self.dispatcher.must_wait:
                self._silence = f"the router was silent for {timeout} seconds"
                transport.shutdown()
                return


async def _happens(event: asyncio.Event, timeout: float) -> bool:
    """Whether *event* is set within *timeout* seconds."""
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True
