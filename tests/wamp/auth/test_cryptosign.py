"""WAMP-Cryptosign."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from typing import Any

import pytest
import txaio
from autobahn.wamp.cryptosign import CryptosignKey
from autobahn.wamp.types import Challenge
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from tests.programs import ended
from tests.wamp.auth.clients import KeyOwner, challenged, hello, refusal
from wsocket.project import installation
from wsocket.wamp.auth import (
    AUTHENTICATION_DENIED,
    AUTHENTICATION_FAILED,
    Cryptosign,
    CryptosignUser,
    Denied,
    Identity,
)

OWNER = KeyOwner(bytes(range(32)))
STRANGER = KeyOwner(bytes(32))
ROUTER = "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd"
JOE = CryptosignUser(authid="joe", role="user", extra={"team": "blue"})
ANN = CryptosignUser(authid="ann", role="admin")
CRYPTOSIGN = Cryptosign({OWNER.pubkey: [JOE, ANN]})
FINISHED = b"TLS Finished"  # tls-unique has 12 bytes


def start(
    method: Cryptosign = CRYPTOSIGN,
    owner: KeyOwner = OWNER,
    authid: str | None = "joe",
    **fields: Any,
):
    authextra = {"pubkey": owner.pubkey, **fields.pop("authextra", {})}
    request = hello("cryptosign", authid, authextra=authextra, **fields)
    return challenged(method.begin(request))


# The vectors of the WAMP specification, "Cryptosign-based Authentication":
# private key, challenge, what is signed with the channel ID, and the signatures over
# the plain and over the bound message.
CHANNEL_ID = "62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"
VECTORS = [
    (
        "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0c"
        "ae80a357331bfc5cc9fb71081464e6e75013517c2cf067ad566a6b7b728e5d03"
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "9b6f41540c9b95b4b7b281c3042fa9c54cef43c842d62ea3fd6030fcb66e70b3"
        "e80d49d44c29d1635da9348d02ec93f3ed1ef227dfb59a07b580095c2b82f80f"
        "9d16ca518aa0c2b707f2b2a609edeca73bca8dd59817a633f35574ac6fd80d00",
    ),
    (
        "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
        "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        "d4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372"
        "190374886a70207b042294af5bd64ce725cd8dceb344e6d11c09d1aaaf4d660f"
        "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        "305aaa3ac25e98f651427688b3fc43fe7d8a68a7ec1d7d61c61517c519bd4a42"
        "7c3015599d83ca28b4c652333920223844ef0725eb5dc2febfd6af7677b73f01"
        "d0852a29b460fc92ec943242ac638a053bbacc200512b18b30d15083cbdc9282",
    ),
    (
        "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
        "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        "7beb282184baadd08f166f16dd683b39cab53816ed81e6955def951cb2ddad1e"
        "c184e206746fd82bda075af03711d3d5658fc84a76196b0fa8d1ebc92ef9f30b"
        "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        "ee3c7644fd8070532bc1fde3d70d742267da545d8c8f03e63bda63f1ad4214f4"
        "d2c4bfdb4eb9526def42deeb7e31602a6ff99eba893e0a4ad4d45892ca75e608"
        "d2b75e24a189a7f78ca776ba36fc53f6c3e31c32f251f2c524f0a44202f2902d",
    ),
]


def with_challenge(private_key: str, challenge: str) -> tuple[Cryptosign, KeyOwner]:
    """A method that sends this challenge, and the owner of this key."""
    owner = KeyOwner(bytes.fromhex(private_key))
    octets = bytes.fromhex(challenge)
    return Cryptosign({owner.pubkey: JOE}, token_bytes=lambda n: octets), owner


@pytest.mark.parametrize(("private_key", "challenge", "plain", "bound"), VECTORS)
def test_the_vectors_of_the_specification(private_key, challenge, plain, bound):
    """Three without a channel, three bound to one."""
    method, owner = with_challenge(private_key, challenge)
    assert start(method, owner).verify(plain, {}).authid == "joe"
    on_tls: dict[str, Any] = {
        "authextra": {"channel_binding": "tls-unique"},
        "channel_id": lambda kind: bytes.fromhex(CHANNEL_ID),
    }
    assert start(method, owner, **on_tls).verify(bound, {}).authid == "joe"
    assert refused(start(method, owner), bound)
    assert refused(start(method, owner, **on_tls), plain)


def refused(exchange, signature: Any) -> bool:
    return refusal(exchange, signature)[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize("channel_id", [None, bytes(range(32))])
def test_an_autobahn_client_is_let_in(channel_id, monkeypatch):
    """Bound to the channel or not."""
    txaio.use_asyncio()
    # Clients of other tests may have left it a loop that is closed by now.
    monkeypatch.setattr(txaio.config, "loop", None)
    kind = "tls-unique" if channel_id else None
    key = CryptosignKey.from_bytes(bytes(range(32)))
    exchange = start(
        authextra={"channel_binding": kind, "pubkey": key.public_key()},
        channel_id=lambda kind: channel_id,
    )
    challenge = Challenge("cryptosign", dict(exchange.challenge))

    async def sign() -> str:
        return await key.sign_challenge(challenge, channel_id, kind)

    assert exchange.verify(asyncio.run(sign()), {}).authid == "joe"


@pytest.mark.parametrize(
    ("authid", "expected"),
    [
        ("joe", Identity("joe", "user", "static", {"team": "blue"})),
        ("ann", Identity("ann", "admin", "static")),
        (None, Identity("joe", "user", "static", {"team": "blue"})),
    ],
)
def test_a_key_stands_for_the_users_it_is_listed_with(authid, expected):
    """The one that the client asks for, or the first."""
    exchange = start(authid=authid)
    assert exchange.challenge["channel_binding"] is None
    assert exchange.verify(OWNER.sign(exchange.challenge), {}) == expected


def test_a_key_does_not_stand_for_anybody_else():
    """The words are those for a stranger's key, and for a wrong signature."""
    other, stranger, wrong = start(authid="eve"), start(owner=STRANGER), start()
    expected = refusal(wrong, STRANGER.sign(wrong.challenge))
    assert refusal(other, OWNER.sign(other.challenge)) == expected
    assert refusal(stranger, STRANGER.sign(stranger.challenge)) == expected


def test_a_strangers_challenge_looks_like_a_users():
    """It is random, and has the same members."""
    user, stranger = start().challenge, start(owner=STRANGER).challenge
    assert user.keys() == stranger.keys()
    assert len(user["challenge"]) == len(stranger["challenge"]) == 64
    assert user["challenge"] != stranger["challenge"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: "",
        lambda signature: signature[:128],  # the signature without the message
        lambda signature: signature[:-2],
        lambda signature: signature[:-1],
        lambda signature: signature + "00",
        lambda signature: signature[:-2] + "  ",
        lambda signature: signature[:128] + "00" * 32,
        lambda signature: "00" * 64 + signature[128:],
        lambda signature: "g" * 192,
        lambda signature: "٣" * 192,
        lambda signature: "\0" * 192,
        lambda signature: "0" * 10**6,
        lambda signature: signature.encode(),
        lambda signature: None,
    ],
)
def test_a_spoilt_signature_is_refused(spoil):
    """Truncated, extended, of another message, not hex, not a string."""
    exchange = start()
    assert refused(exchange, spoil(OWNER.sign(exchange.challenge)))


def test_a_signature_of_another_message_is_refused():
    """It is the owner's, but not of this challenge."""
    exchange = start()
    assert refused(exchange, OWNER.sign({"challenge": "00" * 32}))


def test_hex_is_read_in_both_cases():
    """Of the signature and of the public key."""
    upper = {"pubkey": OWNER.pubkey.upper()}
    exchange = start(Cryptosign({OWNER.pubkey.upper(): JOE}), authextra=upper)
    signature = OWNER.sign(exchange.challenge).upper()
    assert exchange.verify(signature, {}).authid == "joe"


# Channel binding


def test_a_tls_finished_message_is_hashed():
    """Clients sign 32 bytes, whatever TLS gives them."""
    exchange = start(
        authextra={"channel_binding": "tls-unique"}, channel_id=lambda kind: FINISHED
    )
    assert exchange.challenge["channel_binding"] == "tls-unique"
    channel_id = hashlib.sha256(FINISHED).digest()
    signature = OWNER.sign(exchange.challenge, channel_id)
    assert exchange.verify(signature, {}).authid == "joe"


@pytest.mark.parametrize("kind", ["tls-unique", "tls-exporter"])
@pytest.mark.parametrize("channel_id", [None, lambda kind: None])
def test_a_channel_binding_that_is_not_there_is_refused(kind, channel_id):
    """The client must not go on without; it reads why, which is no secret."""
    with pytest.raises(Denied) as refused:
        start(authextra={"channel_binding": kind}, channel_id=channel_id)
    assert f"{kind} is not possible on this connection" in refused.value.message


@pytest.mark.parametrize("kind", [None, "tls-unique"])
def test_unbound_logins_can_be_refused(kind):
    """Where the client does not ask for it, and where there is no channel."""
    strict = Cryptosign({OWNER.pubkey: JOE}, require_channel_binding=True)
    with pytest.raises(Denied):
        start(strict, authextra={"channel_binding": kind})
    exchange = start(
        strict,
        authextra={"channel_binding": "tls-unique"},
        channel_id=lambda kind: bytes(range(32)),
    )
    signature = OWNER.sign(exchange.challenge, bytes(range(32)))
    assert exchange.verify(signature, {}).authid == "joe"


@pytest.mark.parametrize("kind", ["", "tls-other", 7, [], {}, True])
def test_an_unknown_channel_binding_is_refused(kind):
    """The specification knows two types, and the client reads which."""
    with pytest.raises(Denied) as refused:
        start(authextra={"channel_binding": kind}, channel_id=lambda kind: FINISHED)
    message = refused.value.message
    assert message.startswith("channel_binding: expected tls-exporter or tls-unique")


# Router authentication


@pytest.mark.parametrize(
    "key", [ROUTER, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(ROUTER))]
)
@pytest.mark.parametrize("channel_id", [None, bytes(range(32))])
def test_the_router_signs_a_clients_challenge(key, channel_id):
    """Bound to the channel if the client is."""
    challenge = "bbae60ea44cdd7b20dc7010a618b0f0803fab25a817520b4b7f057299b524deb"
    kind = "tls-exporter" if channel_id else None
    extra = start(
        Cryptosign({OWNER.pubkey: JOE}, router_key=key),
        authextra={"challenge": challenge, "channel_binding": kind},
        channel_id=lambda kind: channel_id,
    ).challenge
    signed = bytes.fromhex(extra["signature"])
    message = bytes(
        a ^ b
        for a, b in zip(bytes.fromhex(challenge), channel_id or bytes(32), strict=True)
    )
    assert signed[64:] == message
    public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(extra["pubkey"]))
    public_key.verify(signed[:64], message)


@pytest.mark.parametrize(
    ("router_key", "challenge"), [(None, "00" * 32), (ROUTER, None)]
)
def test_without_a_key_or_a_challenge_the_router_signs_nothing(router_key, challenge):
    """Clients that insist on it give up themselves."""
    method = Cryptosign({OWNER.pubkey: JOE}, router_key=router_key)
    exchange = start(method, authextra={"challenge": challenge})
    assert exchange.challenge.keys() == {"challenge", "channel_binding"}


# Requests and configuration


@pytest.mark.parametrize("member", ["pubkey", "challenge"])
@pytest.mark.parametrize(
    "value",
    ["", "00" * 31, "00" * 33, "  " * 32, "zz" * 32, "0" * 10**6, 7, [], b"0" * 64],
)
def test_what_is_not_32_bytes_in_hex_is_refused(member, value):
    """Public key and challenge of the client."""
    with pytest.raises(Denied):
        start(authextra={member: value})


def test_a_low_order_key_is_nobodys():
    """Signatures of such keys can be made without a private key."""
    authextra = {"pubkey": "01" + "00" * 31}
    exchange = start(authextra=authextra)
    forged = "01" + "00" * 63 + exchange.challenge["challenge"]
    assert refused(exchange, forged)


@pytest.mark.parametrize(
    "request_",
    [
        hello("cryptosign"),
        hello("cryptosign", authextra={"pubkey": None}),
    ],
)
def test_a_client_without_a_key_is_left_to_other_methods(request_):
    """The answer is None, not a refusal."""
    assert CRYPTOSIGN.begin(request_) is None


@pytest.mark.parametrize("result", [JOE, [JOE], (ANN, JOE)])
def test_a_callable_finds_users_by_the_key(result):
    """The key is checked, and in lower case."""

    def find(request):
        return result if request.authextra["pubkey"] == OWNER.pubkey else None

    exchange = start(Cryptosign(find), authextra={"pubkey": OWNER.pubkey.upper()})
    identity = exchange.verify(OWNER.sign(exchange.challenge), {})
    assert (identity.authid, identity.authprovider) == ("joe", "dynamic")


@pytest.mark.parametrize("result", [[], ANN])
def test_a_callable_that_knows_nobody_fitting_refuses(result):
    """An empty list, or other users only."""
    exchange = start(Cryptosign(lambda request: result))
    assert refused(exchange, OWNER.sign(exchange.challenge))


@pytest.mark.parametrize("result", [{"authid": "joe"}, [JOE, "x"]])
def test_a_callable_that_returns_no_users_is_logged(result, caplog):
    """The client hears of a technical failure only."""
    with pytest.raises(Denied) as caught:
        start(Cryptosign(lambda request: result))
    assert caught.value.reason == AUTHENTICATION_FAILED
    assert "Cryptosign.keys" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"keys": {b"x": JOE}}, TypeError, "Cryptosign.keys, a key: expected a str"),
        ({"keys": {"abc": JOE}}, ValueError, "Cryptosign.keys, a key: .* 64 hex"),
        ({"keys": {"ab" * 32: [7]}}, TypeError, "an item: expected a CryptosignUser"),
        ({"keys": {"ab" * 32: [JOE, JOE]}}, ValueError, "same authid"),
        ({"keys": {"ab" * 32: JOE, "AB" * 32: ANN}}, ValueError, "more than one"),
        ({"keys": {}, "router_key": b"s3cret"}, TypeError, "Cryptosign.router_key"),
        ({"keys": {}, "router_key": "s3cret"}, ValueError, "Cryptosign.router_key"),
    ],
)
def test_arguments_are_checked_at_construction(arguments, error, message):
    """The error names the argument, and does not show a private key."""
    with pytest.raises(error, match=message) as caught:
        Cryptosign(**arguments)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("authid", "error"), [("", ValueError), (7, TypeError)])
def test_a_user_needs_an_authid(authid, error):
    """The error names the field."""
    with pytest.raises(error, match=r"CryptosignUser\.authid"):
        CryptosignUser(authid=authid, role="user")


WITHOUT_CRYPTOGRAPHY = """
import sys
sys.modules["cryptography"] = None
sys.modules["cryptography.exceptions"] = None
from wsocket.wamp.auth import *
Ticket({})
try:
    from wsocket.wamp.auth import Cryptosign
except ImportError as error:
    print(error)
"""


@pytest.mark.processes
def test_only_cryptosign_needs_the_extra():
    """The error says what to install."""
    done = ended([sys.executable, "-c", WITHOUT_CRYPTOGRAPHY])
    assert done.returncode == 0, done.stderr
    assert installation("auth") in done.stdout


def test_the_package_has_no_other_names():
    """A misspelt one is an AttributeError, as in any module."""
    import wsocket.wamp.auth as auth

    assert not hasattr(auth, "Cryptosigned")
