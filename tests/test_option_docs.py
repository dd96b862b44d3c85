"""Whoever relies on completion learns from the docstrings what each option means."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import msgspec
import pytest

from wsocket import (
    Bridge,
    BridgeKey,
    CallDetails,
    CallOptions,
    EventDetails,
    Grant,
    Limits,
    LongPolling,
    Permission,
    PublishOptions,
    Realm,
    RegisterOptions,
    Remember,
    Role,
    SubscribeOptions,
)
from wsocket.wamp.auth import (
    Anonymous,
    Cryptosign,
    CryptosignUser,
    Identity,
    Scram,
    ScramUser,
    Ticket,
    TicketUser,
    WampCra,
    WampCraUser,
    WebLogin,
)

CLASSES = [
    *(CallOptions, PublishOptions, RegisterOptions, SubscribeOptions),
    *(Grant, Limits, LongPolling, Permission, Realm, Remember, Role),
    *(Bridge, BridgeKey, Identity, TicketUser, WampCraUser, ScramUser, CryptosignUser),
    *(Anonymous, WebLogin, Ticket, WampCra, Scram, Cryptosign),
]
DETAILS = [CallDetails, EventDetails]
ENTRY = re.compile(r"^    (\w+): (.*(?:\n        .+)*)", re.MULTILINE)
SECTION = re.compile(r'"[A-Z][^"]+"\)|same section|test vectors|No part of the spec')
NO_DEFAULT = "no default"


def entries(kind: type) -> dict[str, str]:
    """The text about each field, without line breaks."""
    text, _, _ = (inspect.getdoc(kind) or "").partition("Raises:")
    return {name: " ".join(said.split()) for name, said in ENTRY.findall(text)}


def defaults(kind: type) -> dict[str, Any]:
    """Each field and its default."""
    if is_dataclass(kind):
        return {
            each.name: each.default
            if each.default_factory is MISSING
            else each.default_factory()
            for each in fields(kind)
        }
    if not issubclass(kind, msgspec.Struct):
        return {
            each.name: MISSING if each.default is each.empty else each.default
            for each in inspect.signature(kind).parameters.values()
        }
    return {each.name: each.default for each in msgspec.structs.fields(kind)}


def spellings(default: Any) -> list[str]:
    """How a docstring may write a default."""
    if default is MISSING:
        return [NO_DEFAULT]
    if isinstance(default, str):
        return [f'``"{default}"``']
    if isinstance(default, tuple):
        return ["()", "[Anonymous()]"]
    if callable(default):
        return ["by default"]
    if type(default) is int:
        mebibytes = f"{default // 2**20} MiB" if default % 2**20 == 0 else "no MiB"
        return [f"{default:,}", mebibytes]
    return [str(default)]


FIELDS = [
    (kind, name, default)
    for kind in CLASSES
    for name, default in defaults(kind).items()
]


@pytest.mark.parametrize(
    ("kind", "name", "default"),
    FIELDS,
    ids=[f"{kind.__name__}.{name}" for kind, name, _ in FIELDS],
)
def test_every_field_says_what_it_means_and_its_default(kind, name, default):
    """The default in the text is that of the code."""
    said = entries(kind)[name]
    assert len(said.split()) >= 5
    assert "default" in said
    assert any(text in said for text in spellings(default)), said


@pytest.mark.parametrize("kind", DETAILS, ids=lambda kind: kind.__name__)
def test_every_detail_says_what_it_means(kind):
    """A handler gets these, and gives none of them a value."""
    assert all(len(said.split()) >= 5 for said in entries(kind).values())


@pytest.mark.parametrize("kind", [*CLASSES, *DETAILS], ids=lambda kind: kind.__name__)
def test_nothing_else_is_described(kind):
    """A field that is gone is gone from the text, too."""
    assert entries(kind).keys() == defaults(kind).keys()


@pytest.mark.parametrize(
    "kind",
    [CallOptions, PublishOptions, RegisterOptions, SubscribeOptions],
    ids=lambda kind: kind.__name__,
)
def test_every_option_of_a_message_names_its_section(kind):
    """Of the specification; or it says that it is no part of that."""
    for said in entries(kind).values():
        assert SECTION.search(said), said


@pytest.mark.parametrize(
    "kind",
    [
        *(Bridge, Identity, TicketUser, WampCraUser, ScramUser, CryptosignUser),
        *DETAILS,
    ],
    ids=lambda kind: kind.__name__,
)
def test_what_the_specification_has_names_its_section(kind):
    """Once for all fields, where it is one section; or it says that there is none."""
    text = " ".join(inspect.getdoc(kind).split())
    assert SECTION.search(text), text


@pytest.mark.parametrize("name", entries(Limits))
def test_every_limit_has_a_unit(name):
    """Messages, bytes, seconds or a rate."""
    said = entries(Limits)[name]
    assert re.match(r"(Messages|Bytes|Seconds|HELLOs|Failed logins)\b", said)
