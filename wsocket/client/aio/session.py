"""A WAMP session for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from wsocket.client.aio.engine import AsyncEngine
from wsocket.client.aio.pending_call import AsyncPendingCall
from wsocket.client.aio.waiters import AsyncWaiter
from wsocket.client.core import Core
from wsocket.client.identity import Identified
from wsocket.client.records import (
    Leaver,
    Record,
    Registration,
    RegistrationRecord,
    Subscription,
    SubscriptionRecord,
)
from wsocket.client.settings import LEAST
from wsocket.client.states import ClientState
from wsocket.core.checks import check_bool, check_callable, check_seconds
from wsocket.wamp.local.arguments import (
    check_payload,
    check_uri,
    own_options,
    publish_options,
    register_options,
    subscribe_options,
)
from wsocket.wamp.local.calling import UserFunction
from wsocket.wamp.local.encoding import payload_of
from wsocket.wamp.protocol.client_messages import (
    CallOptions,
    InvokePolicy,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)
from wsocket.wamp.protocol.uris import Match

_LeaverT = TypeVar("_LeaverT", bound=Leaver)


class AsyncSession(Identified):
    """A session in a realm, on one event loop; `wsocket.client.connect_async` makes it.

    It does what `Session` does, with ``await``. Handlers may be async: these run as
    tasks of the loop, plain functions in threads. An async procedure whose caller does
    not want the answer any more is canceled.

    When the connection is lost, what waits for an answer raises `ConnectionLost`, and
    so does everything that is asked for until the session is there again.
    """

    def __init__(self, core: Core, engine: AsyncEngine) -> None:
        super().__init__(core, engine.dispatcher.process)
        self._engine = engine

    @property
    def state(self) -> ClientState:
        """``connecting``, ``joined``, ``waiting`` (to connect again) or ``closed``."""
        return self._engine.state if self._process.is_here else "closed"

    # Calls

    async def call(
        self,
        procedure: str,
        /,
        *args: Any,
        timeout: float | None = None,
        options: CallOptions | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a procedure, and return its result; see `Session.call`."""
        if timeout is not None:
            check_seconds("timeout", timeout, least=LEAST)
        chosen = CallOptions() if options is None else options
        pending = self._start(procedure, args, kwargs, chosen)
        return await pending.result(timeout)

    def start_call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        **kwargs: Any,
    ) -> AsyncPendingCall:
        """Start a call; see `Session.start_call`."""
        chosen = CallOptions(receive_progress=True) if options is None else options
        return self._start(procedure, args, kwargs, chosen)

    async def call_progress(
        self, procedure: str, /, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """Call a procedure, and iterate over its results; `Session.call_progress`."""
        pending = self.start_call(procedure, *args, **kwargs)
        async for part in pending:
            yield part
        final = await pending.result()
        if final is not None:
            yield final

    # Events

    async def publish(
        self,
        topic: str,
        /,
        *args: Any,
        acknowledge: bool = False,
        options: PublishOptions | None = None,
        **kwargs: Any,
    ) -> int | None:
        """Publish an event to the subscribers of *topic*; see `Session.publish`."""
        check_bool("acknowledge", acknowledge)
        chosen = publish_options(options, acknowledge=acknowledge)
        check_uri("topic", topic)
        check_payload(args, kwargs)
        payload = payload_of(self._core.serializer, args, kwargs)
        if not chosen.acknowledge:
            self._engine.do(lambda core: core.publish(topic, payload, chosen, None))
            await self._engine.sent()
            return None
        publication: int = await self._ask(
            lambda core, waiter: core.publish(topic, payload, chosen, waiter)
        )
        return publication

    def subscribe(
        self,
        topic: str,
        handler: Callable[..., Any] | None = None,
        *,
        match: Match = "exact",
        options: SubscribeOptions | None = None,
    ) -> Coroutine[Any, Any, Subscription]:
        """Call *handler* for every event of a topic; see `Session.subscribe`.

        It is to be awaited, and is no decorator: that could not wait for the answer of
        the router. To end it: ``await subscription.unsubscribe()``.
        """
        chosen = subscribe_options(options, match=match)
        check_uri("topic", topic, match=chosen.match, namespace=True)
        given = _handler("handler", handler, f"subscribe({topic!r}, handler)")
        record = SubscriptionRecord(topic, chosen, UserFunction(given, topic))
        return self._ask_for(record, Subscription(record, self._drop))

    # Procedures

    def register(
        self,
        uri: str,
        function: Callable[..., Any] | None = None,
        *,
        match: Match = "exact",
        invoke: InvokePolicy = "single",
        options: RegisterOptions | None = None,
    ) -> Coroutine[Any, Any, Registration]:
        """Register *function* as a procedure; see `Session.register`.

        It is to be awaited, and is no decorator, as `subscribe`. To end it:
        ``await registration.unregister()``.
        """
        chosen = register_options(options, match=match, invoke=invoke)
        check_uri("uri", uri, match=chosen.match)
        given = _handler("function", function, f"register({uri!r}, function)")
        record = RegistrationRecord(uri, chosen, UserFunction(given, uri))
        return self._ask_for(record, Registration(record, self._drop))

    # The end

    async def wait(self) -> None:
        """Wait until the session is over for ever; for programs that only serve."""
        self._process.check()
        await self._engine.closed.wait()

    async def close(self) -> None:
        """Leave the realm, and end the connection; a second time it does nothing."""
        await self._engine.close()

    def _start(
        self,
        procedure: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        options: CallOptions,
    ) -> AsyncPendingCall:
        check_uri("procedure", procedure, namespace=True)
        own_options(options, CallOptions)
        check_payload(args, kwargs)
        payload = payload_of(self._core.serializer, args, kwargs)
        return AsyncPendingCall(self._engine, procedure, payload, options)

    async def _ask_for(self, record: Record, made: _LeaverT) -> _LeaverT:
        await self._ask(lambda core, waiter: core.ask_for(record, waiter))
        return made

    async def _ask(self, operation: Callable[[Core, AsyncWaiter], None]) -> Any:
        """Have the core ask the router, and wait for the answer."""
        waiter = AsyncWaiter()
        self._engine.do(lambda core: operation(core, waiter))
        with self._engine.dispatcher.asking():
            return await waiter.wait()

    async def _drop(self, record: Record) -> None:
        waiter = AsyncWaiter()
        self._engine.tell(lambda core: core.drop(record, waiter))
        with self._engine.dispatcher.asking():
            await waiter.wait()


def _handler(
    name: str, function: Callable[..., Any] | None, written: str
) -> Callable[..., Any]:
    if function is None:
        raise TypeError(
            f"{name}: expected a function, got none; a decorator could not wait for "
            f"the router: write 'await session.{written}'"
        )
    check_callable(name, function, expected="a function", awaited=True)
    return function
