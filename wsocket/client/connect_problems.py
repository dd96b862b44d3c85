"""Why there is no connection: what was expected, what came, and what to do.

This module is imported when something has gone wrong: nobody else waits for it.
"""

from __future__ import annotations

import errno
import socket

from wsocket.client.address import Address
from wsocket.client.settings import ClientSettings
from wsocket.errors import ConnectFailed

# What the same port may speak in place of what the URL says.
_DOUBTS = {
    "ws": "with TLS it is wss://HOST:PORT/PATH, and RawSocket is tcp://HOST:PORT",
    "wss": "without TLS it is ws://HOST:PORT/PATH, and RawSocket is tcps://HOST:PORT",
    "tcp": "a websocket is ws://HOST:PORT/PATH, and with TLS it is tcps://HOST:PORT",
    "tcps": "without TLS it is tcp://HOST:PORT, and a websocket is wss://HOST:PORT/PATH",
    "unix": "expected the file on which a router listens for RawSocket",
}

# What others send first.
_SPEAKERS = {
    b"HTTP": "an HTTP server",
    b"SSH-": "an SSH server",
    b"\x15\x03": "a server with TLS",
    b"\x16\x03": "a server with TLS",
    b"\x7f": "a router with RawSocket",
}

# Of the file of a Unix socket.
_FILE_PROBLEMS = {
    errno.ENOENT: "there is no such file; is the router running, and is this the path "
    "on which it listens?",
    errno.EACCES: "this user may not use that file: look at its mode",
}

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
    "for an authority of your own use tls=ssl.create_default_context(cafile=...), on "
    "the command line --cafile"
)
_ANOTHER_NAME = "put a name into the URL that the certificate has"
_ANOTHER_TIME = "the router needs another one, or one of the two clocks is wrong"
_CERTIFICATE_ADVICE = {
    **dict.fromkeys((2, 18, 19, 20, 21), _AUTHORITY),
    **dict.fromkeys((9, 10), _ANOTHER_TIME),
    **dict.fromkeys((62, 64), _ANOTHER_NAME),
}


def explained_error(error: OSError, settings: ClientSettings) -> ConnectFailed:
    """What to raise because of *error*, which ended an attempt to connect."""
    address = settings.address
    url = address.url
    if isinstance(error, TimeoutError):
        return ConnectFailed(
            f"{url} did not answer within {settings.timeout} seconds; is the router "
            f"reachable, and {_doubt(address)}"
        )
    if isinstance(error, ConnectionRefusedError):
        return ConnectFailed(f"{url}: nobody listens there; is the router running?")
    if isinstance(error, socket.gaierror):
        return ConnectFailed(
            f"{url}: the host name is unknown ({error.strerror}); is it right, and is "
            "there a network?"
        )
    if address.scheme == "unix" and error.errno in _FILE_PROBLEMS:
        return ConnectFailed(f"{url}: {_FILE_PROBLEMS[error.errno]}")
    if hasattr(error, "reason"):  # as `ssl.SSLError` has
        return _tls_problem(error, settings)
    if isinstance(error, ConnectionError):
        return ended(settings)
    advice = "; is the host right, and is there a network?"
    return ConnectFailed(
        f"{url}: {error.strerror or error or type(error).__name__}"
        f"{advice if error.errno in _NO_WAY else ''}"
    )


def ended(settings: ClientSettings) -> ConnectFailed:
    """The other side has ended the connection before it answered."""
    return another_answer("the end of the connection", settings)


def another_protocol(data: bytes, settings: ClientSettings) -> ConnectFailed:
    """The other side speaks something else.

    Args:
        data: What it has sent first.
    """
    speakers = (who for first, who in _SPEAKERS.items() if data.startswith(first))
    speaker = next(speakers, "something else")
    return another_answer(f"{data[:40]!r} from {speaker}", settings)


def another_answer(got: str, settings: ClientSettings) -> ConnectFailed:
    """The other side has answered the handshake in another way.

    Args:
        got: How, in words.
    """
    address = settings.address
    kind = "a websocket (HTTP)" if address.is_websocket else "RawSocket"
    wanted = f"{kind} with TLS" if address.is_encrypted else kind
    return ConnectFailed(
        f"{address.url}: expected {wanted}, got {got}; {_doubt(address)}"
    )


def refused_upgrade(
    status: int, body: bytes, location: str | None, settings: ClientSettings
) -> ConnectFailed:
    """A web server has answered something else than 101.

    Args:
        body: What it says; HTML is not shown.
        location: Of a redirect.
    """
    text = body.decode(errors="replace").strip()
    said = f": {text:.300}" if text and "<" not in text else ""
    advice = "" if status == 400 and said else f"; {_upgrade_advice(status, location)}"
    return ConnectFailed(
        f"{settings.address.url}: the server answered {status}, expected 101{said}"
        f"{advice}"
    )


def _upgrade_advice(status: int, location: str | None) -> str:
    if 300 <= status < 400 and location is not None:
        return f"it says to go to {location!a:.200}: use that address in the URL"
    if status in (401, 403, 407):
        return "does it let in other clients, such as with headers= or origin=?"
    if status >= 500:
        return "the router may be away; try again later"
    return "is the path in the URL that of a WAMP router?"


def _tls_problem(error: OSError, settings: ClientSettings) -> ConnectFailed:
    url, reason = settings.address.url, getattr(error, "reason", None)
    refused = getattr(error, "verify_message", None)
    if refused is not None:
        advice = _CERTIFICATE_ADVICE.get(getattr(error, "verify_code", 0))
        more = "" if advice is None else f"; {advice}"
        return ConnectFailed(
            f"{url}: the router's certificate is not accepted: {refused}{more}"
        )
    if reason in _NOT_TLS:
        return ConnectFailed(
            f"{url}: expected TLS, got something else ({reason}); "
            f"{_doubt(settings.address)}"
        )
    if reason is None or "UNEXPECTED_EOF" in reason:
        return ended(settings)
    said = reason.replace("_", " ").lower()
    return ConnectFailed(
        f"{url}: there is no TLS with this router ({said}); tls= takes an "
        "ssl.SSLContext, such as one with a certificate of this client"
    )


def _doubt(address: Address) -> str:
    return f"does the URL fit the port ({_DOUBTS[address.scheme]})?"
