"""Whatever a client sends, the answer is a method's own: nothing else is raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wamp.auth.clients import KeyOwner, hello
from wsocket.wamp.auth import (
    Anonymous,
    Authenticator,
    Cryptosign,
    CryptosignUser,
    Denied,
    Identity,
    Scram,
    ScramUser,
    Ticket,
    TicketUser,
    WampCra,
    WampCraUser,
    WebLogin,
)

OWNER = KeyOwner(bytes(32))
METHODS: list[Authenticator] = [
    Ticket({"joe": TicketUser(ticket="s3cret" * 3, role="user")}),
    WampCra({"joe": WampCraUser(secret="s3cret", role="user")}),
    Scram({"joe": ScramUser.from_password("s3cret", role="user", iterations=1)}),
    Cryptosign(
        {OWNER.pubkey: CryptosignUser(authid="joe", role="user")},
        router_key="11" * 32,
    ),
]
# What a deserializer can produce, and the members that methods look at.
TEXTS = st.text(st.characters(), max_size=80)
HEX = st.binary(max_size=100).map(bytes.hex)
SPECIAL = st.sampled_from(
    ["", "AAAA", "AA==", "tls-unique", "tls-exporter", OWNER.pubkey, "0" * 64, "\0"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.binary()
STRINGS = TEXTS | HEX | SPECIAL
VALUES = st.recursive(
    SCALARS | STRINGS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)
MEMBERS = st.sampled_from(
    ["nonce", "channel_binding", "cbind_data", "pubkey", "challenge", "signature"]
)
EXTRAS = st.dictionaries(MEMBERS | TEXTS, VALUES, max_size=6)
AUTHIDS = st.none() | st.sampled_from(["joe", "eve"]) | TEXTS
CHANNELS = st.none() | st.binary(max_size=40).map(lambda data: lambda kind: data)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.method)
@given(
    authid=AUTHIDS,
    authextra=EXTRAS,
    channel_id=CHANNELS,
    signature=STRINGS | SCALARS,
    extra=EXTRAS | SCALARS,
)
def test_arbitrary_input_is_refused(
    method: Authenticator,
    authid: str | None,
    authextra: Mapping[str, Any],
    channel_id: Any,
    signature: Any,
    extra: Any,
):
    """In HELLO and in AUTHENTICATE; each method's begin and verify."""
    request = hello(method.method, authid, authextra=authextra, channel_id=channel_id)
    try:
        answer = method.begin(request)
    except Denied:
        return
    assert not isinstance(answer, Identity)
    if answer is not None:
        with pytest.raises(Denied):
            answer.verify(signature, extra)


@pytest.mark.parametrize("method", METHODS[1:], ids=lambda method: method.method)
@given(authid=st.sampled_from(["joe", "eve"]), signature=STRINGS, extra=EXTRAS)
def test_arbitrary_answers_to_a_challenge_are_refused(method, authid, signature, extra):
    """Here HELLO is right, so that every case gets to verify."""
    authextra = {"nonce": "AAAA", "pubkey": OWNER.pubkey}
    exchange = method.begin(hello(method.method, authid, authextra=authextra))
    repeated = {"nonce": exchange.challenge.get("nonce")}
    with pytest.raises(Denied):
        exchange.verify(signature, {**extra, **repeated})


@given(authid=AUTHIDS, authextra=EXTRAS, environ=EXTRAS)
def test_methods_without_a_challenge_survive_arbitrary_input(
    authid, authextra, environ
):
    """An anonymous client is let in, one without a login is not."""
    request = hello("anonymous", authid, authextra=authextra, environ=environ)
    identity = Anonymous().begin(request)
    assert identity is not None
    assert identity.authid != authid
    try:
        assert WebLogin(lambda environ: None).begin(request) is None
    except Denied:
        assert authid is not None
