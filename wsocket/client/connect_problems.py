"""Why there is no connection to a router: what was expected, what came, what to do.

This module is imported when something has gone wrong: nobody else waits for it.
"""

from __future__ import annotations

import errno

from wsocket.client import connect_errors
from wsocket.client.settings import ClientSettings
from wsocket.errors import ConnectFailed

# What the same port may speak in place of what the URL says.
_OTHERWISE = {
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

_PATH_DOUBT = "is the path in the URL that of a WAMP router?"

# Of the file of a Unix socket.
_FILE_PROBLEMS = {
    errno.ENOENT: "there is no such file; is the router running, and is this the path "
    "on which it listens?",
    errno.EACCES: "this user may not use that file: look at its mode",
}


def explained_error(error: OSError, settings: ClientSettings) -> ConnectFailed:
    """What to raise because of *error*, which ended an attempt to connect."""
    sought = _sought(settings)
    if settings.address.scheme == "unix" and error.errno in _FILE_PROBLEMS:
        return sought.failed(_FILE_PROBLEMS[error.errno])
    return connect_errors.explained_error(error, sought)


def ended(settings: ClientSettings) -> ConnectFailed:
    """The other side has ended the connection before it answered."""
    return _sought(settings).ended()


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
    return _sought(settings).answered(got)


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


def no_router(problem: str, settings: ClientSettings) -> ConnectFailed:
    """The websocket is not one for WAMP, or no websocket at all.

    Args:
        problem: Why not, in words.
    """
    return ConnectFailed(
        f"{settings.address.url}: no websocket of a WAMP router that speaks "
        f"wamp.2.{settings.serializer}: {problem}; {_PATH_DOUBT}"
    )


def _upgrade_advice(status: int, location: str | None) -> str:
    if 300 <= status < 400 and location is not None:
        return f"it says to go to {location!a:.200}: use that address in the URL"
    if status in (401, 403, 407):
        return "does it let in other clients, such as with headers= or origin=?"
    if status >= 500:
        return "the router may be away; try again later"
    return _PATH_DOUBT


def _sought(settings: ClientSettings) -> connect_errors.Sought:
    address = settings.address
    kind = "a websocket (HTTP)" if address.is_websocket else "RawSocket"
    return connect_errors.Sought(
        address.url,
        peer="router",
        speaking=f"{kind} with TLS" if address.is_encrypted else kind,
        otherwise=_OTHERWISE[address.scheme],
        timeout=settings.timeout,
        tls="tls",
        option="--cafile",
    )
