"""Connecting a session for threads."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from wsocket.client.core import Core
from wsocket.client.dispatcher import Dispatcher
from wsocket.client.engine import Engine
from wsocket.client.joining import JoinRequest
from wsocket.client.randomness import random_bytes
from wsocket.client.session import Session
from wsocket.client.settings import ClientSettings, ConnectOptions
from wsocket.client.states import StateChange
from wsocket.core.checks import check_callable, check_integer
from wsocket.errors import ConnectFailed

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wsocket.client.transport import Opener

# Seconds beyond the timeout: looking up a host name cannot be limited.
_PATIENCE = 5.0

_MOST_WORKERS = 1000


def connect(
    url: str,
    realm: str = "realm1",
    *,
    on_state: Callable[[StateChange], object] | None = None,
    max_workers: int = 16,
    **options: Unpack[ConnectOptions],
) -> Session:
    """Connect to a router, and join a realm; `with` closes the session at its end.

    The first attempt is made once, and its error is raised. After that a lost
    connection is made again.

    Args:
        on_state: Gets each `StateChange`, in a thread of its own.
        max_workers: How many handlers run at once.
        options: `ClientSettings` explains them: auth, serializer, tls, headers, origin,
            timeout, reconnect, agent, max_message_size, ping_interval, ping_timeout.

    Raises:
        ConnectFailed: There is no router at *url*.
        JoinRefused: The router does not let this client into the realm.
        TypeError, ValueError: An argument is invalid.
        ImportError: A package is missing; the message says which.
    """
    settings = ClientSettings(url, realm, **options)
    if on_state is not None:
        check_callable("on_state", on_state, parameters=("change",))
    check_integer("max_workers", max_workers, low=1, high=_MOST_WORKERS)
    core = make_core(settings)
    dispatcher = Dispatcher(max_workers=max_workers, on_state=on_state)
    opener = _opener(settings)
    engine = Engine(core, settings, opener=opener, dispatcher=dispatcher)
    _join(engine, settings.timeout)
    return Session(core, engine)


def make_core(settings: ClientSettings) -> Core:
    """The core of a client that connects in this way."""
    join = JoinRequest(settings.realm, settings.credentials, settings.agent)
    return Core(join, settings.codec, random_bytes=random_bytes)


def _join(engine: Engine, timeout: float) -> None:
    """Start a session, and wait until it is there; raises what `connect` does."""
    engine.start()
    try:
        engine.joining.wait(timeout + _PATIENCE)
    except TimeoutError:
        engine.give_up()
        raise ConnectFailed(f"no session within {timeout} seconds") from None
    except BaseException:
        engine.give_up()
        raise


def _opener(settings: ClientSettings) -> Opener:
    # RawSocket needs no other package, and takes no time for its import.
    name = "websocket" if settings.address.is_websocket else "rawsocket"
    module = import_module(f"wsocket.client.{name}_transport")
    opener: Opener = getattr(module, f"open_{name}")
    return opener
