"""Reading and writing sockets that never block.

Python's sockets release the interpreter during each call, even for microseconds. Then a
thread that computes may take it and keep it for 5 ms (`sys.getswitchinterval`), while
every connection waits. The functions in C (``_socket_io.c``), if they were built, keep
the interpreter. docs/decisions/018-sockets-keep-the-interpreter.md has the figures.
"""

from __future__ import annotations

import os
import socket
from typing import Final

READ_SIZE: Final = 65536  # bytes taken from the kernel at once

try:
    from wsocket.core.net._socket_io import receive as receive
    from wsocket.core.net._socket_io import send as send
except ImportError:  # built without a C compiler

    def receive(sock: socket.socket, /) -> bytes | None:
        """Read what has come, at most 64 KiB.

        Returns:
            None if nothing has come yet; no bytes at the end of the stream.

        Raises:
            OSError: The connection is broken, or *sock* is closed.
        """
        try:
            # `sock.recv` would wait, if *sock* has a timeout.
            return os.read(sock.fileno(), READ_SIZE)
        except BlockingIOError:
            return None

    def send(sock: socket.socket, data: bytes | memoryview, /) -> int:
        """Send, and return how many bytes of *data* the kernel took; 0 if it is full.

        Raises:
            OSError: The connection is broken, or *sock* is closed.
        """
        try:
            return os.write(sock.fileno(), data)
        except BlockingIOError:
            return 0
