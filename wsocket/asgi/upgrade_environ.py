"""The WSGI environ of the upgrade request that an ASGI websocket scope stands for."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from wsocket.core.wsgi import Environ

# The ASGI server has checked the real ones, which HTTP/2 does not even have (RFC 8441).
# The key is the example of RFC 6455 section 1.3; nobody sees what is made of it.
_HANDSHAKE = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_UPGRADE": "websocket",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
}

# Compression is between the server and its client. A request has no body.
_NOT_OURS = (
    "HTTP_SEC_WEBSOCKET_EXTENSIONS",
    "HTTP_CONTENT_LENGTH",
    "HTTP_TRANSFER_ENCODING",
)


def upgrade_environ(scope: Mapping[str, Any]) -> Environ:
    """The environ for a scope of the type "websocket" (ASGI, "Connection Scope").

    PATH_INFO is without the path below which the application is mounted.
    """
    environ = _headers(scope.get("headers", ()))
    for name in _NOT_OURS:
        environ.pop(name, None)
    environ.update(_HANDSHAKE)
    if scope.get("subprotocols"):
        environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] = ", ".join(scope["subprotocols"])
    root = scope.get("root_path", "")
    environ.update(
        {
            "asgi.scope": scope,
            "SCRIPT_NAME": _as_wsgi(root),
            "PATH_INFO": _as_wsgi(scope["path"].removeprefix(root)),
            "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if scope.get("scheme") == "wss" else "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,  # ASGI does not say
            "wsgi.run_once": False,
        }
    )
    environ.update(_addresses(scope))
    return environ


def _headers(headers: Iterable[tuple[bytes, bytes]]) -> Environ:
    """The variables of headers; those of the same name are joined."""
    environ: Environ = {}
    for raw_name, raw_value in headers:
        name = "HTTP_" + raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        if name in environ:
            between = "; " if name == "HTTP_COOKIE" else ","
            value = environ[name] + between + value
        environ[name] = value
    return environ


def _addresses(scope: Mapping[str, Any]) -> Environ:
    """The variables of both ends; a Unix socket has a path, and no client."""
    server, port = scope.get("server") or ("localhost", None)
    environ: Environ = {"SERVER_NAME": server, "SERVER_PORT": str(port or "")}
    client = scope.get("client")
    environ["REMOTE_ADDR"] = client[0] if client else ""
    if client:
        environ["REMOTE_PORT"] = str(client[1])
    return environ


def _as_wsgi(text: str) -> str:
    """Text as PEP 3333 has it: the bytes of its UTF-8, decoded as latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")
