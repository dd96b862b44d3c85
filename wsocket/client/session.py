"""A WAMP session for threads, greenlets and plain scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from wsocket.client.core import Core
from wsocket.client.engine import Engine
from wsocket.client.identity import Identified
from wsocket.client.pending_call import PendingCall
from wsocket.client.records import (
    Record,
    Registration,
    RegistrationRecord,
    Subscription,
    SubscriptionRecord,
)
from wsocket.client.settings import LEAST
from wsocket.client.states import ClientState
from wsocket.client.waiters import Waiter
from wsocket.core.checks import check_bool, check_callable, check_seconds
from wsocket.core.functions import how_async
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

_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])


class Session(Identified):
    """A session in a realm; `wsocket.client.connect` makes it.

    Every method may be called from any thread, greenlet or handler. Handlers run in
    worker threads. The events of one subscription come one after the other; calls run
    at the same time. If the handlers do not keep up, at most 1,000 messages (or 8 MiB)
    wait for them: then nothing more is read, and the router has to wait.

    When the connection is lost, what waits for an answer raises `ConnectionLost`, and
    so does everything that is asked for until the session is there again.
    """

    def __init__(self, core: Core, engine: Engine) -> None:
        super().__init__(core, engine.dispatcher.process)
        self._engine = engine

    def __enter__(self) -> Session:
        return self

    if not TYPE_CHECKING:  # where this is an error without it

        def __aenter__(self) -> None:
            self.close()
            raise TypeError(
                "this is a session for threads: write 'with connect(...)', or 'async "
                "with connect_async(...)' for one with asyncio"
            )

        __aexit__ = __aenter__

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def state(self) -> ClientState:
        """``connecting``, ``joined``, ``waiting`` (to connect again) or ``closed``."""
        return self._engine.state if self._process.is_here else "closed"

    # Calls

    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        timeout: float | None = None,
        options: CallOptions | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a procedure, and return its result.

        Args:
            timeout: Seconds to wait for the result, 0.001 at least; None waits without
                a limit.

        Returns:
            The value if the result is one value, None if it is empty, or a
            `CallResult`.

        Raises:
            ApplicationError: The call ended in a WAMP ERROR.
            CallTimeout: No result came within *timeout*; the call is canceled.
            ConnectionLost: The connection ended before the result came: the call may
                have been done, or not.
            TypeError, ValueError: *procedure* is not a valid URI, *timeout* is no
                number of seconds, or a value is not serializable.
        """
        if timeout is not None:
            check_seconds("timeout", timeout, least=LEAST)
        chosen = CallOptions() if options is None else options
        pending = self._start(procedure, args, kwargs, chosen)
        return pending.result(timeout)

    def start_call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        **kwargs: Any,
    ) -> PendingCall:
        """Start a call. Its progressive results can be taken, and it can be canceled.

        By default the callee is asked for progressive results.

        Raises:
            ConnectionLost: There is no connection at the moment.
            ValueError: *procedure* is not a valid URI, or a value is not serializable.
        """
        chosen = CallOptions(receive_progress=True) if options is None else options
        return self._start(procedure, args, kwargs, chosen)

    def call_progress(
        self, procedure: str, /, *args: Any, **kwargs: Any
    ) -> Iterator[Any]:
        """Call a procedure, and iterate over its progressive results.

        The final result, if it is not empty, is the last item.

        Raises:
            ApplicationError: The call ended in a WAMP ERROR.
            ConnectionLost: The connection ended before the call did.
        """
        pending = self.start_call(procedure, *args, **kwargs)
        yield from pending
        final = pending.result()
        if final is not None:
            yield final

    # Events

    def publish(
        self,
        topic: str,
        /,
        *args: Any,
        acknowledge: bool = False,
        options: PublishOptions | None = None,
        **kwargs: Any,
    ) -> int | None:
        """Publish an event to the subscribers of *topic*.

        Args:
            acknowledge: Wait until the router has accepted the event. Without this it
                may be lost without a word, if the connection is.

        Returns:
            The publication ID with *acknowledge*; else None, as soon as it is sent.

        Raises:
            ApplicationError: The router refused; only with *acknowledge*.
            ConnectionLost: There is no connection, or it ended before the
                acknowledgement: the event may have been published, or not.
            ValueError: *topic* is not a valid URI, or a value is not serializable.
        """
        check_bool("acknowledge", acknowledge)
        chosen = publish_options(options, acknowledge=acknowledge)
        check_uri("topic", topic)
        check_payload(args, kwargs)
        payload = payload_of(self._core.serializer, args, kwargs)
        if not chosen.acknowledge:
            self._engine.shared.do(
                lambda core: core.publish(topic, payload, chosen, None)
            )
            return None
        publication: int = self._ask(
            lambda core, waiter: core.publish(topic, payload, chosen, waiter)
        )
        return publication

    @overload
    def subscribe(
        self,
        topic: str,
        handler: Callable[..., Any],
        *,
        match: Match = ...,
        options: SubscribeOptions | None = ...,
    ) -> Subscription: ...

    @overload
    def subscribe(
        self,
        topic: str,
        handler: None = ...,
        *,
        match: Match = ...,
        options: SubscribeOptions | None = ...,
    ) -> Callable[[_FunctionT], _FunctionT]: ...

    def subscribe(
        self,
        topic: str,
        handler: Callable[..., Any] | None = None,
        *,
        match: Match = "exact",
        options: SubscribeOptions | None = None,
    ) -> Any:
        """Call *handler* for every event of a topic, one after the other.

        It gets the payload as its arguments; a parameter named ``details`` gets
        `EventDetails`. Without *handler* this is a decorator.

        Args:
            match: ``"prefix"`` and ``"wildcard"`` subscribe to a family of topics.
            options: All options, in place of *match*.

        Returns:
            The `Subscription`, which is restored after a reconnect.

        Raises:
            ApplicationError: The router refused.
            ConnectionLost: There is no connection, or it ended before the answer.
            TypeError, ValueError: An argument is invalid.
        """
        chosen = subscribe_options(options, match=match)
        check_uri("topic", topic, match=chosen.match, namespace=True)

        def subscribe(function: Callable[..., Any]) -> Subscription:
            given = _handler("handler", function, topic)
            record = SubscriptionRecord(topic, chosen, given)
            self._ask(lambda core, waiter: core.ask_for(record, waiter))
            return Subscription(record, self._drop)

        return _now_or_decorating(subscribe, handler)

    # Procedures

    @overload
    def register(
        self,
        uri: str,
        function: Callable[..., Any],
        *,
        match: Match = ...,
        invoke: InvokePolicy = ...,
        options: RegisterOptions | None = ...,
    ) -> Registration: ...

    @overload
    def register(
        self,
        uri: str,
        function: None = ...,
        *,
        match: Match = ...,
        invoke: InvokePolicy = ...,
        options: RegisterOptions | None = ...,
    ) -> Callable[[_FunctionT], _FunctionT]: ...

    def register(
        self,
        uri: str,
        function: Callable[..., Any] | None = None,
        *,
        match: Match = "exact",
        invoke: InvokePolicy = "single",
        options: RegisterOptions | None = None,
    ) -> Any:
        """Register *function* as a procedure that others can call.

        It gets the payload of a call as its arguments, and returns the result. A
        generator yields progressive results. An `ApplicationError` becomes a WAMP
        ERROR; any other exception is logged, and becomes ``wamp.error.runtime_error``
        with its message. A parameter named ``details`` gets `CallDetails`. Without
        *function* this is a decorator.

        Args:
            match: ``"prefix"`` and ``"wildcard"`` register for a family of URIs.
            invoke: Which one of several callees is called.
            options: All options, in place of *match* and *invoke*.

        Returns:
            The `Registration`, which is restored after a reconnect.

        Raises:
            ApplicationError: The router refused, such as because *uri* is taken.
            ConnectionLost: There is no connection, or it ended before the answer.
            TypeError, ValueError: An argument is invalid.
        """
        chosen = register_options(options, match=match, invoke=invoke)
        check_uri("uri", uri, match=chosen.match)

        def register(procedure: Callable[..., Any]) -> Registration:
            given = _handler("function", procedure, uri)
            record = RegistrationRecord(uri, chosen, given)
            self._ask(lambda core, waiter: core.ask_for(record, waiter))
            return Registration(record, self._drop)

        return _now_or_decorating(register, function)

    # The end

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the session is over for ever; for programs that only serve.

        Args:
            timeout: Seconds to wait; None waits without a limit.

        Returns:
            Whether it is over.

        Raises:
            TypeError, ValueError: *timeout* is no number of seconds.
        """
        self._process.check()
        if timeout is not None:
            check_seconds("timeout", timeout, least=0)
        return self._engine.closed.wait(timeout)

    def close(self) -> None:
        """Leave the realm, and end the connection; a second time it does nothing.

        Handlers that run, and *on_state*, may take 5 seconds to end.
        """
        self._engine.close()

    def _start(
        self,
        procedure: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        options: CallOptions,
    ) -> PendingCall:
        check_uri("procedure", procedure, namespace=True)
        own_options(options, CallOptions)
        check_payload(args, kwargs)
        payload = payload_of(self._core.serializer, args, kwargs)
        return PendingCall(self._engine, procedure, payload, options)

    def _ask(self, operation: Callable[[Core, Waiter], None]) -> Any:
        """Have the core ask the router, and wait for the answer."""
        waiter = Waiter()
        self._engine.shared.do(lambda core: operation(core, waiter))
        with self._engine.dispatcher.asking():
            return waiter.wait()

    def _drop(self, record: Record) -> None:
        waiter = Waiter()
        self._engine.shared.tell(lambda core: core.drop(record, waiter))
        with self._engine.dispatcher.asking():
            waiter.wait()


def _handler(name: str, function: Callable[..., Any], uri: str) -> UserFunction:
    check_callable(name, function, expected="a function", awaited=True)
    if how_async(function):
        raise TypeError(
            f"the handler of {uri!r} is an async function: AsyncSession takes those"
        )
    return UserFunction(function, uri)


def _now_or_decorating(
    make: Callable[[Callable[..., Any]], Any], function: Callable[..., Any] | None
) -> Any:
    """What *make* makes of *function*; a decorator, if there is none yet."""
    if function is not None:
        return make(function)

    def decorate(decorated: _FunctionT) -> _FunctionT:
        make(decorated)
        return decorated

    return decorate
