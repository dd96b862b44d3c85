"""The two HTTP servers: one with threads, one with greenlets."""

from __future__ import annotations

import _thread
import contextlib
import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from socketserver import BaseRequestHandler, BaseServer, TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.util import FileWrapper

from gevent import get_hub
from gevent.server import StreamServer

from wsocket.core.concurrency.kinds import GREENLETS, concurrency_of
from wsocket.core.concurrency.thread_cache import ThreadCache
from wsocket.core.http.connection import Connections, HttpConnection, HttpServer
from wsocket.core.net.loop import READABLE, get_loop
from wsocket.core.net.tls.terminator import Terminator
from wsocket.log import logger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class ThreadedServer(ThreadingMixIn, TCPServer):
    """A thread for each connection.

    Args:
        listener: The listening socket; the server closes it.
        app: The WSGI application.
        timeout: Longest wait for a client, in seconds; see `wsocket.make_server`.
        terminator: Ends TLS; None for plain HTTP.
    """

    application: WSGIApplication

    def __init__(
        self,
        listener: socket.socket,
        app: WSGIApplication,
        *,
        timeout: float,
        terminator: Terminator | None = None,
    ) -> None:
        address = listener.getsockname()
        # TCPServer's own __init__ would make another socket.
        BaseServer.__init__(self, address, BaseRequestHandler)
        self.socket = listener
        self.server_port = address[1]
        self.application = app
        self.client_timeout = timeout
        self.terminator = terminator
        self.connections = Connections()
        self._spare_threads = ThreadCache()
        self.base_environ = base_environ(address)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand an accepted connection to a thread."""
        self._spare_threads.run(self.process_request_thread, request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection; called in its thread."""
        serve_connection(request, client_address, server=self)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; part of `socketserver.TCPServer`."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                logger.error("cannot accept a connection: %s", error)
                time.sleep(0.1)  # the connection waits; retrying at once would spin
            raise

    def handle_error(self, request: object, client_address: object) -> None:
        """Log an unexpected exception in a connection's thread."""
        logger.exception("the connection of %s failed", client_address)

    def interrupt(self) -> None:
        """Stop `serve_forever` soon; called from a signal handler.

        A signal handler runs in the thread of `serve_forever`, and `shutdown` would
        wait for that. The handler may also have interrupted `threading.Thread.start`,
        whose lock is not reentrant.
        """
        _thread.start_new_thread(self.shutdown, ())

    def server_close(self) -> None:
        """Stop listening, close idle connections, and give the others a moment."""
        super().server_close()
        self.connections.close()
        self._spare_threads.close()

    def settle(self) -> None:
        """Wait a moment until everything is sent; see `Terminator.settle`."""
        if self.terminator is not None:
            self.terminator.settle()


class GeventServer(StreamServer):
    """A greenlet of gevent for each connection.

    It has the methods of `ThreadedServer`, and a greenlet runs the same code as a
    thread there.

    Args:
        listener: The listening socket, gevent's; the server closes it.
        app: The WSGI application.
        timeout: Longest wait for a client, in seconds; see `wsocket.make_server`.
        terminator: Ends TLS; None for plain HTTP.
    """

    def __init__(
        self,
        listener: socket.socket,
        app: WSGIApplication,
        *,
        timeout: float,
        terminator: Terminator | None = None,
    ) -> None:
        super().__init__(listener)
        self.server_address = listener.getsockname()
        self.application = app
        self.client_timeout = timeout
        self.terminator = terminator
        self.connections = Connections()
        self.base_environ = base_environ(self.server_address)

    @property
    def server_port(self) -> int:
        """The port that is listened on."""
        port: int = self.server_address[1]
        return port

    def serve_forever(self, stop_timeout: float | None = None) -> None:
        """Serve until `shutdown` or `interrupt`."""
        with _woken_by_signals():
            super().serve_forever(stop_timeout)

    def handle(self, sock: Any, address: Any) -> None:
        """Serve a connection; called in its greenlet."""
        serve_connection(sock, address, server=self)

    def shutdown(self) -> None:
        """Stop `serve_forever`; called from another greenlet."""
        self.stop()

    def interrupt(self) -> None:
        """Stop `serve_forever`; called from a signal handler."""
        self.stop()

    def server_close(self) -> None:
        """Stop listening, close idle connections, and give the others a moment."""
        self.stop()
        self.connections.close()

    def settle(self) -> None:
        """Wait a moment until everything is sent; see `Terminator.settle`."""
        if self.terminator is not None:
            self.terminator.settle()

    def __exit__(self, *unused: object) -> None:
        self.server_close()


@contextlib.contextmanager
def _woken_by_signals() -> Iterator[None]:
    """Let signals wake up the hub.

    The hub looks for signals before it waits for events. A signal that comes between
    the two would be handled only after the next event. On Windows gevent looks for
    signals at intervals.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or os.name != "posix":
        yield
        return
    reader, writer = os.pipe()
    for descriptor in (reader, writer):
        os.set_blocking(descriptor, False)
    watcher = get_hub().loop.io(reader, READABLE)
    watcher.start(os.read, reader, 4096)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        watcher.stop()
        watcher.close()
        os.close(reader)
        os.close(writer)


class TlsServer(HttpServer, Protocol):
    """The part of a server that `serve_connection` uses."""

    terminator: Terminator | None


def serve_connection(sock: Any, address: Any, *, server: TlsServer) -> None:
    """Serve an accepted connection; called in its thread or greenlet."""
    if server.terminator is None:
        HttpConnection(sock, address, server=server).serve()
        return
    loop = get_loop(current_hub=concurrency_of(sock) is GREENLETS)
    try:
        plain, tls = server.terminator.accept(sock, client=address[0], loop=loop)
    except OSError as error:
        logger.error("cannot accept a connection: %s", error)
        return
    with plain:
        HttpConnection(plain, address, server=server, tls=tls).serve()


def base_environ(address: tuple[Any, ...]) -> dict[str, Any]:
    """The environ's part that is the same for every request to `address`."""
    return {
        "SERVER_NAME": address[0],
        "SERVER_PORT": str(address[1]),
        "SERVER_SOFTWARE": "wsocket",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,  # greenlets interleave as threads do
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
    }
