"""What programs for version 2 used, and what they write now.

Whatever they used either works as it did, or fails at once with one of these sentences,
and never in silence. docs/migrating-from-2.md has all of it in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsocket.project import document

GUIDE = f"see {document('docs/migrating-from-2.md')}"

_SERVER = "write run(app), or make_server(host, port, app) of wsocket"
_FRAMES = "wsocket reads and writes frames itself; write receive() and send()"
_HTTP = "write http.HTTPStatus of Python's library"
_PYTHON_2 = "leave it out: wsocket runs on Python 3 only"
_COMPRESSION = "leave it out, or write WSocketApp(compression=None) to switch it off"

# Names of the module.
NAMES = {
    "Event": "write app.onmessage += function",
    "FixedHandler": _SERVER,
    "FixedServerHandler": _SERVER,
    "FrameTooLargeException": "write WebSocketError",
    "HTTP_CODES": _HTTP,
    "MSG_ALREADY_CLOSED": "write WebSocketClosed, which has code and reason",
    "MSG_CLOSED": "write WebSocketClosed, which has code and reason",
    "MSG_SOCKET_DEAD": "write WebSocketClosed, which has code and reason",
    "ProtocolError": "write WebSocketError; broken frames end receive() with it",
    "Response": "return the response from the handler of a route",
    "ThreadingWSGIServer": _SERVER,
    "WebSocketHandler": f"wrap the application, app = WSocketApp(site), and {_SERVER}",
    "log_traceback": "write logger.exception(...)",
    "httplib": "write http.client of Python's library",
    "issue": "write WSocketApp(report_url=...) for where reports of errors lead",
    **dict.fromkeys(("PY3", "range_type", "string_types", "text_type"), _PYTHON_2),
    **dict.fromkeys(
        (
            *("OPCODE_CONTINUATION", "OPCODE_TEXT", "OPCODE_BINARY", "OPCODE_CLOSE"),
            *("OPCODE_PING", "OPCODE_PONG", "FIN_MASK", "OPCODE_MASK", "MASK_MASK"),
            *("LENGTH_MASK", "RSV0_MASK", "RSV1_MASK", "RSV2_MASK"),
            "HEADER_FLAG_MASK",
        ),
        _FRAMES,
    ),
}

_SERVERS = {
    "handler_class": "leave it out: the server of wsocket serves websockets, too",
    "server_class": "leave it out, or serve the application with that server itself",
}

# Keyword arguments, by the function that had them.
ARGUMENTS: dict[str, Mapping[str, str]] = {
    "close": {"message": "write reason="},
    "make_server": _SERVERS,
    "run": _SERVERS,
}

# Methods of a websocket and of an application, for programs that override them.
METHODS = {
    "encode_header": _FRAMES,
    "handle_close": "receive() raises WebSocketClosed, which has code and reason",
    "handle_ping": "receive() answers pings; write ping() to send one",
    "handle_pong": "write Limits(ping_interval=...) to notice clients that are gone",
    "mask_payload": _FRAMES,
    "read_message": "write receive(), or for message in websocket",
    "send_frame": _FRAMES,
}
EVENT_METHODS = {
    "on_close": "give it another name, and write app.onclose += function",
    "on_connect": "give it another name, and write app.onconnect += function",
    "on_message": "give it another name, and write app.onmessage += function",
    "wsgi": "give it another name, and write app.route(path), or WSocketApp(function)",
}

# Attributes of an application, and of its events.
_DEMO = "leave it out: the demo ends with the first function that is added"
APP_ATTRIBUTES = {
    "fake": "leave it out: it did nothing",
    "on_close": _DEMO,
    "on_connect": _DEMO,
    "on_message": _DEMO,
    "send": "write send() of a websocket; app.onconnect tells which there are",
    "wsgi": "write app, which is the WSGI application",
}
EVENT_ATTRIBUTES = {
    "clear": "write app.onmessage = function, which replaces all of them",
    "default": "leave it out: it is called as long as no function was added",
}

# Further attributes of a websocket.
ATTRIBUTES = {
    "compressor": _COMPRESSION,
    "decompressor": _COMPRESSION,
    "handler": "write the variable that has the application",
    "logger": "write wsocket.logger",
    "read": _FRAMES,
    "write": _FRAMES,
}


def advice(name: str, known: Mapping[str, str]) -> str:
    """What to write in place of a *known* name; empty for any other."""
    if name not in known:
        return ""
    return f"; that was version 2: {known[name]} ({GUIDE})"


def check_name(name: str) -> None:
    """Accept a name of the module, if version 2 did not have it.

    Raises:
        ImportError: It did, and this one does not.
    """
    if name in NAMES:
        raise ImportError(f"wsocket has no {name}{advice(name, NAMES)}", name="wsocket")


def check_overrides(cls: type[object], known: Mapping[str, str]) -> None:
    """Accept a class that overrides no *known* method: nobody calls them any more.

    Raises:
        TypeError: It does.
    """
    for name in known.keys() & vars(cls).keys():
        raise TypeError(
            f"{name}: nothing calls this method of {cls.__name__}{advice(name, known)}"
        )


class FormerMember:
    """An attribute that objects of a class had in version 2; asked for, it says so.

    No ``__getattr__`` of the class: it would slow every attribute down.
    """

    def __init__(self, name: str, known: Mapping[str, str]) -> None:
        self._problem = f"has no attribute {name!r}{advice(name, known)}"

    def __get__(self, owner: object, kind: type[object]) -> Any:
        raise AttributeError(f"{kind.__name__!r} object {self._problem}")


class FormerMembers:
    """The base of `WebSocket`: what websockets had in version 2."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        check_overrides(cls, METHODS)


def had(cls: type[object], known: Mapping[str, str]) -> None:
    """Have a class say of the *known* attributes what to write in their place."""
    for name in known:
        setattr(cls, name, FormerMember(name, known))


had(FormerMembers, METHODS)
had(FormerMembers, ATTRIBUTES)
