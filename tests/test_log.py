"""What is logged: nothing that a peer says can forge a record, or fill the disk."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websocket

from tests.patience import SECONDS
from tests.serving import serving
from wsocket import WSocketApp, logger

FORGED = "ERROR wsocket: forged"
# What some program takes for the end of a line, or for a command to the terminal.
DANGEROUS = [
    *("\n", "\r", "\r\n", "\0", "\b", "\t", "\v", "\f", "\x1b[2J", "\x7f", "\x1c"),
    *("\x1e", "\x80", "\x85", "\x9b31m", "\xa0", "\xad", "\u2028", "\u2029", "\u202e"),
    *("\u200b", "\u2066", "\ufeff", "\ud83d", "\udc80", "\U000e0001"),
]


class Log:
    """What a handler that knows nothing of this package writes."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(
            logging.Formatter("%(levelname)s %(name)s: %(message)s")
        )

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[str]:
        """As `str.splitlines` sees them, with line ends of every kind."""
        return self.text.splitlines()


@pytest.fixture
def log() -> Iterator[Log]:
    """The log, from DEBUG on."""
    log, before = Log(), logger.level
    logger.addHandler(log.handler)
    logger.setLevel(logging.DEBUG)
    yield log
    logger.setLevel(before)
    logger.removeHandler(log.handler)


class Shown:
    """An object whose text is what a peer has chosen."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


@pytest.mark.parametrize("danger", DANGEROUS, ids=ascii)
def test_message_is_one_line_whatever_it_says(log, danger):
    """As text, as the text of an object, in a dict, and as the message itself."""
    said = f"a{danger}{FORGED}"
    logger.error("it said %s", said)
    logger.error("it said %s and %r", Shown(said), Shown(said))
    logger.error("it said %(words)s", {"words": said})
    logger.error("it said %s", [Shown(said)])
    logger.error(said)
    logger.error(ValueError(said))
    assert len(log.lines) == 6
    assert all(line.startswith("ERROR wsocket: ") for line in log.lines)
    assert all(line.isprintable() for line in log.lines)


def test_text_that_can_be_shown_is_shown():
    """Also in other alphabets; and numbers are formatted as numbers."""
    record = logger.makeRecord(
        *("wsocket", logging.INFO, __file__, 1, "%s %d %g %5.1f %s %a"),
        ("Grüße, 世界 \\n", 5, 0.5, 2.25, None, "é"),
        None,
    )
    assert logger.filter(record)
    assert record.getMessage() == "Grüße, 世界 \\n 5 0.5   2.2 None '\\xe9'"


def test_what_a_peer_says_is_shortened_and_our_words_are_not(log):
    """Its middle is left out, and the end of the message is there."""
    logger.error("%s failed, error id %s", "a" + "x" * 1_000_000 + "z", "1234")
    logger.error("%r failed, error id %s", Shown("\n" * 1_000_000), "1234")
    first, second = log.lines
    assert first.startswith("ERROR wsocket: axxx")
    assert "xxz failed" in first
    assert "(999002 characters left out)" in first
    assert all(line.endswith(" failed, error id 1234") for line in log.lines)
    assert len(first) < 1200
    assert len(second) < 2200


def test_object_that_has_no_text_does_not_lose_the_record(log):
    """Its class is named, and what its method has raised."""

    class Mute:
        def __str__(self) -> str:
            raise ZeroDivisionError

    logger.error("the answer was %s", Mute())
    assert log.lines == [
        "ERROR wsocket: the answer was <Mute whose text raises ZeroDivisionError>"
    ]


@pytest.mark.parametrize("danger", DANGEROUS, ids=ascii)
def test_no_line_of_a_traceback_passes_for_a_record(log, danger):
    """Neither the message of the exception, nor that of its cause."""
    try:
        try:
            raise KeyError(Shown(f"a{danger}{FORGED}"))
        except KeyError as cause:
            raise ValueError(f"a{danger}{FORGED}") from cause
    except ValueError:
        logger.exception("it failed")
    first, *trace = log.lines
    assert first == "ERROR wsocket: it failed"
    assert all(line.startswith("  | ") for line in trace)
    assert all(line.isprintable() for line in trace)


def test_traceback_stays_readable(log):
    """A line for each line, with its indentation."""
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("it failed")
    assert log.lines[1] == "  | Traceback (most recent call last):"
    assert log.lines[2].startswith('  |   File "')
    assert log.lines[3] == '  |     raise ValueError("two\\nlines")'
    assert log.lines[-2:] == ["  | ValueError: two", "  | lines"]


def test_huge_traceback_is_shortened(log):
    """Its beginning and its end are kept."""
    try:
        raise ValueError("x\n" * 1_000_000)
    except ValueError:
        logger.exception("it failed")
    assert len(log.text) < 60_000
    assert "Traceback (most recent call last)" in log.text
    assert "characters left out" in log.text


def test_text_that_cannot_be_encoded_reaches_a_file(tmp_path):
    """Half of an emoji must not fail the handler, which would lose the record."""
    path: Path = tmp_path / "log"
    handler = logging.FileHandler(path, encoding="utf-8")
    logger.addHandler(handler)
    logger.error("it said %s", "\ud83d")
    logger.removeHandler(handler)
    handler.close()
    assert path.read_text() == "it said \\ud83d\n"


# Said by real clients


@pytest.fixture
def app() -> WSocketApp:
    return WSocketApp(protocol="WAMP")


def wamp_messages(url: str, *messages: object) -> None:
    """Send WAMP messages, and wait until the router closes the connection."""
    client = websocket.create_connection(
        url, subprotocols=["wamp.2.json"], timeout=SECONDS
    )
    for message in messages:
        client.send(json.dumps(message))
    while client.recv_data()[0] != 8:
        continue
    client.shutdown()


@pytest.mark.parametrize(
    "messages",
    [
        [[3, {}, f"a.b\n{FORGED}"]],
        [[3, {}, f"a.b\x1b[2K\r{FORGED}"]],
        [[1, f"a.b\n{FORGED}", {"roles": {}}]],
        [[1, "realm1", {"roles": {f"\n{FORGED}": 5}}]],
        [[f"\n{FORGED}"]],
        [[1, "realm1", {"roles": {"caller": {}}}], [48, 1, {f"\n{FORGED}": 1}, "a", 5]],
    ],
    ids=["ABORT", "terminal", "realm", "roles", "type", "payload"],
)
def test_wamp_client_cannot_forge_a_record(app, log, messages):
    """Wherever its words are logged."""
    with serving(app) as url:
        wamp_messages(url, *messages, [1, "a", {}], [1, "a", {}])
    assert not [line for line in log.lines if line.startswith(FORGED)]
    assert all(line.isprintable() for line in log.lines)


def test_arguments_of_a_call_cannot_forge_a_record(app, log):
    """They are in the message of the exception that the procedure raises."""

    @app.register("com.example.fail")
    def fail(word: str) -> None:
        raise ValueError(f"unknown word: {word}")

    hello = [1, "realm1", {"roles": {"caller": {}}}]
    call = [48, 1, {}, "com.example.fail", [f"\n{FORGED}\n{'x' * 100_000}"]]
    with serving(app) as url:
        client = websocket.create_connection(
            url, subprotocols=["wamp.2.json"], timeout=SECONDS
        )
        for message in (hello, call):
            client.send(json.dumps(message))
            client.recv()
        client.close()
    assert "  | ValueError: unknown word: " in log.text
    assert f"  | {FORGED}" in log.lines
    assert FORGED not in log.lines
    assert max(map(len, log.lines)) < 1200


def test_path_of_a_failing_websocket_cannot_forge_a_record(log):
    """It is decoded before it is logged."""
    app = WSocketApp()
    app.route("*")(lambda environ, start_response: 1 / 0)
    with serving(app) as url:
        client = websocket.create_connection(
            f"{url}a%0A{FORGED.replace(' ', '%20')}%E2%80%A8%1B", timeout=SECONDS
        )
        assert client.recv_data()[0] == 8
        client.shutdown()
    assert f"handler for /a\\n{FORGED}\\u2028\\x1b failed" in log.text
    assert not [line for line in log.lines if line.startswith(FORGED)]


@pytest.mark.parametrize("target", [f"/%0A{FORGED}", "/" + "x" * 8000, "/\r" + FORGED])
def test_http_request_cannot_forge_a_record(log, target):
    """Neither one that fails, nor one that is refused."""
    app = WSocketApp()
    app.route("*")(lambda environ, start_response: 1 / 0)
    with serving(app) as url:
        address = urlsplit(url)
        with socket.create_connection((address.hostname, address.port)) as client:
            client.settimeout(SECONDS)
            line = f"GET {target.replace(' ', '%20')} HTTP/1.1"
            client.sendall(f"{line}\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            while client.recv(65536):
                continue
    assert log.lines
    assert not [line for line in log.lines if line.startswith(FORGED)]
    assert all(len(line) < 1500 for line in log.lines)
