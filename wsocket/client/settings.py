"""How a client connects: what `connect` takes, checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, TypedDict

from msgspec import Struct

from wsocket.client.address import Address, parse_address
from wsocket.client.anonymous import Anonymous
from wsocket.client.backoff import Backoff
from wsocket.client.joining import LoginMethod
from wsocket.client.serializer_choice import serializer_named
from wsocket.core.checks import (
    check_integer,
    check_mapping,
    check_seconds,
    check_text,
    refuse_type,
)
from wsocket.wamp.local.arguments import check_uri
from wsocket.wamp.serializers.base import Serializer
from wsocket.wamp.transports.message_sizes import MAX_SIZE, MIN_SIZE

if TYPE_CHECKING:
    import ssl

LEAST = 0.001
"""The shortest time that is no mistake, in seconds."""


class ConnectOptions(TypedDict, total=False):
    """The keyword arguments of `connect` that `ClientSettings` explains."""

    auth: LoginMethod | None
    serializer: str
    tls: ssl.SSLContext | None
    headers: Mapping[str, str] | None
    origin: str | None
    timeout: float
    reconnect: bool | Backoff
    agent: str
    max_message_size: int
    ping_interval: float
    ping_timeout: float


# No dataclass, also in the modules beside this one: to make its class takes a
# millisecond, for which the command line would wait.
class ClientSettings(Struct, frozen=True, dict=True):
    """How a client connects.

    Attributes:
        url: ``ws://HOST:PORT/PATH`` or ``wss://...``; for RawSocket
            ``tcp://HOST:PORT``, ``tcps://HOST:PORT`` (with TLS) or ``unix:///PATH``.
        realm: Its name.
        auth: One of `wsocket.client.auth`; None: anonymous.
        serializer: ``"json"``, ``"msgpack"`` or ``"cbor"``.
        tls: For a router with a certificate of your own authority, or for a
            certificate of the client.
        headers: More headers of the upgrade request, such as a cookie.
        origin: Its Origin header; None: none is sent.
        timeout: Seconds for connecting and joining.
        reconnect: False: never; a `Backoff` says how long to wait before that.
        agent: What the router is told about this program.
        max_message_size: The largest message that is accepted, in bytes.
        ping_interval: Seconds between two pings; 0 for none. Over RawSocket the kernel
            looks after the connection.
        ping_timeout: Seconds after a ping in which the router must send something.

    Raises:
        TypeError, ValueError: One of them is invalid.
        ImportError: *serializer* needs an extra of the package.
    """

    url: str
    realm: str
    auth: LoginMethod | None = None
    serializer: str = "json"
    tls: ssl.SSLContext | None = None
    headers: Mapping[str, str] | None = None
    origin: str | None = None
    timeout: float = 10.0
    reconnect: bool | Backoff = True
    agent: str = "wsocket"
    max_message_size: int = MAX_SIZE
    ping_interval: float = 20.0
    ping_timeout: float = 20.0

    def __post_init__(self) -> None:
        check_uri("realm", self.realm, namespace=True)
        check_text("agent", self.agent)
        check_seconds("timeout", self.timeout, least=LEAST)
        check_seconds("ping_interval", self.ping_interval, least=0)
        check_seconds("ping_timeout", self.ping_timeout, least=LEAST)
        size = self.max_message_size
        check_integer("max_message_size", size, low=MIN_SIZE, high=MAX_SIZE)
        if self.headers is not None:
            check_mapping("headers", self.headers)
        if self.headers or self.origin is not None:
            _check_fields(self.http_headers, self.origin)
        if self.tls is not None:
            _check_context(self.tls)
        if not isinstance(self.reconnect, (bool, Backoff)):
            refuse_type("reconnect", "a bool or a Backoff(...)", self.reconnect)
        _check_login(self.credentials)
        parse_address(self.url)
        serializer_named(self.serializer)

    def __repr__(self) -> str:
        return f"ClientSettings({self.url!r}, {self.realm!r})"  # headers have cookies

    @cached_property
    def address(self) -> Address:
        """Where the router is."""
        return parse_address(self.url)

    @cached_property
    def codec(self) -> Serializer:
        """The serializer itself."""
        return serializer_named(self.serializer)

    @property
    def credentials(self) -> LoginMethod:
        """Who this client is."""
        return Anonymous() if self.auth is None else self.auth

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.tls is not None or self.address.is_encrypted

    @property
    def backoff(self) -> Backoff | None:
        """When to connect again; None: never."""
        if isinstance(self.reconnect, Backoff):
            return self.reconnect
        return Backoff() if self.reconnect else None

    @property
    def http_headers(self) -> dict[str, str]:
        """More headers of the upgrade request, without Origin."""
        return dict(self.headers or {})


def _check_fields(headers: Mapping[str, str], origin: str | None) -> None:
    # Few clients have any, and the others do not wait for the module.
    request_fields = import_module("wsocket.client.request_fields")
    for name, value in headers.items():
        request_fields.check_field(name, value)
    if origin is not None:
        request_fields.check_value("origin", origin)


def _check_context(context: object) -> None:
    kind = import_module("ssl").SSLContext  # only who uses TLS waits for it
    if not isinstance(context, kind):
        refuse_type("tls", "an ssl.SSLContext", context)


def _check_login(auth: object) -> None:
    if isinstance(auth, type):
        raise TypeError(
            f"auth: expected an object such as {auth.__name__}(...), got the class "
            "itself"
        )
    if not callable(getattr(auth, "begin", None)):
        refuse_type("auth", "one of wsocket.client.auth", auth)
