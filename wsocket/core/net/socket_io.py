"""Reading and writing sockets that never block, as the loop does all the time.

Python's sockets let other threads run during each call, be it one of microseconds. A
thread that computes then takes its turn and keeps it for 5 ms
(`sys.getswitchinterval`), while every connection waits. In C (``_socket_io.c``), where
that was built, the interpreter is kept.
"""

from __future__ import annotations

import socket
from typing import Final

READ_SIZE: Final = 65536  # bytes taken from the kernel at once

try:
    from wsocket.core.net._socket_io import receive as receive
    from wsocket.core.net._socket_io import send as send
except ImportError:  # built without a C compiler, or on Windows

    def receive(sock: socket.socket, /) -> bytes | None:
        """What has come: 64 KiB at most.

        Returns:
            None while there is nothing, no bytes at the end of the stream.

        Raises:
            OSError: The connection is broken, or *sock* is closed.
        """
        try:
            return sock.recv(READ_SIZE)
        except BlockingIOError:
            return None

    def send(sock: socket.socket, data: bytes | memoryview, /) -> int:
        """How many bytes of *data* the kernel took; 0 while it takes none.

        Raises:
            OSError: The connection is broken, or *sock* is closed.
        """
        try:
            return sock.send(data)
        except BlockingIOError:
            return 0
