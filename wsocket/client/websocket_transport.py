"""WAMP over a websocket, with websocket-client, in threads."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from wsocket.client.byte_stream import ByteStream
from wsocket.client.dialing import dial, explained, seconds_until
from wsocket.client.settings import ClientSettings
from wsocket.errors import ConnectFailed, ProtocolError

try:
    import websocket
except ImportError as error:
    raise ImportError(
        "wsocket.client needs the package websocket-client for ws:// and wss://: "
        "pip install 'wsocket[client]'"
    ) from error

if TYPE_CHECKING:
    from websocket import WebSocket

_NORMAL = 1000  # close code

# What a message may have besides its payload: the heads of its fragments, and pings
# between them.
_OVERHEAD = 65536  # bytes

# The longest response to our request for an upgrade, in bytes.
_LONGEST_RESPONSE = 65536


class BlockingWebSocket:
    """A connection; one thread calls `receive`, any thread the others.

    Attributes:
        max_size: The largest message that the router takes; it does not say.
        code: The close code that the router sent; None before, or if it sent none.
    """

    max_size: int | None = None
    pings = True

    def __init__(
        self, connection: WebSocket, stream: ByteStream, settings: ClientSettings
    ) -> None:
        self.code: int | None = None
        self._ended = False  # whether the router has sent Close
        self._connection = connection
        self._stream = stream
        self._limit = settings.max_message_size + _OVERHEAD
        binary = settings.codec.binary
        self._kind = websocket.ABNF.OPCODE_BINARY if binary else _TEXT

    def send(self, data: bytes) -> None:
        """Send a message; raises OSError if the connection is broken."""
        self._do(lambda: self._connection.send(data, self._kind))

    def ping(self) -> None:
        """Ask whether the router is there; raises as `send` does."""
        self._do(lambda: self._connection.ping())

    def settimeout(self, timeout: float | None) -> None:
        """How many seconds `receive` may take; None for ever."""
        self._stream.settimeout(timeout)

    def receive(self) -> bytes | None:
        """The next message; b"" if there is a sign of life only; None at the end.

        Raises:
            OSError: The connection is broken.
            ProtocolError: The router broke the protocol.
        """
        if self._ended:
            return None
        self._stream.limit(self._limit)
        try:
            opcode, data = self._connection.recv_data(control_frame=True)
        except websocket.WebSocketConnectionClosedException:
            return None
        except websocket.WebSocketTimeoutException as error:
            raise TimeoutError from error
        except (
            websocket.WebSocketProtocolException,
            websocket.WebSocketPayloadException,
        ) as error:
            raise ProtocolError(str(error)) from error
        except websocket.WebSocketException as error:
            raise OSError(str(error)) from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self._ended = True
            self.code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else None
            return None
        if opcode in _CONTROL:
            return b""
        if opcode != self._kind:
            expected = "text" if self._kind == _TEXT else "binary"
            raise ProtocolError(f"expected {expected} messages, got another kind")
        message: bytes = data
        return message

    def close(self) -> None:
        """Say that nothing more comes; raises OSError as `send` does."""
        if not self._ended:
            self._do(lambda: self._connection.send_close(_NORMAL))

    def shutdown(self) -> None:
        """End the connection at once: `receive` returns, and `send` fails."""
        self._stream.shutdown()

    def release(self) -> None:
        """Give its descriptor back; nobody uses it any more."""
        self._stream.close()

    def _do(self, operation: Callable[[], object]) -> None:
        try:
            operation()
        except websocket.WebSocketException as error:
            raise OSError(str(error)) from error


_TEXT = websocket.ABNF.OPCODE_TEXT
_CONTROL = (websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG)


def open_websocket(settings: ClientSettings, deadline: float) -> BlockingWebSocket:
    """Connect, and shake hands.

    Args:
        deadline: A time of `time.monotonic`.

    Raises:
        ConnectFailed: That failed; the message says why.
    """
    stream = ByteStream(dial(settings, deadline))
    try:
        with explained(settings):
            stream.settimeout(seconds_until(deadline))
            stream.limit(_LONGEST_RESPONSE)
            connection = _shaken(stream, settings)
            stream.settimeout(None)
        return BlockingWebSocket(connection, stream, settings)
    except BaseException:
        stream.close()
        raise


def _shaken(stream: ByteStream, settings: ClientSettings) -> WebSocket:
    url, name = settings.address.url, f"wamp.2.{settings.serializer}"
    connection = websocket.WebSocket(skip_utf8_validation=False)
    try:
        connection.connect(  # type: ignore[no-untyped-call] # the library has none
            url,
            socket=stream,
            subprotocols=[name],
            header=settings.http_headers,
            origin=settings.origin,
            suppress_origin=settings.origin is None,
            redirect_limit=0,
            timeout=stream.gettimeout(),
        )
    except websocket.WebSocketTimeoutException as error:
        raise TimeoutError from error
    except websocket.WebSocketBadStatusException as error:
        raise ConnectFailed(f"{url}: {_refusal(error)}") from error
    except websocket.WebSocketException as error:
        raise ConnectFailed(
            f"{url}: no websocket of a WAMP router that speaks {name}: {error}"
        ) from error
    except ProtocolError as error:
        raise ConnectFailed(f"{url}: the response is too long") from error
    connection.settimeout(None)
    return connection


def _refusal(error: websocket.WebSocketBadStatusException) -> str:
    body = (error.resp_body or b"").decode(errors="replace").strip()
    said = f": {body:.300}" if body and "<" not in body else ""
    return f"the server answered {error.status_code}, expected 101{said}"
