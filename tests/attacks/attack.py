"""What an attack is, and what it may use."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar

from tests.attacks import wire
from tests.attacks.app import REALM
from tests.attacks.wire import RawSocketSession, Session

FEATURES = {
    "features": {
        "call_canceling": True,
        "progressive_call_results": True,
        "progressive_call_invocations": True,
    }
}
ROLES = {"caller": FEATURES, "callee": FEATURES, "publisher": {}, "subscriber": {}}


SessionT = TypeVar("SessionT", bound=Session)
AT_A_TIME = 50  # connections that are being opened


class Target:
    """The server, as an attacker sees it.

    Args:
        rawsocket: The port of its RawSocket listener.
        small: Send a tenth, for a sixth of the time: for tests, not for figures.

    Attributes:
        seconds: How long a flood goes on.
    """

    def __init__(
        self, host: str, port: int, rawsocket: int, *, small: bool = False
    ) -> None:
        self.address = (host, port)
        self.rawsocket = (host, rawsocket)
        self.seconds = 0.3 if small else 2.0
        self._divisor = 10 if small else 1
        self._open = ExitStack()

    def number(self, full: int) -> int:
        """So many, or less in a small attack."""
        return max(1, full // self._divisor)

    def close(self) -> None:
        """Drop all connections that are still open."""
        self._open.close()

    def connect(self) -> socket.socket:
        """A TCP connection."""
        return self._connected(self.address)

    def connections(self, number: int) -> list[socket.socket]:
        """*number* of them, or less in a small attack."""
        return [self.connect() for _ in range(self.number(number))]

    def websocket(
        self, path: str = "/echo", subprotocol: str = "", extensions: str = ""
    ) -> socket.socket:
        """A websocket."""
        return self.upgraded(1, wire.upgrade(path, subprotocol, extensions))[0]

    def websockets(
        self, number: int, path: str = "/echo", extensions: str = ""
    ) -> list[socket.socket]:
        """*number* plain websockets, or less in a small attack."""
        return self.upgraded(self.number(number), wire.upgrade(path, "", extensions))

    def upgraded(self, number: int, request: bytes) -> list[socket.socket]:
        """Websockets that are opened with *request*, some at a time."""
        opened: list[socket.socket] = []
        while len(opened) < number:
            some = [self.connect() for _ in range(min(AT_A_TIME, number - len(opened)))]
            for sock in some:
                sock.sendall(request)
            for sock in some:
                head = wire.read_head(sock)
                if not head.startswith(b"HTTP/1.1 101 "):
                    raise ConnectionError(f"expected 101, got {head!r}")
            opened += some
        return opened

    def attach(self, serializer: str = "json") -> Session:
        """A websocket for WAMP, without a session yet."""
        return self.attached(1, serializer)[0]

    def attached(self, number: int, serializer: str = "json") -> list[Session]:
        """*number* websockets for WAMP, without sessions yet."""
        request = wire.upgrade("/", f"wamp.2.{serializer}")
        return [Session(each, serializer) for each in self.upgraded(number, request)]

    def join(self, serializer: str = "json") -> Session:
        """A guest's session."""
        return joined(self.attached(1, serializer))[0]

    def guests(self, number: int, serializer: str = "json") -> list[Session]:
        """Sessions of *number* guests, or less in a small attack."""
        number, guests = self.number(number), list[Session]()
        while len(guests) < number:
            some = min(AT_A_TIME, number - len(guests))
            guests += joined(self.attached(some, serializer))
        return guests

    def dial_rawsocket(self) -> socket.socket:
        """A connection to the RawSocket listener; it has no handshake yet."""
        return self._connected(self.rawsocket)

    def attach_rawsocket(self) -> RawSocketSession:
        """RawSocket with JSON, without a session yet."""
        sock = self.dial_rawsocket()
        sock.sendall(b"\x7f\xf1\0\0")
        wire.exactly(sock, 4)
        return RawSocketSession(sock, "json")

    def get(self, path: str) -> bytes:
        """What the server answers, with the head."""
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: example.com\r\n".encode())

    def ask(self, request: bytes) -> bytes:
        """The answer to a request on a connection of its own; *request* lacks the empty
        line."""
        with socket.create_connection(self.address, wire.SECONDS) as sock:
            sock.sendall(request + b"Connection: close\r\n\r\n")
            answer = b""
            while part := sock.recv(65536):
                answer += part
            return answer

    def flood(
        self,
        connections: Iterable[socket.socket | Session],
        chunk: bytes,
        *,
        reading: bool = True,
    ) -> int:
        """Send *chunk* again and again; see `wire.flood`."""
        return self.flood_each(
            {each: repeat(chunk) for each in connections}, reading=reading
        )

    def flood_each(
        self,
        chunks: Mapping[Session, Iterator[bytes]]
        | Mapping[socket.socket, Iterator[bytes]],
        *,
        reading: bool = True,
    ) -> int:
        """Send on each connection what is its own, for a while; see `wire.flood`."""
        return wire.flood(
            {socket_of(each): parts for each, parts in chunks.items()},
            seconds=self.seconds,
            reading=reading,
        )

    def send(
        self, sessions: Iterable[Session], chunks: Callable[[], Iterator[bytes]]
    ) -> None:
        """Have every session send its own *chunks*, and throw away the answers."""
        wire.flood({each.sock: chunks() for each in sessions}, seconds=3 * self.seconds)

    def wait(self) -> None:
        """Let what has been sent have its effect."""
        time.sleep(self.seconds / 2)

    def _connected(self, address: tuple[str, int]) -> socket.socket:
        sock = socket.create_connection(address, wire.SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.callback(sock.close)
        return sock


def joined(sessions: list[SessionT]) -> list[SessionT]:
    """HELLO and WELCOME."""
    for session in sessions:
        session.send([1, REALM, {"roles": ROLES}])
    for session in sessions:
        code, session.id, _ = session.receive()
        if code != 2:
            raise ConnectionError(f"expected WELCOME, got {code}")
    return sessions


def socket_of(connection: socket.socket | Session) -> socket.socket:
    return connection.sock if isinstance(connection, Session) else connection


def calls(uri: str, number: int, *args: Any, **options: Any) -> list[list[Any]]:
    """CALLs that are numbered from 1."""
    return [[48, n, options, uri, list(args)] for n in range(1, number + 1)]


@dataclass(frozen=True)
class Attack:
    """One way to cost the others something.

    Attributes:
        name: Words, as the table has them.
        family: The module in `kinds`.
        sentence: What the attacker does.
        app: The application that is attacked, in `tests.attacks.app`.
        run: Makes the attack; ends with all its connections open.
    """

    name: str
    family: str
    sentence: str
    app: str
    run: Callable[[Target], None]


ATTACKS: dict[str, Attack] = {}


def attack(app: str = "open_realm") -> Callable[[Callable[[Target], None]], Attack]:
    """Make an `Attack` of a function: its name and its docstring are those of it."""

    def enter(function: Callable[[Target], None]) -> Attack:
        name = function.__name__.replace("_", " ")
        sentence = " ".join((function.__doc__ or "").split())
        family = function.__module__.rpartition(".")[2]
        made = ATTACKS[name] = Attack(name, family, sentence, app, function)
        return made

    return enter
