"""``wsocket router``: real clients at the router that a file describes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import signal
import socket
import ssl
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError
from websocket import WebSocketBadStatusException, create_connection

from tests.interop.sessions import failure, join
from tests.patience import SECONDS
from tests.programs import Server, ended, environ, running, started
from tests.standalone.conftest import COMMAND, served
from tests.wamp.auth.clients import KeyOwner, ScramClient, hmac_sha256
from tests.wamp.raw_client import (
    ABORT,
    ERROR,
    HELLO,
    ROLES,
    SUBSCRIBE,
    WELCOME,
    RawClient,
    connected,
)
from tests.wamp.transports.longpoll.client import LongPollClient
from tests.wamp.transports.rawsocket.client import RawSocketClient, rawsocket

pytestmark = pytest.mark.processes

CHALLENGE, AUTHENTICATE = 4, 5
PASSWORD = "pencil"
SALT = b"salt of sixteen "
SEED = bytes(range(32))
PUBLIC_KEY = KeyOwner(SEED).pubkey
OPEN = "[server]\nport = 0\n[realms.realm1]\n"

LOGINS = f"""
[server]
port = 0

[realms.realm1]
login_delay = 0

[[realms.realm1.auth]]
method = "cryptosign"
[[realms.realm1.auth.users]]
authid = "owner"
role = "user"
public_keys = ["{PUBLIC_KEY.upper()}"]

[[realms.realm1.auth]]
method = "wamp-scram"
[[realms.realm1.auth.users]]
authid = "ann"
role = "user"
password_env = "TEST_PASSWORD"
iterations = 4096
[[realms.realm1.auth.users]]
authid = "keys"
role = "user"
salt = "{b64encode(SALT).decode()}"
iterations = 5000
stored_key_env = "TEST_STORED_KEY"
server_key_env = "TEST_SERVER_KEY"

[[realms.realm1.auth]]
method = "wampcra"
[[realms.realm1.auth.users]]
authid = "joe"
role = "user"
provider = "staff"
extra = {{ level = 3, tags = ["a"] }}
secret_env = "TEST_PASSWORD"
[[realms.realm1.auth.users]]
authid = "salted"
role = "user"
salt = "pepper"
iterations = 100
secret_env = "TEST_DERIVED"

[[realms.realm1.auth]]
method = "ticket"
[[realms.realm1.auth.users]]
authid = "sensor"
role = "sensor"
ticket_file = "secrets/sensor"

[[realms.realm1.auth]]
method = "anonymous"
role = "guest"

[[realms.realm1.roles]]
name = "guest"
[[realms.realm1.roles.permissions]]
uri = "com.example.public."
match = "prefix"
allow = ["subscribe"]

[[realms.realm1.roles]]
name = "sensor"
[[realms.realm1.roles.permissions]]
uri = "com.example.public."
match = "prefix"
allow = ["publish"]

[[realms.realm1.roles]]
name = "user"

[realms."com.example.second"]
"""


def salted(iterations: int, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, iterations)


@pytest.fixture(scope="module")
def logins(processes, tmp_path_factory):
    """A router with every way to log in."""
    folder = tmp_path_factory.mktemp("logins")
    key = salted(5000, SALT)
    stored = hashlib.sha256(hmac_sha256(key, b"Client Key")).digest()
    derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"pepper", 100, 32)
    variables = {
        "TEST_PASSWORD": PASSWORD,
        "TEST_STORED_KEY": b64encode(stored).decode(),
        "TEST_SERVER_KEY": b64encode(hmac_sha256(key, b"Server Key")).decode(),
        "TEST_DERIVED": b64encode(derived).decode(),
    }
    files = {"sensor": PASSWORD}
    with served(folder, LOGINS, files=files, variables=variables) as server:
        yield server


AUTOBAHN = {
    "wampcra": {"authid": "joe", "secret": PASSWORD},
    "wampcra, salted": {"authid": "salted", "secret": PASSWORD},
    "ticket": {"authid": "sensor", "ticket": PASSWORD},
    "cryptosign": {"authid": "owner", "privkey": SEED.hex()},
}


@pytest.mark.parametrize("method", AUTOBAHN)
def test_autobahn_logs_in(logins, method):
    """By each method that it has, as the user that the file names."""
    name, options = method.partition(",")[0], AUTOBAHN[method]

    async def scenario():
        login = create_authenticator(name, **options)
        async with join(logins.ws(), login=login) as session:
            details = await session.joined
            assert details.authid == options["authid"]
            assert details.authrole == ("sensor" if name == "ticket" else "user")

    asyncio.run(scenario())


def test_a_wrong_secret_is_refused(logins):
    """The one in the file counts."""

    async def scenario():
        login = create_authenticator("ticket", authid="sensor", ticket=f"{PASSWORD}\n")
        with pytest.raises(ApplicationError) as caught:
            async with join(logins.ws(), login=login):
                pass
        assert caught.value.error == "wamp.error.authentication_denied"

    asyncio.run(scenario())


@pytest.mark.parametrize(("authid", "iterations"), [("ann", 4096), ("keys", 5000)])
def test_a_client_logs_in_by_scram(logins, authid, iterations):
    """With a password of the environment, and with keys that were made from it."""
    with connected(logins.ws()) as client:
        hello = {"authid": authid, "authmethods": ["wamp-scram"], "roles": ROLES}
        nonce = ScramClient(authid, b"").authextra
        client.send(HELLO, "realm1", {**hello, "authextra": nonce})
        code, method, challenge = client.receive()
        assert (code, method) == (CHALLENGE, "wamp-scram")
        assert challenge["iterations"] == iterations
        salt = b64decode(challenge["salt"])
        person = ScramClient(authid, salted(iterations, salt))
        signature, extra = person.answer(challenge)
        client.send(AUTHENTICATE, signature, extra)
        code, _, welcome = client.receive()
        assert (code, welcome["authrole"]) == (WELCOME, "user")
        assert welcome["authextra"]["verifier"] == person.expected_verifier


def test_a_user_has_its_provider_and_extra(logins):
    """From the file, in WELCOME."""

    async def scenario():
        login = create_authenticator("wampcra", authid="joe", secret=PASSWORD)
        async with join(logins.ws(), login=login) as session:
            details = await session.joined
            assert details.authprovider == "staff"
            assert details.authextra == {"level": 3, "tags": ["a"]}

    asyncio.run(scenario())


def test_permissions_are_those_of_the_file(logins):
    """A guest gets what a sensor publishes, and nothing else."""

    async def scenario():
        ticket = create_authenticator("ticket", authid="sensor", ticket=PASSWORD)
        async with (
            join(logins.ws()) as guest,
            join(logins.ws(), login=ticket) as sensor,
        ):
            assert (await guest.joined).authrole == "guest"
            events = await guest.events("com.example.public.news")
            error = await failure(guest.subscribe(print, "com.example.secret"))
            assert error.error == "wamp.error.not_authorized"
            sensor.publish("com.example.public.news", "hot")
            args, _, _ = await asyncio.wait_for(events.get(), SECONDS)
            assert args == ("hot",)

    asyncio.run(scenario())


def test_every_realm_of_the_file_is_open(logins):
    """The second has no roles, so everybody may do everything; a third is unknown."""
    with connected(logins.ws()) as client:
        client.join("com.example.second")
        client.subscribe("com.any")
    with connected(logins.ws("/any/path")) as client:
        client.send(HELLO, "nowhere", {"roles": ROLES})
        code, _, reason = client.receive()
        assert (code, reason) == (ABORT, "wamp.error.no_such_realm")


def test_every_table_has_an_effect(router, tmp_path):
    """Long polling, metrics, health, limits, origins, RawSocket and the access log."""
    path = tmp_path / "wamp.sock"
    server = router(
        f"""
        [server]
        port = 0
        access_log = true
        log_format = "json"
        [router]
        metrics = "/metrics"
        health = "/healthz"
        max_message_size = 10_000
        allowed_origins = ["https://good.example"]
        [limits]
        session_bytes = 2000
        [longpoll]
        path = "/longpoll"
        [[rawsocket]]
        url = "unix://{path}"
        [realms.realm1]
        subscriptions = 1
        """
    )
    for page in ("metrics", "healthz"):
        with urlopen(server.http(page), timeout=SECONDS) as response:
            assert response.status == 200
    poller = LongPollClient(server.http())
    poller.join()
    poller.finish()
    with rawsocket(f"unix://{path}") as client:
        client.join()
        client.subscribe("com.example.one")
        assert (
            refusal(client, "com.two") == "limit of 1 subscriptions per session reached"
        )
    with connected(server.ws()) as client:
        client.join()
        assert "Limits.session_bytes, 2000 bytes" in refusal(
            client, "com." + "a" * 3000
        )
        client.send_data(b"x" * 10_001)
        assert client.end() == 1009
    statuses = [
        origin_status(server, f"https://{name}.example") for name in ("good", "bad")
    ]
    assert statuses == [101, 403]
    assert server.stop() == 0
    records = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert any("GET /healthz" in record["message"] for record in records)


def refusal(client: RawClient, topic: str) -> str:
    """What the router says of a subscription that it refuses."""
    answer = client.request(SUBSCRIBE, {}, topic)
    assert answer[0] == ERROR
    return answer[5][0]


def origin_status(server: Server, origin: str) -> int:
    """The status of an upgrade request of a page at *origin*."""
    host, port = server.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), SECONDS) as connection:
        connection.sendall(
            f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n".encode()
        )
        return int(connection.recv(12)[9:])


def test_tls_serves_https_and_rawsocket(router, certificates, tmp_path):
    """Relative paths begin where the file is."""
    for name in ("server", "server_key"):
        content = Path(getattr(certificates, name)).read_bytes()
        (tmp_path / f"{name}.pem").write_bytes(content)
        (tmp_path / f"{name}.pem").chmod(0o600)
    tls = 'certfile = "server.pem"\nkeyfile = "server_key.pem"\n'
    url = f"unix://{tmp_path}/wamp.sock"
    server = router(
        f"[server]\nport = 0\n{tls}[[rawsocket]]\nurl = {url!r}\n{tls}[realms.realm1]\n"
        '[router]\nhealth = "/healthz"\n'
    )
    assert server.url.startswith("https://")
    context = certificates.client_context()
    with urlopen(server.http("healthz"), timeout=SECONDS, context=context) as response:
        assert response.status == 200

    class Encrypted(RawSocketClient):
        def dial(self, address: str) -> ssl.SSLSocket:
            return context.wrap_socket(
                super().dial(address), server_hostname="localhost"
            )

    client = Encrypted(url)
    with contextlib.closing(client):
        client.join().leave()


def test_a_unix_socket_serves_http(processes, tmp_path):
    """Its URL is announced, and the socket is removed in the end."""
    (tmp_path / "router.toml").write_text(
        '[server]\nunix = "http.sock"\n[router]\nhealth = "/h"\n[realms.realm1]\n'
    )
    path = tmp_path / "http.sock"
    with started([*COMMAND, "router", str(tmp_path / "router.toml")]) as process:
        assert process.stdout.readline() == f"wsocket: serving on unix://{path}\n"
        assert health_of(path) == b"HTTP/1.1 200"
    assert not path.exists()


def health_of(path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(str(path))
        client.sendall(b"GET /h HTTP/1.1\r\nHost: x\r\n\r\n")
        return client.recv(12)


def test_an_inherited_socket_serves_http(processes, tmp_path):
    """As a supervisor hands it over."""
    path = tmp_path / "http.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        (tmp_path / "router.toml").write_text(
            f"[server]\nfd = [{listening.fileno()}]\n[router]\nhealth = '/h'\n"
            "[realms.realm1]\n"
        )
        command = [*COMMAND, "router", str(tmp_path / "router.toml")]
        with subprocess.Popen(
            command,
            env=environ(),
            pass_fds=[listening.fileno()],
            stdout=subprocess.PIPE,
        ) as process:
            try:
                assert process.stdout.readline().startswith(
                    b"wsocket: serving on unix:"
                )
                assert health_of(path) == b"HTTP/1.1 200"
            finally:
                process.terminate()
            assert process.wait(SECONDS) == 0


def test_sighup_ends_it_gracefully(router):
    """Clients are told to come back, and the exit status is 0."""
    server = router(OPEN)
    with contextlib.closing(RawClient(server.ws())) as client:
        client.join()
        server.process.send_signal(signal.SIGHUP)
        assert client.end() == 1012
    assert server.process.wait(SECONDS) == 0


def test_an_authorizer_is_a_procedure_of_a_client(router):
    """It decides where a permission says so, and where there is none."""
    server = router(
        """
        [server]
        port = 0
        [realms.realm1]
        authorizer = "com.example.authorize"
        [[realms.realm1.auth]]
        method = "anonymous"
        role = "guest"
        [[realms.realm1.roles]]
        name = "guest"
        [[realms.realm1.roles.permissions]]
        uri = "com.example.authorize"
        allow = ["register"]
        [[realms.realm1.roles.permissions]]
        uri = "com.example.asked."
        match = "prefix"
        allow = "authorizer"
        """
    )

    async def scenario():
        async with join(server.ws()) as authorizer, join(server.ws()) as guest:
            asked = []

            def authorize(session, uri, action, options):
                asked.append((uri, action))
                return uri.endswith("good")

            await authorizer.register(authorize, "com.example.authorize")
            await guest.subscribe(print, "com.example.asked.good")
            error = await failure(guest.subscribe(print, "com.example.asked.bad"))
            assert error.error == "wamp.error.not_authorized"
            assert asked == [
                ("com.example.asked.good", "subscribe"),
                ("com.example.asked.bad", "subscribe"),
            ]

    asyncio.run(scenario())


def test_a_file_with_mistakes_is_not_served(processes, tmp_path):
    """They are told on stderr, one a line, and the exit status is 1."""
    path = tmp_path / "router.toml"
    path.write_text("[server]\nport = 'x'\n[limits]\nturn = 0\n[realms.realm1]\n")
    done = ended([*COMMAND, "router", str(path)])
    assert done.stderr.splitlines() == [
        f"wsocket: {path}:2: server.port: expected a port, such as 8080, got the text "
        '"x"',
        f"wsocket: {path}:4: limits.turn: expected seconds, at least 1e-06, got 0.0",
    ]
    assert (done.returncode, done.stdout) == (1, "")


def test_an_address_in_use_is_said_in_one_line(processes, tmp_path):
    """Without a traceback; with exit status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = tmp_path / "router.toml"
        path.write_text(f"[realms.realm1]\n[server]\nport = {port}\n")
        done = ended([*COMMAND, "router", str(path)])
    [line] = done.stderr.splitlines()
    assert line.startswith("wsocket: ")
    assert str(port) in line
    assert done.returncode == 1


def test_nothing_is_served_but_what_the_file_says(logins):
    """No metrics, no health, no long polling, no page, no websocket without WAMP."""
    for page in ("", "metrics", "healthz", "longpoll/open"):
        with pytest.raises(HTTPError) as caught:
            urlopen(logins.http(page), timeout=SECONDS)
        with caught.value as answer:
            assert answer.code == 404
            assert b"wamp.2.json" in answer.read()
    with pytest.raises(WebSocketBadStatusException) as refused:
        create_connection(logins.ws(), timeout=SECONDS)
    assert refused.value.status_code == 400
    assert b"wamp.2.json" in refused.value.resp_body


def test_debug_shows_the_traceback_of_a_failure(processes, tmp_path):
    """And only that does."""
    (tmp_path / "taken").mkdir()
    path = tmp_path / "router.toml"
    path.write_text(f'{OPEN}[[rawsocket]]\nurl = "unix://{tmp_path}/taken"\n')
    plain, debug = (
        ended([*COMMAND, "router", str(path), *more]) for more in ([], ["--debug"])
    )
    assert (plain.returncode, debug.returncode) == (1, 1)
    assert plain.stderr.count("\n") == 1
    assert f"{tmp_path}/taken" in plain.stderr
    assert "Traceback" in debug.stderr


def test_a_secret_that_others_can_read_is_served_with_a_warning(processes, tmp_path):
    """On stderr, before the address."""
    (tmp_path / "ticket").write_text("t1cket")
    (tmp_path / "ticket").chmod(0o604)
    (tmp_path / "router.toml").write_text(
        f'{OPEN}[[realms.realm1.auth]]\nmethod = "ticket"\nusers = '
        '[{ authid = "joe", role = "user", ticket_file = "ticket" }]\n'
    )
    command = [*COMMAND, "router", str(tmp_path / "router.toml")]
    with running(command, tmp_path / "log") as server:
        [line] = server.log.read_text().splitlines()
    assert line.startswith(f"wsocket: {tmp_path}/router.toml:6: realms.realm1.auth[0].")
    assert line.endswith(f"chmod o-rwx {tmp_path}/ticket (warning)")
