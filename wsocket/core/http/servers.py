"""The HTTP server: a thread or a greenlet for each request that is answered."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import gevent

from wsocket.core.concurrency.kinds import GREENLETS, NO_ROOM, Concurrency
from wsocket.core.concurrency.thread_cache import ThreadCache
from wsocket.core.http.acceptor import LOOK, Acceptor
from wsocket.core.http.arrivals import Arrivals
from wsocket.core.http.at_once import AtOnce
from wsocket.core.http.base_environ import base_environ
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.connections import LINGER, Connections
from wsocket.core.http.departures import Departures
from wsocket.core.http.places import Place, PlaceLimits, Places
from wsocket.core.http.reader import Coming
from wsocket.core.http.refusal import UNAVAILABLE
from wsocket.core.http.turnstile import Turnstile
from wsocket.core.http.unsent import Unsent
from wsocket.core.net.listening import BACKLOG, ListeningSocket
from wsocket.core.net.loop import get_loop
from wsocket.core.net.tcp_options import is_tcp
from wsocket.core.net.tls.terminator import Terminator
from wsocket.core.net.trouble import Trouble, is_shortage
from wsocket.core.net.wakeup import Wakeup
from wsocket.log import logger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ClientAddress: TypeAlias = tuple[str, int | str]

# Connections that are accepted before those that are open have their turn.
_BATCH = 16


class Server:
    """A WSGI server; its methods are named as in wsgiref.

    Args:
        app: The WSGI application.
        concurrency: What a request gets: a thread or a greenlet.
        timeout: Longest wait for a client, in seconds; see `wsocket.make_server`.
        limits: How many connections there may be at once.
        unsent: The responses that wait for clients.
        terminator: Ends TLS; None for plain HTTP.
        listening: The listening sockets; the server closes them.

    Attributes:
        server_address: The first socket's own address.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        concurrency: Concurrency,
        timeout: float,
        limits: PlaceLimits,
        unsent: Unsent,
        terminator: Terminator | None,
        listening: Sequence[ListeningSocket],
    ) -> None:
        self.server_address = listening[0].sock.getsockname()
        self.application = app
        self.client_timeout = timeout
        self.terminator = terminator
        self.base_environ = base_environ(listening[0].sock)
        self.connections = Connections(self._changed)
        self.unsent = unsent
        # Greenlets let others in by themselves.
        self.hurried = Turnstile(narrow=concurrency is not GREENLETS)
        self._concurrency = concurrency
        self._wakeup = Wakeup(concurrency)
        self._places = Places(limits, left=self._changed)
        self._spare_threads = ThreadCache()
        self._arrivals = Arrivals(
            timeout=timeout, see_to=self._see_to, refuse=self._turn_away
        )
        self.at_once = AtOnce(
            limits.at_once,
            patience=timeout / 10,
            spawn=self.spawn,
            serve=self._serve,
            refuse=self._overloaded,
            crowded=self._crowded,
        )
        self._crowd = Trouble("connections have to wait or are refused")
        self._acceptor = Acceptor(listening)
        self._departures = Departures()
        self._stopped = self._awaited = False
        self._serving = threading.Lock()

    @property
    def server_port(self) -> int:
        """The port that is listened on; 0 for a Unix socket."""
        address = self.server_address
        return address[1] if isinstance(address, tuple) else 0

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until `shutdown` or `interrupt`.

        Args:
            poll_interval: Has no effect; wsgiref's server has it.
        """
        with self._serving, self._wakeup.by_signals():
            while not self._stopped:
                try:
                    self._serve_some()
                except Exception as error:  # the server goes on, after a pause
                    self._note(error, "accepting failed")
            self._stopped = False

    def shutdown(self) -> None:
        """Stop `serve_forever`, and wait until it has; from another thread.

        If it has not begun yet, it will return at once.
        """
        self.interrupt()
        with self._serving:
            pass

    def interrupt(self) -> None:
        """Stop `serve_forever` soon; from a signal handler."""
        self._stopped = True
        self._wakeup.wake()

    def handle(self, sock: socket.socket, address: Any) -> None:
        """Serve a connection that somebody else has accepted, until it ends.

        Args:
            address: The client's, as from `socket.socket.accept`.
        """
        client = client_of(sock, address)
        place = self._places.take(client[0])
        connection = None if place is None else self._connect(sock, client, place)
        if connection is None:
            self._refuse(sock)
        else:
            try:
                connection.serve()
            except Exception as error:
                self._note_failure(error, connection)

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until *condition* is true; False after *timeout* seconds.

        It is looked at when a connection has ended, a signal has come, or `wake` was
        called.
        """
        deadline = time.monotonic() + timeout
        self._awaited = True
        with self._wakeup.by_signals():
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._wait((), min(left, LOOK))
        return True

    def wake(self) -> None:
        """Have `wait` look at its condition."""
        self._wakeup.wake()

    def spawn(self, function: Callable[..., object], *args: Any) -> None:
        """Run ``function(*args)`` in a thread or greenlet.

        Raises:
            RuntimeError, MemoryError: The system has no room for it.
        """
        if self._concurrency is GREENLETS:
            gevent.spawn_raw(function, *args)
        else:
            self._spare_threads.run(function, *args)

    def stop_accepting(self) -> None:
        """Take the connections that wait in the kernel's queue, and listen no more."""
        for _ in range(BACKLOG):
            accepted = None if self._places.full() else self._acceptor.accept_rest()
            if accepted is None:
                break
            self._admit(*accepted)
        self._acceptor.close()

    def drain(self) -> None:
        """Close idle connections, and every other one after its response."""
        self.connections.drain()

    def server_close(self) -> None:
        """Stop listening, close idle connections, and give the others a moment."""
        self._acceptor.close()
        self._arrivals.close()
        self.at_once.close()
        self.connections.close()
        self._let_depart()
        self._spare_threads.close()
        self._wakeup.close()

    def settle(self) -> None:
        """Wait a moment until everything is sent; see `Terminator.settle`."""
        if self.terminator is not None:
            self.terminator.settle()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *unused: object) -> None:
        self.server_close()

    def _let_depart(self) -> None:
        """Give those a moment that may not have read the last response."""
        deadline, departures = time.monotonic() + LINGER, self._departures
        while departures and (left := deadline - time.monotonic()) > 0:
            self._wakeup.wait((departures,), left)
            departures.look()
        departures.close()

    # Accepting

    def _serve_some(self) -> None:
        """Wait for connections, and accept some."""
        acceptor, places = self._acceptor, self._places
        sockets = () if self._awaited else acceptor.sockets()
        ready = self._wait(sockets, self._patience())
        self._awaited = False
        for descriptor in ready:
            if places.full():
                self._make_room()
            for _ in range(_BATCH):
                if places.full():
                    break
                accepted = acceptor.accept(descriptor)
                if accepted is None:
                    break
                self._admit(*accepted)
        if acceptor.failing:
            self.connections.make_room()
        now = time.monotonic()
        acceptor.tidy(now)
        self._crowd.passed(now)
        self.unsent.tidy(now)
        self.at_once.make_room(now)

    def _patience(self) -> float | None:
        """Seconds to wait for a connection at most; None for ever."""
        trouble = self._crowd or self._awaited or self.unsent.short
        if trouble or self.connections or self._departures:
            return LOOK
        return self._acceptor.patience()

    def _make_room(self) -> None:
        """A connection waits for a place: close the one that waits longest."""
        self._awaited = True
        if self._places.full():  # it may have changed before `_awaited` was set
            limits = self._places.limits
            self._crowd.met(f"the limit of {limits} is reached", time.monotonic())
            self.connections.make_room()

    def _admit(self, sock: socket.socket, address: Any) -> None:
        """See to an accepted connection, or refuse it; nothing gets out of here."""
        client = client_of(sock, address)
        place = self._places.take(client[0])
        if place is None:
            limit = self._places.limits.per_address
            self._crowd.met(f"{client[0]} has {limit} already", time.monotonic())
            self._refuse(sock)
            return
        connection = self._connect(sock, client, place)
        if connection is None:
            self._refuse(sock)
            return
        try:
            self._see_to(connection, self._look(connection))
        except Exception as error:
            self._note_failure(error, connection)
            connection.end()

    def _look(self, connection: HttpConnection) -> Coming:
        """What to do with a new connection."""
        coming = connection.look()
        if coming is Coming.WAIT and not connection.begun and self.at_once.roomy:
            return Coming.SERVE  # the request is about to come
        return coming

    def _connect(
        self, sock: socket.socket, client: ClientAddress, place: Place
    ) -> HttpConnection | None:
        """The HTTP connection on *sock*; None if the system has no room for it."""
        try:
            return self._new_connection(sock, client, place)
        except Exception as error:
            place.leave_http()
            self._note(error, f"the connection of {client} failed")
            return None

    def _new_connection(
        self, sock: socket.socket, client: ClientAddress, place: Place
    ) -> HttpConnection:
        plain, tls = sock, None
        if self.terminator is not None:
            loop = get_loop(current_hub=self._concurrency is GREENLETS)
            plain, tls = self.terminator.accept(sock, client=client[0], loop=loop)
        connection = HttpConnection(plain, client, server=self, place=place, tls=tls)
        connection.begin()
        return connection

    def _refuse(self, sock: socket.socket) -> None:
        self._departures.add(sock, b"" if self.terminator else UNAVAILABLE)

    def _changed(self) -> None:
        if self._awaited:
            self._wakeup.wake()

    # Serving

    def _wait(
        self, sockets: Sequence[socket.socket], patience: float | None
    ) -> set[int]:
        """Wait for *sockets*, which are returned if ready, and look after the others.

        Those are connections that wait for a request, and those that are over.
        """
        arrivals, departures = self._arrivals, self._departures
        ready = self._wakeup.wait((*sockets, arrivals, departures), patience)
        for each in (arrivals, departures):
            each.look()
            each.tidy(time.monotonic())
        return ready

    def _see_to(self, connection: HttpConnection, coming: Coming) -> None:
        """Have the request served that has come, or wait for it, or end."""
        if coming is Coming.WAIT:
            self._arrivals.add(connection)
        elif coming is Coming.END:
            connection.end()
        elif coming is Coming.DEPART:
            self._depart(connection)
        else:
            try:
                self.at_once.serve(connection)
            except NO_ROOM as error:
                self._acceptor.failed(error)
                self._overloaded(connection)

    def _turn_away(self, connection: HttpConnection, status: str, problem: str) -> None:
        """Refuse a request that has come in part; many at once take no time."""
        self._depart(connection, connection.refusal(status, problem))

    def _overloaded(self, connection: HttpConnection) -> None:
        """Refuse a request for which the system has no room."""
        self._depart(connection, UNAVAILABLE)

    def _depart(self, connection: HttpConnection, answer: bytes = b"") -> None:
        """End *connection* when its client may have read the last answer."""
        self._departures.add(connection.release(), answer)

    def _serve(self, connection: HttpConnection) -> None:
        """Serve what comes; called in a thread or greenlet."""
        coming = Coming.END
        try:
            coming = connection.serve_for_now()
        except Exception as error:
            self._note_failure(error, connection)
        finally:
            self._see_to(connection, coming)

    def _crowded(self) -> None:
        limits = self._places.limits
        crowd = f"the limit of {limits.at_once} requests at once is reached"
        self._crowd.met(crowd, time.monotonic())

    def _note_failure(self, error: Exception, connection: HttpConnection) -> None:
        self._note(error, f"the connection of {connection.address} failed")

    def _note(self, error: Exception, what: str) -> None:
        """Log a shortage once, and wait a while; any other error is a bug of ours."""
        if is_shortage(error):
            self._acceptor.failed(error)
        else:
            logger.exception("%s", what)


def client_of(sock: socket.socket, address: Any) -> ClientAddress:
    """Host and port of a client, by its *address*; empty for a Unix socket."""
    return address[:2] if is_tcp(sock) else ("", "")
