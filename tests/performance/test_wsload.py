"""The load generator of the benchmarks finds what is lost, wrong or out of order."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.environments import build_load_generator
from tests.performance.misbehaving import (
    BINARY,
    PING,
    TEXT,
    Connection,
    answering,
    frame,
)
from tests.programs import Server, app_commands, ended, need, running

HELLO, CALL, PUBLISH, SUBSCRIBE, REGISTER, YIELD = 1, 48, 16, 32, 64, 70
SHORT = ("--seconds", "0.2", "--warm-up", "0.05")


@pytest.fixture(scope="module")
def wsload(processes: None) -> Path:
    need(shutil.which("cc"), "a C compiler")
    return build_load_generator()


@pytest.fixture(scope="module")
def router(processes: None, tmp_path_factory: pytest.TempPathFactory):
    command = app_commands("tests.performance.apps.router")["gevent"]
    with running(command, tmp_path_factory.mktemp("router") / "log") as server:
        yield server


def run(wsload: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return ended([str(wsload), *map(str, arguments), *SHORT])


def failure(wsload: Path, *arguments: object) -> str:
    """What it says when it must fail."""
    done = run(wsload, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize("serializer", ["json", "msgpack"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("rpc", "--connections", 3, "--window", 4),
        ("rpc", "--size", 100_000),
        ("pubsub", "--connections", 2, "--subscribers", 3, "--window", 4),
        ("pubsub", "--patterns", 300),
    ],
    ids=lambda each: " ".join(map(str, each)),
)
def test_a_sound_router_passes(wsload, router: Server, arguments, serializer):
    """The result counts the operations and the CPU time of both sides."""
    port = router.url.rstrip("/").rpartition(":")[2]
    pid = router.process.pid
    common = ("--port", port, "--pids", pid, "--serializer", serializer)
    done = run(wsload, *arguments, *common)
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["operations"] > 0
    assert result["server_cpu_seconds"] > 0
    assert result["load_cpu_seconds"] > 0
    assert result["rss_after_kb"] > 0


def test_sessions_join_and_stay(wsload, router: Server):
    """The mode `join` waits for WELCOME on every connection."""
    port = router.url.rstrip("/").rpartition(":")[2]
    done = run(wsload, "join", "--port", port, "--connections", 100)
    assert json.loads(done.stdout)["connections"] == 100


def in_pieces(connection: Connection, payload: bytes) -> None:
    """An echo in three fragments with pings between, in small segments."""
    data = (
        frame(PING, b"one")
        + frame(BINARY, payload[:10], fin=False)
        + frame(PING, b"two")
        + frame(0, payload[10:40], fin=False)
        + frame(0, payload[40:])
    )
    step = 7 if len(data) < 2000 else 4001
    for start in range(0, len(data), step):
        connection.sock.sendall(data[start : start + step])


@pytest.mark.parametrize("size", [64, 4096, 70_000])
def test_fragments_pings_and_portions_are_understood(wsload, size):
    """However the server cuts its frames, every message is counted once."""
    with answering(in_pieces) as (port, _):
        done = run(wsload, "echo", "--port", port, "--window", 3, "--size", size)
    assert done.stderr == ""
    assert json.loads(done.stdout)["operations"] > 0


def test_frames_are_masked_anew_and_pings_are_answered(wsload):
    """RFC 6455 sections 5.3 and 5.5.2."""
    with answering(in_pieces) as (port, connections):
        run(wsload, "echo", "--port", port)
    [connection] = connections
    assert len(set(connection.masks)) > 0.9 * len(connection.masks)
    assert set(connection.pongs) == {b"one", b"two"}


def wrong_echo(connection: Connection, payload: bytes) -> None:
    connection.sock.sendall(frame(BINARY, payload[:-1] + b"!"))


def short_echo(connection: Connection, payload: bytes) -> None:
    connection.sock.sendall(frame(BINARY, payload[:-1]))


def twice(connection: Connection, payload: bytes) -> None:
    connection.sock.sendall(2 * frame(BINARY, payload))


def hang_up(connection: Connection, payload: bytes) -> None:
    raise ConnectionError


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (wrong_echo, "another message than was to come back"),
        (short_echo, "another message than was to come back"),
        (twice, "another message than was to come back"),
        (hang_up, "the server has dropped it"),
    ],
)
def test_a_wrong_echo_fails(wsload, answer, problem):
    """The first wrong answer ends the run."""
    with answering(answer) as (port, _):
        assert problem in failure(wsload, "echo", "--port", port)


class Router:
    """Answers WAMP as it is told: *change* gets each message before it is sent."""

    def __init__(self, change) -> None:
        self.change = change
        self.callee: Connection | None = None

    def __call__(self, connection: Connection, payload: bytes) -> None:
        code, request, *rest = json.loads(payload)
        if code == HELLO:
            self.send(connection, [2, 1, {}])
        elif code in (SUBSCRIBE, REGISTER):
            self.callee = connection
            self.send(connection, [code + 1, request, 5])
        elif code == CALL:
            self.caller = connection
            self.send(self.callee, [68, request, 5, {}, rest[2]])
        elif code == YIELD:
            self.send(self.caller, [50, request, {}, rest[1]])
        elif code == PUBLISH:
            self.send(self.callee, [36, 5, 6, {}, rest[2]])

    def send(self, connection: Connection, message: list) -> None:
        for each in self.change(message):
            connection.sock.sendall(frame(TEXT, json.dumps(each).encode()))


def lose_third_event(message):
    if message[0] == 36 and message[4][1] == 3:
        return []
    return [message]


def repeat_events(message):
    return [message, message] if message[0] == 36 else [message]


def cut_results(message):
    if message[0] == 50:
        return [[*message[:3], [*message[3][:2], "short"]]]
    return [message]


def results_of_others(message):
    return [[50, message[1] + 1, *message[2:]]] if message[0] == 50 else [message]


def results_of_nobody(message):
    return [[50, message[1] + 100, *message[2:]]] if message[0] == 50 else [message]


def refuse_calls(message):
    if message[0] == 68:
        return [[8, 48, message[1], {}, "wamp.error.no_such_procedure"]]
    return [message]


@pytest.mark.parametrize(
    ("mode", "change", "problem"),
    [
        ("pubsub", lose_third_event, "an event is lost or out of order"),
        ("pubsub", repeat_events, "an event is lost or out of order"),
        ("rpc", cut_results, "another payload than was sent"),
        ("rpc", results_of_others, "the result of another call"),
        ("rpc", results_of_nobody, "a result of a call that is not in flight"),
        ("rpc", refuse_calls, "an unexpected message"),
    ],
)
def test_a_router_that_errs_fails(wsload, mode, change, problem):
    """What comes must be what was asked for, whole and in order."""
    with answering(Router(change)) as (port, _):
        said = failure(wsload, mode, "--port", port, "--window", 8)
    assert problem in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["rpc"], "--port is missing"),
        (["rpc", "--port", "http"], "--port: expected a whole number"),
        (["talk", "--port", "80"], "the mode must be rpc, pubsub, echo"),
        (["rpc", "--port", "80", "--pids", "1,x"], "--pids: expected process numbers"),
        (["echo", "--port", "80", "--size", "3"], "--size must be at least 16"),
    ],
)
def test_a_wrong_command_line_is_explained(wsload, arguments, problem):
    """Status 2, and a line that says what was expected."""
    done = run(wsload, *arguments)
    assert done.returncode == 2
    assert problem in done.stderr
