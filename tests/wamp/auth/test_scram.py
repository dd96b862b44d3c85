"""WAMP-SCRAM."""

from __future__ import annotations

import base64
import sys
from typing import Any

import pytest
from autobahn.wamp.auth import pbkdf2

from tests.programs import ended
from tests.wamp.auth.clients import ScramClient, challenged, hello, refusal
from wsocket.project import installation
from wsocket.wamp.auth import AUTHENTICATION_DENIED, Denied, Identity, Scram, ScramUser
from wsocket.wamp.auth.scram import ScramChannel, ScramExchange

SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
SALTED = pbkdf2(b"pencil", SALT, 4096)
JOE = ScramUser.from_password(
    "pencil", role="user", salt=SALT, iterations=4096, extra={"team": "blue"}
)
SCRAM = Scram({"joe": JOE})


def start(client: ScramClient, method: Scram = SCRAM, **fields: Any):
    request = hello("wamp-scram", client.name, authextra=client.authextra, **fields)
    return challenged(method.begin(request))


def refused(exchange, signature: Any, extra: Any) -> bool:
    return refusal(exchange, signature, extra)[0] == AUTHENTICATION_DENIED


def test_the_example_of_rfc_7677():
    """Section 3: user "user", password "pencil"."""
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    exchange = ScramExchange(
        JOE,
        Identity("user", "user"),
        channel=ScramChannel(),
        client_first="n=user,r=rOprNGfwEbeRWgbNEkqO",
        nonce=nonce,
    )
    assert exchange.challenge == {
        "nonce": nonce,
        "salt": "W22ZaJ0SNY7soEsUEjb6gQ==",
        "kdf": "pbkdf2",
        "iterations": 4096,
        "memory": None,
    }
    identity = exchange.verify(
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        {"nonce": nonce, "channel_binding": None, "cbind_data": None},
    )
    verifier = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert identity.authextra == {"verifier": verifier}


def test_a_client_with_the_password_is_let_in_and_can_verify_the_router():
    """WELCOME carries the verifier beside the user's own extra."""
    client = ScramClient("joe", SALTED)
    exchange = start(client)
    identity = exchange.verify(*client.answer(exchange.challenge))
    assert identity == Identity(
        "joe", "user", "static", {"team": "blue", "verifier": client.expected_verifier}
    )


def test_argon2id_gives_what_its_reference_implementation_does():
    """Its test vector: t=2, m=256 KiB, p=1, "password", "somesalt"."""
    user = ScramUser.from_password(
        "password",
        role="user",
        kdf="argon2id13",
        salt=b"somesalt",
        iterations=2,
        memory=256,
    )
    salted = bytes.fromhex(
        "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
    )
    client = ScramClient("joe", salted)
    exchange = start(client, Scram({"joe": user}))
    assert exchange.challenge["kdf"] == "argon2id13"
    assert exchange.challenge["memory"] == 256
    assert exchange.verify(*client.answer(exchange.challenge)).authid == "joe"


def test_the_routers_nonce_is_another_one_each_time():
    """It is appended to the client's, as base64 of 16 octets."""
    client = ScramClient("joe", SALTED)
    nonces = {start(client).challenge["nonce"] for _ in range(9)}
    assert len(nonces) == 9
    for nonce in nonces:
        assert nonce.startswith(client.nonce)
        own = nonce[len(client.nonce) :]
        assert len(base64.b64decode(own, validate=True)) == 16


def test_names_are_compared_and_granted_as_saslprep_leaves_them():
    """AuthMessage contains the client's spelling."""
    client = ScramClient("I\u00adX", SALTED)
    exchange = start(client, Scram({"\u2168": JOE}))
    assert exchange.verify(*client.answer(exchange.challenge)).authid == "IX"


def test_commas_and_equal_signs_in_a_name_are_escaped():
    """RFC 5802, section 5.1."""
    client = ScramClient("a=3D=2Cb", SALTED)
    request = hello("wamp-scram", "a=,b", authextra=client.authextra)
    exchange = challenged(Scram({"a=,b": JOE}).begin(request))
    assert exchange.verify(*client.answer(exchange.challenge)).authid == "a=,b"


def test_the_proof_covers_the_nonce():
    """Somebody who repeats a proof cannot just name the new nonce."""
    client = ScramClient("joe", SALTED)
    signature, extra = client.answer(start(client).challenge)
    again = start(client)
    assert refused(again, signature, {**extra, "nonce": again.challenge["nonce"]})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda proof: "",
        lambda proof: proof[:-1],
        lambda proof: proof[:-4],
        lambda proof: proof + "AAAA",
        lambda proof: proof + "\n",
        lambda proof: proof[:-2] + chr(ord(proof[-2]) + 1) + "=",  # same octets
        lambda proof: "\0" * 44,
        lambda proof: "ü" * 44,
        lambda proof: "A" * 10**6,
        lambda proof: base64.b64encode(bytes(32)).decode(),
        lambda proof: None,
        lambda proof: [proof],
    ],
)
def test_a_spoilt_proof_is_refused(spoil):
    """Truncated, extended, not canonical, not base64, not a string."""
    client = ScramClient("joe", SALTED)
    exchange = start(client)
    proof, extra = client.answer(exchange.challenge)
    assert refused(exchange, spoil(proof), extra)


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "rOprNGfwEbeRWgbNEkqO"},
        {"nonce": None},
        {"nonce": 7},
        {"nonce": "\ud800"},
        {"nonce": "x" * 10**6},
        {"channel_binding": "tls-unique"},
        {"channel_binding": {}},
        {"cbind_data": ""},
        {"cbind_data": "AAAA"},
        {"cbind_data": 7},
    ],
)
def test_an_extra_that_disagrees_with_hello_is_refused(change):
    """Although the proof is right."""
    client = ScramClient("joe", SALTED)
    exchange = start(client)
    proof, extra = client.answer(exchange.challenge)
    assert refused(exchange, proof, extra | change)


def test_an_extra_without_anything_is_refused():
    """The nonce has to be repeated."""
    client = ScramClient("joe", SALTED)
    exchange = start(client)
    assert refused(exchange, client.answer(exchange.challenge)[0], {})


def test_members_of_extra_that_are_null_may_be_left_out():
    """Absent and null are the same."""
    client = ScramClient("joe", SALTED)
    exchange = start(client)
    proof, extra = client.answer(exchange.challenge)
    assert exchange.verify(proof, {"nonce": extra["nonce"]}).authid == "joe"


# Channel binding


def channel_id(kind: str) -> bytes | None:
    return {"tls-unique": b"finished", "tls-server-end-point": b"hash"}.get(kind)


@pytest.mark.parametrize("kind", ["tls-unique", "tls-server-end-point"])
def test_a_client_binds_its_login_to_the_tls_channel(kind):
    """Both sides see the same channel."""
    client = ScramClient("joe", SALTED, binding=(kind, channel_id(kind)))
    exchange = start(client, channel_id=channel_id)
    assert exchange.verify(*client.answer(exchange.challenge)).authid == "joe"


def test_a_login_that_is_bound_to_another_channel_is_refused():
    """Somebody sits in between."""
    client = ScramClient("joe", SALTED, binding=("tls-unique", b"another"))
    exchange = start(client, channel_id=channel_id)
    assert refused(exchange, *client.answer(exchange.challenge))


def test_the_proof_covers_the_channel():
    """Data that somebody in between corrects is not enough."""
    client = ScramClient("joe", SALTED, binding=("tls-unique", b"another"))
    exchange = start(client, channel_id=channel_id)
    proof, extra = client.answer(exchange.challenge)
    right = base64.b64encode(b"finished").decode()
    assert refused(exchange, proof, {**extra, "cbind_data": right})


def test_channel_data_that_the_proof_does_not_cover_is_refused():
    """The data that is sent must be right, too."""
    client = ScramClient("joe", SALTED, binding=("tls-unique", b"finished"))
    exchange = start(client, channel_id=channel_id)
    proof, extra = client.answer(exchange.challenge)
    wrong = base64.b64encode(b"another").decode()
    assert refused(exchange, proof, {**extra, "cbind_data": wrong})


@pytest.mark.parametrize("missing", ["channel_binding", "cbind_data"])
def test_a_bound_login_repeats_type_and_data(missing):
    """Neither may be left out."""
    client = ScramClient("joe", SALTED, binding=("tls-unique", b"finished"))
    exchange = start(client, channel_id=channel_id)
    proof, extra = client.answer(exchange.challenge)
    assert refused(exchange, proof, {**extra, missing: None})


@pytest.mark.parametrize("kind", ["tls-exporter", "tls-other", "", 7, [], {}, True])
@pytest.mark.parametrize("function", [channel_id, None, lambda kind: b""])
def test_an_unsupported_channel_binding_is_refused(kind, function):
    """The client relies on it; so there is no login without."""
    authextra = {"nonce": "AAAA", "channel_binding": kind}
    request = hello("wamp-scram", authextra=authextra, channel_id=function)
    with pytest.raises(Denied):
        SCRAM.begin(request)


# Strangers


def test_strangers_are_spread_over_the_kinds_of_users():
    """One cost for all strangers would give away the users with another one."""
    users = {
        f"user{n}": ScramUser.from_password("pw", role="user", iterations=n + 1)
        for n in range(3)
    }
    method = Scram(users)
    seen = {
        start(ScramClient(f"eve{n}", SALTED), method).challenge["iterations"]
        for n in range(60)
    }
    assert seen == {1, 2, 3}


def test_a_decoy_stands_for_the_users_of_a_callable():
    """Without one, strangers look like users with the default cost."""
    client = ScramClient("eve", SALTED)
    method = Scram(lambda request: None, decoy=JOE)
    assert start(client, method).challenge["iterations"] == 4096
    default = ScramUser.from_password("pw", role="user")
    plain = start(client, Scram(lambda request: None)).challenge
    assert plain["iterations"] == default.iterations
    assert len(base64.b64decode(plain["salt"])) == len(default.salt)


# Requests and configuration


def test_a_callable_gets_the_prepared_authid():
    """So that it can look it up as it was stored."""
    client = ScramClient("\u2168", SALTED)
    method = Scram(lambda request: {"IX": JOE}.get(request.authid))
    exchange = start(client, method)
    identity = exchange.verify(*client.answer(exchange.challenge))
    assert (identity.authid, identity.authprovider) == ("IX", "dynamic")


@pytest.mark.parametrize(
    "nonce",
    [None, "", 7, [], "A", "AAA", "AAA,", "ü" * 4, "A" * 1028, "AAAA\n", "AB=="],
)
def test_a_nonce_that_is_not_canonical_base64_is_refused(nonce):
    """It becomes part of what is signed."""
    with pytest.raises(Denied):
        SCRAM.begin(hello("wamp-scram", authextra={"nonce": nonce}))


@pytest.mark.parametrize("authid", ["\u00ad", "\ue000", "\u06271", "\ufdfa" * 1000])
def test_an_authid_that_saslprep_refuses_is_refused(authid):
    """Also one that only gets too long by it."""
    method = Scram(lambda request: pytest.fail("asked"))
    with pytest.raises(Denied):
        method.begin(hello("wamp-scram", authid, authextra={"nonce": "AAAA"}))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"salt": "x"}, TypeError, "ScramUser.salt: expected bytes, got str"),
        ({"salt": b""}, ValueError, "ScramUser.salt"),
        ({"stored_key": b"x"}, ValueError, "ScramUser.stored_key: expected 32 bytes"),
        ({"server_key": "x"}, TypeError, "ScramUser.server_key: expected bytes"),
        ({"iterations": 0}, ValueError, "ScramUser.iterations"),
        ({"iterations": "1"}, TypeError, "ScramUser.iterations"),
        ({"kdf": "argon2id-13"}, ValueError, "ScramUser.kdf: expected 'pbkdf2' or"),
        ({"kdf": None}, TypeError, "ScramUser.kdf"),
        ({"memory": 64}, ValueError, "ScramUser.memory: expected None"),
        ({"kdf": "argon2id13"}, TypeError, "ScramUser.memory: expected an integer"),
        (
            {"kdf": "argon2id13", "memory": 64, "salt": b"x"},
            ValueError,
            "ScramUser.salt: expected 8 bytes",
        ),
    ],
)
def test_users_are_checked_when_they_are_made(fields, error, message):
    """The error names the field."""
    valid: dict[str, Any] = {
        "role": "user",
        "salt": SALT,
        "stored_key": JOE.stored_key,
        "server_key": JOE.server_key,
        "iterations": 4096,
    }
    assert ScramUser(**valid, extra=JOE.extra) == JOE
    with pytest.raises(error, match=message):
        ScramUser(**(valid | fields))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"password": ""}, ValueError, "password"),
        ({"password": b"x"}, TypeError, "password: expected a string, got bytes"),
        ({"password": "s3cret\0"}, ValueError, "SASLprep"),
        ({"kdf": "md5"}, ValueError, "kdf: expected 'pbkdf2' or 'argon2id13'"),
        ({"salt": "x"}, TypeError, "salt: expected bytes"),
        ({"iterations": -1}, ValueError, "iterations"),
        ({"kdf": "argon2id13", "memory": 7}, ValueError, "memory: expected 8 to"),
    ],
)
def test_a_password_is_checked_before_anything_is_derived(fields, error, message):
    """The error does not show it."""
    arguments: dict[str, Any] = {"password": "pw", "role": "user"} | fields
    with pytest.raises(error, match=message) as caught:
        ScramUser.from_password(arguments.pop("password"), **arguments)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"users": {"joe\0": JOE}}, ValueError, "Scram.users, a key"),
        ({"users": {"\ue000": JOE}}, ValueError, "Scram.users, a key.*SASLprep"),
        ({"users": {"IX": JOE, "\u2168": JOE}}, ValueError, "more than one entry"),
        ({"users": {}, "decoy": 7}, TypeError, "Scram.decoy: expected a ScramUser"),
        ({"users": {}, "decoy_key": b""}, ValueError, "Scram.decoy_key"),
    ],
)
def test_arguments_are_checked_at_construction(arguments, error, message):
    """The error names the argument."""
    with pytest.raises(error, match=message):
        Scram(**arguments)


WITHOUT_ARGON2 = """
import sys
sys.modules["argon2"] = sys.modules["argon2.low_level"] = None
from wsocket.wamp.auth import ScramUser
ScramUser.from_password("pw", role="user", iterations=1)
try:
    ScramUser.from_password("pw", role="user", kdf="argon2id13")
except ImportError as error:
    print(error)
"""


@pytest.mark.processes
def test_only_argon2id_needs_the_extra():
    """The error says what to install."""
    done = ended([sys.executable, "-c", WITHOUT_ARGON2])
    assert done.returncode == 0, done.stderr
    assert installation("auth") in done.stdout
