"""Turns TCP_NODELAY on for every connection that a Crossbar worker accepts.

The worker's own setting `tcp_nodelay` comes too late in Crossbar 26.10: autobahn reads
it from the protocol before the factory's options are there, and ignores the error. The
kernel then holds back small segments, which costs 40 ms here and there.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import tcp

_accept = tcp.Server.__init__


def _accept_without_delay(self: Any, *arguments: Any, **options: Any) -> None:
    _accept(self, *arguments, **options)
    if self.socket.family in (socket.AF_INET, socket.AF_INET6):
        self.setTcpNoDelay(True)


tcp.Server.__init__ = _accept_without_delay
