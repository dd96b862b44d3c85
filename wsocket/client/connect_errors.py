"""What an error says that ended an attempt to connect: what was expected, what came,
and what to do. For sessions and for `HttpPublisher` alike.

This module is imported when something has gone wrong: nobody else waits for it.
"""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

from wsocket.errors import ConnectFailed

# There is no way to the host.
_NO_WAY = (errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)

# What OpenSSL says of bytes that are not TLS at all.
_NOT_TLS = frozenset(
    {
        "HTTP_REQUEST",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
        "UNKNOWN_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)

# What to do about a certificate, by OpenSSL's codes (X509_V_ERR_...).
_AUTHORITY = (
    "for an authority of your own use {tls}=ssl.create_default_context(cafile=...)"
)
_ANOTHER_NAME = "put a name into the URL that the certificate has"
_ANOTHER_TIME = "the {peer} needs another one, or one of the two clocks is wrong"
_CERTIFICATE_ADVICE = {
    **dict.fromkeys((2, 18, 19, 20, 21), _AUTHORITY),
    **dict.fromkeys((9, 10), _ANOTHER_TIME),
    **dict.fromkeys((62, 64), _ANOTHER_NAME),
}


class Sought(NamedTuple):
    """What a client wanted to reach.

    Attributes:
        peer: ``"router"`` or ``"server"``.
        speaking: The protocol that it should speak.
        otherwise: How a URL for another protocol on the same port is written.
        timeout: Seconds that the client had.
        tls: The name of the argument that takes an `ssl.SSLContext`.
        option: What stands for it on the command line; "" without one.
    """

    url: str
    peer: str
    speaking: str
    otherwise: str
    timeout: float
    tls: str
    option: str = ""

    def failed(self, problem: str) -> ConnectFailed:
        """The exception for *problem*."""
        return ConnectFailed(f"{self.url}: {problem}")

    def answered(self, got: str) -> ConnectFailed:
        """The exception for another answer than that of the protocol.

        Args:
            got: How it answered, in words.
        """
        return self.failed(f"expected {self.speaking}, got {got}; {self.doubt}")

    def ended(self) -> ConnectFailed:
        """The exception for a connection that ended before there was an answer."""
        return self.answered("the end of the connection")

    @property
    def doubt(self) -> str:
        """The question whether the URL is right."""
        return f"does the URL fit the port ({self.otherwise})?"


def explained_error(error: OSError, sought: Sought) -> ConnectFailed:
    """What to raise because of *error*, which ended an attempt to connect."""
    if isinstance(error, TimeoutError):
        return ConnectFailed(
            f"{sought.url} did not answer within {sought.timeout:g} seconds; is the "
            f"{sought.peer} reachable, and {sought.doubt}"
        )
    if isinstance(error, ConnectionRefusedError):
        return sought.failed(f"nobody listens there; is the {sought.peer} running?")
    if isinstance(error, socket.gaierror):
        return sought.failed(
            f"the host name is unknown ({error.strerror}); is it right, and is there a "
            "network?"
        )
    if hasattr(error, "reason"):  # as `ssl.SSLError` has
        return _tls_problem(error, sought)
    if isinstance(error, ConnectionError):
        return sought.ended()
    advice = "; is the host right, and is there a network?"
    return sought.failed(
        f"{error.strerror or error or type(error).__name__}"
        f"{advice if error.errno in _NO_WAY else ''}"
    )


def _tls_problem(error: OSError, sought: Sought) -> ConnectFailed:
    refused = getattr(error, "verify_message", None)
    if refused is not None:
        more = _certificate_advice(getattr(error, "verify_code", 0), sought)
        problem = f"the {sought.peer}'s certificate is not accepted: {refused}{more}"
        return sought.failed(problem)
    reason = getattr(error, "reason", None)
    if reason in _NOT_TLS:
        return sought.failed(
            f"expected TLS, got something else ({reason}); {sought.doubt}"
        )
    if reason is None or "UNEXPECTED_EOF" in reason:
        return sought.ended()
    said = reason.replace("_", " ").lower()
    return sought.failed(
        f"there is no TLS with this {sought.peer} ({said}); {sought.tls}= takes an "
        "ssl.SSLContext, such as one with a certificate of this client"
    )


def _certificate_advice(code: int, sought: Sought) -> str:
    advice = _CERTIFICATE_ADVICE.get(code)
    if advice is None:
        return ""
    has_option = advice is _AUTHORITY and sought.option
    option = f", on the command line {sought.option}" if has_option else ""
    return f"; {advice.format(tls=sought.tls, peer=sought.peer)}{option}"
