"""Accepting connections on the I/O loop."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from wsocket.core.net.future import Future, ask
from wsocket.core.net.guarded import guarded
from wsocket.core.net.limits import Limits
from wsocket.core.net.listening import ListeningSocket
from wsocket.core.net.loop import READABLE, Loop, Timer, Watcher
from wsocket.core.net.sockets import plain_socket
from wsocket.core.net.tcp_options import disable_nagle, is_tcp, keep_alive
from wsocket.core.net.trouble import QUIET, Trouble, is_shortage
from wsocket.log import logger

# Connections accepted in one turn of the loop. Then other sockets have their turn.
BATCH = 100

# Seconds until accepting is tried again after it failed. At once it would fail again,
# for instance because there are still no file descriptors left.
PAUSE = 0.5

Accepted = Callable[[socket.socket, dict[str, Any]], object]
"""Takes a new connection, on the loop: its socket, and the part of a WSGI environ that
is known without a request (``REMOTE_ADDR`` and ``REMOTE_PORT``, for TCP)."""


class Listener:
    """A listening socket whose connections are accepted on *loop*.

    Args:
        accepted: Called with every new connection.

    Attributes:
        address: The URL of the endpoint, with the real port.
    """

    def __init__(
        self,
        loop: Loop,
        listening: ListeningSocket,
        *,
        limits: Limits,
        accepted: Accepted,
    ) -> None:
        self.address = listening.endpoint.url
        self._loop = loop
        self._process = os.getpid()
        self._listening = listening
        self._limits = limits
        self._accepted = accepted
        self._watcher: Watcher | None = None
        self._pause: Timer | None = None
        self._trouble = Trouble(f"{self.address}: cannot accept a connection")
        self._closed = False
        loop.call_soon(self._watch)

    def __repr__(self) -> str:
        return f"<Listener {self.address}{' closed' if self._closed else ''}>"

    def close(self) -> None:
        """Stop listening; connections that were accepted stay open.

        Call it from any thread or greenlet. When it returns, the port is free, and the
        file of a Unix socket is removed. Later calls do nothing.

        Raises:
            OSError: The file of a Unix socket cannot be removed.
        """
        if self._process != os.getpid():
            # A forked child: it has a copy of the socket. The parent goes on listening.
            self._listening.sock.close()
        elif self._loop.here:
            self._close()
        else:
            ask(self._loop, self._close_and_answer)

    # On the loop

    def _close_and_answer(self, closed: Future[None]) -> None:
        self._close()
        closed.set(None)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._unwatch()
        if self._pause is not None:
            self._pause.cancel()
        self._listening.release()

    def _watch(self) -> None:
        if not self._closed:
            descriptor = self._listening.sock.fileno()
            self._watcher = self._loop.watch(descriptor, READABLE, self._readable)

    def _unwatch(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.close()

    def _readable(self) -> None:
        guarded(self._accept)

    def _accept(self) -> None:
        for _ in range(BATCH):
            try:
                found = self._listening.accept()
            except OSError as error:
                self._pause_accepting(error)
                return
            if found is None:
                return
            sock, address = found
            self._trouble.passed(self._loop.now())
            # Under gevent's patches `accept` makes gevent's sockets.
            self._hand_over(plain_socket(sock.detach()), address)

    def _pause_accepting(self, error: OSError) -> None:
        """Do not try again at once: the loop would do nothing else."""
        self._trouble.met(error, self._loop.now())
        self._unwatch()
        if self._pause is not None:
            self._pause.cancel()
        self._pause = self._loop.call_later(PAUSE, self._resume)

    def _resume(self) -> None:
        self._watch()
        self._pause = self._loop.call_later(2 * QUIET, self._look)

    def _look(self) -> None:
        """Nothing has failed since accepting was resumed: see whether it is over."""
        self._trouble.passed(self._loop.now())

    def _hand_over(self, sock: socket.socket, address: Any) -> None:
        limits = self._limits
        try:
            disable_nagle(sock)
            keep_alive(sock, interval=limits.ping_interval, timeout=limits.ping_timeout)
            self._accepted(sock, _environ(sock, address))
        except Exception as error:
            if is_shortage(error):
                self._trouble.met(error, self._loop.now())
            else:
                logger.exception("%s: a new connection failed", self.address)
            sock.close()


def _environ(sock: socket.socket, address: Any) -> dict[str, Any]:
    if not is_tcp(sock):
        return {}
    return {"REMOTE_ADDR": address[0], "REMOTE_PORT": str(address[1])}
