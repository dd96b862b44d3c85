"""A commented configuration: what `wsocket init` writes.

The options, their defaults and their explanations are taken from what they are for.
What is commented out begins with ``#``, an explanation with ``#`` and a space.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from wsocket.core.net.limits import Limits
from wsocket.project import document
from wsocket.standalone.addresses import SERVER_OPTIONS
from wsocket.standalone.configuration import ROUTER_OPTIONS
from wsocket.standalone.options import Option, options_of
from wsocket.standalone.tables import readers_of
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.router.config import Realm

_WIDTH = 79

# For options without a default that could be shown.
_SAMPLES = {
    "allowed_origins": '["https://example.com", "https://*.example.com"]',
    "health": '"/healthz"',
    "max_body": "1_048_576",
    "max_connections": "10_000",
    "max_connections_per_address": "100",
    "metrics": '"/metrics"',
    "realm": '"realm1"',
    "trusted_proxies": '["127.0.0.1", "10.0.0.0/8", "unix"]',
}

# Options that stand in the text already.
_SHOWN = ("take_over",)

_TEXT = """\
# A router for WAMP: serve it with `wsocket router FILE`, check it with
# `wsocket check FILE`. A line that begins with # and a name is an option that is
# not used; it shows the default, if there is one. This explains more:
# {guide}


[server]  # where HTTP and websockets are served; websockets work on every path

host = "127.0.0.1"  # "0.0.0.0" is every IPv4 address of this machine, "::" every one
port = 8080  # 0 picks a free one

# In place of host and port: a Unix socket; take_over replaces that of a process
# that listens there.
#unix = "/run/wsocket/http.sock"
#take_over = false

# Or sockets that listen already, and that the process inherits. Without any address
# those of systemd's socket activation are used.
#fd = [3]

# TLS: a certificate, with its chain, and its key if that is in another file (PEM).
# Relative paths, here and elsewhere, begin where this file is.
#certfile = "tls/server.pem"
#keyfile = "tls/server_key.pem"

{server}

[router]

{router}

[limits]  # what one connection may cost, and all of them together

{limits}

# WAMP over HTTP requests, for clients that cannot open a websocket.
#[longpoll]
#path = "/longpoll"
#poll_timeout = 10.0
#poll_pause = 30.0

# The HTTP bridge, for those that speak nothing but HTTP:
# {bridge_guide}
{bridge_texts}
#[bridge]
{bridge}

# Requests are signed with a key of at least 16 bytes: openssl rand -hex 32. Here the ID
# of the key is cron. Without a realm it is that of the bridge.
#[bridge.keys.cron]
#role = "guest"
#secret_file = "secrets/cron"
#realm = "realm1"

# Or the header Authorization has a bearer token. With an authid there may be provider
# and extra.
#[[bridge.tokens]]
#role = "guest"
#token_env = "BRIDGE_TOKEN"
#authid = "worker"
#provider = "static"
#extra = {{ department = "sales" }}

# WAMP over RawSocket. There may be several of these tables.
#[[rawsocket]]
#url = "tcp://127.0.0.1:8081"
#pings = false

# RawSocket with TLS.
#[[rawsocket]]
#url = "tcp://127.0.0.1:8082"
#certfile = "tls/server.pem"
#keyfile = "tls/server_key.pem"


[realms.realm1]  # the name of the realm; each realm has such a table

# Decides if no permission does: a procedure that a client has registered. It gets
# (session, uri, action, options), and returns true, false, or a dict with allow,
# disclose and cache.
#authorizer = "com.example.authorize"

{realm}

# Who may do what. Without roles everybody may do everything. With roles, what no
# permission allows is denied; of those that fit a URI, the longest decides.

[[realms.realm1.roles]]
name = "guest"

[[realms.realm1.roles.permissions]]
uri = "com.example."
match = "prefix"  # or "exact" (the default), or "wildcard": "com..example"
allow = ["call", "register", "publish", "subscribe"]

#[[realms.realm1.roles]]
#name = "sensor"
#trustlevel = 1

#[[realms.realm1.roles]]
#name = "operator"
#[[realms.realm1.roles.permissions]]
#uri = "com.example.admin"
#allow = ["call"]
#disclose = "force"  # who calls is told to the callee: "allow" (if it asks), "deny"
#[[realms.realm1.roles.permissions]]
#uri = "com.example.orders."
#match = "prefix"
#allow = "authorizer"  # the realm's authorizer decides
#cache = false

# Who may enter, and how; the preferred way first. Secrets never stand in this file:
# they are read from files (..._file) or variables of the environment (..._env).

[[realms.realm1.auth]]
method = "anonymous"
role = "guest"

#[[realms.realm1.auth]]
#method = "ticket"
#[[realms.realm1.auth.users]]
#authid = "sensor1"
#role = "guest"
#ticket_file = "secrets/sensor1"
#[[realms.realm1.auth.users]]
#authid = "sensor2"
#role = "guest"
#ticket_env = "SENSOR2_TICKET"

#[[realms.realm1.auth]]
#method = "wampcra"
#[[realms.realm1.auth.users]]
#authid = "joe"
#role = "guest"
#secret_env = "JOE_SECRET"
#provider = "staff"
#extra = {{ department = "sales" }}

# The router needs not know the password: instead of it there may be the salt in
# base64, iterations, stored_key_file and server_key_file.
#[[realms.realm1.auth]]
#method = "wamp-scram"
#[[realms.realm1.auth.users]]
#authid = "ann"
#role = "guest"
#password_file = "secrets/ann"
#kdf = "pbkdf2"  # or "argon2id13", with the extra wsocket[auth]
#iterations = 100_000

# Needs the extra wsocket[auth]. Public keys are no secrets.
#[[realms.realm1.auth]]
#method = "cryptosign"
#router_key_file = "secrets/router.key"
#require_channel_binding = false
#[[realms.realm1.auth.users]]
#authid = "device1"
#role = "guest"
#public_keys = ["545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122"]

# Topics whose events are kept. There may be several of these tables.
#[[realms.realm1.history]]
#uri = "com.example.news"
#match = "exact"
#limit = 100
#limit_bytes = 8_388_608
"""


def example() -> str:
    """The text of the example."""
    realm = options_of(Realm, leave_out=("name", "roles", "auth", "history"))
    bridge = options_of(Bridge, leave_out=("keys", "tokens"))
    return _TEXT.format(
        guide=document("docs/standalone.md"),
        bridge_guide=document("docs/bridge.md"),
        server=_section(SERVER_OPTIONS),
        router=_section(ROUTER_OPTIONS),
        limits=_section(options_of(Limits)),
        realm=_section(realm),
        bridge="\n".join(f"#{name} = {_shown(name, bridge[name])}" for name in bridge),
        bridge_texts="\n".join(
            _comment(f"{name}: {each.text}") for name, each in bridge.items()
        ),
    )


def _section(options: Mapping[str, Option]) -> str:
    """Options, commented out, with what they are for."""
    names = [name for name in readers_of(options) if name not in _SHOWN]
    parts = [_commented(name, options[name]) for name in names]
    return "\n\n".join(part for part in parts if part)


def _commented(name: str, option: Option) -> str:
    value = _shown(name, option)
    return "" if value is None else f"{_comment(option.text)}\n#{name} = {value}"


def _shown(name: str, option: Option) -> str | None:
    """The value that the example has; None if there is none to show."""
    return _SAMPLES.get(name) or _in_toml(option.default)


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in lines)


def _in_toml(value: object) -> str | None:
    """A default as TOML writes it; None if it cannot."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, float):
        return repr(value)
    return f'"{value}"' if isinstance(value, str) else None
