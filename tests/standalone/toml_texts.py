"""Texts in TOML, of all shapes, for Hypothesis: written here, not by a library."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st

# Names that mean something, so that tables nest as they do in real files.
NAMES = (
    *("server", "router", "limits", "longpoll", "rawsocket", "realms", "realm1"),
    *("host", "port", "unix", "fd", "take_over", "log_format", "timeout", "metrics"),
    *("memory", "turn", "ping_interval", "path", "url", "roles", "permissions", "auth"),
    *("name", "uri", "match", "allow", "method", "users", "role", "authid", "extra"),
    *("bridge", "keys", "tokens", "token_env", "max_body", "retry", "realm"),
    *("ticket_env", "secret_env", "password_file", "public_keys", "certfile"),
)
WORDS = (
    *("ticket", "anonymous", "wampcra", "wamp-scram", "cryptosign", "authorizer"),
    *("exact", "prefix", "call", "user", "NOWHERE", "com.example", "/path", "ab" * 32),
)

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
keys = st.sampled_from(NAMES) | texts
scalars = (
    st.sampled_from(WORDS)
    | texts
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.dates()
    | st.times().filter(lambda each: each.tzinfo is None)
    | st.datetimes()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=4)
        | st.lists(st.dictionaries(keys, inner, max_size=3), min_size=1, max_size=3)
    ),
    max_leaves=20,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document: its tables have headers or stand in braces."""
    lines: list[str] = []
    table = draw(st.dictionaries(keys, values, max_size=5))
    _write_table(draw, lines, (), table)
    return "\n".join(lines) + "\n"


def _write_table(
    draw: st.DrawFn, lines: list[str], path: tuple[str, ...], table: dict[str, Any]
) -> None:
    """The pairs of a table first, for they would belong to a later header."""
    later = []
    for key, value in table.items():
        if _is_table_or_tables(value) and draw(st.booleans()):
            later.append((key, value))
            continue
        lines += [""] * draw(st.integers(0, 2))
        lines.append(f"{_key(key)} = {_value(draw, value)}  # a comment")
    for key, value in later:
        inner = (*path, key)
        header = ".".join(map(_key, inner))
        for each in value if isinstance(value, list) else [value]:
            lines.append(f"[[{header}]]" if isinstance(value, list) else f"[{header}]")
            _write_table(draw, lines, inner, each)


def _is_table_or_tables(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, dict) for each in value)
    return isinstance(value, dict)


def _key(key: str) -> str:
    is_bare = key.isascii() and key.replace("_", "a").replace("-", "a").isalnum()
    return key if is_bare else _text(key)


def _text(text: str) -> str:
    """A basic string, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(draw: st.DrawFn, value: Any) -> str:
    if isinstance(value, str):
        if "'" not in value and value.isprintable() and draw(st.booleans()):
            return draw(st.sampled_from(["'{}'", "'''{}'''"])).format(value)
        return draw(st.sampled_from(["{}", '""{}""'])).format(_text(value))
    if isinstance(value, list):
        separator = draw(st.sampled_from([", ", ",\n  ", ",  # }\n"]))
        return f"[{separator.join(_value(draw, each) for each in value)}]"
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {_value(draw, each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return (
        value.isoformat() if isinstance(value, (date, datetime, time)) else str(value)
    )
