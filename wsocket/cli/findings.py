"""What `wsocket doctor` looks at, and what it found."""

from __future__ import annotations

import os
import platform
import resource
import ssl
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from typing import Literal, NamedTuple

import wsocket
from wsocket.project import installation

FindingVerdict = Literal["ok", "missing", "slow", "limited", "broken"]


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        value: What is there, such as a version.
        advice: What is lost by it, and how to get it; "" if all is well.
    """

    name: str
    value: str
    verdict: FindingVerdict = "ok"
    advice: str = ""


class Package(NamedTuple):
    """A package that wsocket uses.

    Attributes:
        name: What it is called in a registry.
        module: What is imported.
        extra: The extra of wsocket that brings it; "" if wsocket cannot be without it.
        use: What there is not without it.
    """

    name: str
    module: str
    extra: str
    use: str


PACKAGES = (
    Package("gevent", "gevent", "", "the router and `wsocket run`"),
    Package("msgspec", "msgspec", "", "WAMP"),
    Package("a2wsgi", "a2wsgi", "asgi", "ASGI servers (`wsocket.asgi`)"),
    Package("websockets", "websockets", "client", "the client for asyncio over ws://"),
    Package("cbor2", "cbor2", "cbor", "the serializer wamp.2.cbor"),
    Package("cryptography", "cryptography", "auth", "WAMP-Cryptosign"),
    Package("argon2-cffi", "argon2", "auth", "SCRAM with argon2id13"),
    Package("prometheus-client", "prometheus_client", "metrics", "metrics over HTTP"),
)

# Modules that are compiled where there is a compiler, and what is slower without.
# Of those that mypyc compiles one stands for all: it compiles all of them or none.
_COMPILED = (
    (
        "router",
        "wsocket.wamp.session.session",
        "calls and events take 40 to 50 % more CPU time; install a wheel, or have a C "
        "compiler when it is installed (an editable installation stays interpreted)",
    ),
    (
        "frames in C",
        "wsocket.core.websocket._unmasking",
        "websocket frames are unmasked in Python; install with a C compiler",
    ),
    (
        "sockets in C",
        "wsocket.core.net._socket_io",
        "reading and writing gives the interpreter away; install with a C compiler",
    ),
    (
        "payloads in C",
        "wsocket.wamp.serializers._payload_parts",
        "arguments are taken apart in Python; install with a C compiler",
    ),
    (
        "weights in C",
        "wsocket.wamp.serializers._weights",
        "large arguments are weighed in Python; install with a C compiler",
    ),
)

# File descriptors: fewer are used up by an ordinary number of clients.
_ENOUGH_FILES = 4096


def findings() -> Iterator[Finding]:
    """Look at everything."""
    yield Finding("wsocket", wsocket.__version__)
    yield Finding("Python", f"{platform.python_version()} on {sys.platform}")
    yield Finding("TLS", ssl.OPENSSL_VERSION)
    yield from map(_compiled, _COMPILED)
    yield from map(_package, PACKAGES)
    yield _loop()
    yield _open_files()


def _compiled(entry: tuple[str, str, str]) -> Finding:
    name, module, cost = entry
    spec = find_spec(module)
    origin = "" if spec is None else spec.origin or ""
    if origin.endswith(tuple(EXTENSION_SUFFIXES)):
        return Finding(name, "compiled")
    return Finding(name, "interpreted", "slow", cost)


def _package(package: Package) -> Finding:
    advice = f"needed for {package.use}: {installation(package.extra)}"
    missing: FindingVerdict = "missing" if package.extra else "broken"
    try:
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return Finding(package.name, "not installed", missing, advice)
    try:
        import_module(package.module)
    except Exception as error:  # a broken package may raise anything
        problem = f"{version} cannot be imported: {type(error).__name__}: {error}"
        again = f"pip install --force-reinstall {package.name}"
        return Finding(package.name, problem, "broken", f"{advice}, or {again}")
    return Finding(package.name, version)


def _loop() -> Finding:
    """gevent's loop, without starting one."""
    try:
        config = import_module("gevent").config
        backend = config.loop
    except Exception as error:  # gevent is asked to use what it does not have
        problem = f"{type(error).__name__}: {error}"
        advice = "unset GEVENT_LOOP, or choose a loop that this gevent has"
        return Finding("I/O loop", problem, "broken", advice)
    kind = backend.__module__.removeprefix("gevent.")
    wanted = os.environ.get("GEVENT_LOOP")
    if kind.startswith("libev.corecext"):
        return Finding("I/O loop", f"{kind} (libev, in C)")
    advice = (
        "libev in C is faster: unset GEVENT_LOOP"
        if wanted
        else ("libev in C is faster: install gevent from a wheel")
    )
    return Finding("I/O loop", kind, "slow", advice)


def _open_files() -> Finding:
    """How many descriptors this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Finding("open files", "unlimited")
    value = f"at most {soft}"
    if soft >= _ENOUGH_FILES:
        return Finding("open files", value)
    advice = (
        f"each client takes one, so about {max(soft - 50, 0)} can be connected: "
        "raise it by `ulimit -n`, or LimitNOFILE= in systemd"
    )
    if hard != resource.RLIM_INFINITY:
        advice += f"; above {hard} only root can"
    return Finding("open files", value, "limited", advice)
