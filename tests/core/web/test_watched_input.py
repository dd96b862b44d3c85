"""Uploads that break off on the servers of others: no failure of the application."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

from tests.core.web.wsgi import Answer, begin
from wsocket import WSocketApp


class Broken(io.BytesIO):
    """The input of a server whose client is gone after the first bytes."""

    def _fail(self, *args: Any) -> Any:
        raise ConnectionResetError("reset by peer")

    read = readline = readlines = _fail
    only_here = "of this server"


def failures(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the log says above DEBUG."""
    return [each for each in caplog.records if each.levelno > logging.DEBUG]


METHODS = {
    "read": lambda source: source.read(),
    "read some": lambda source: source.read(10),
    "readline": lambda source: source.readline(),
    "readline some": lambda source: source.readline(10),
    "readlines": lambda source: source.readlines(),
    "iteration": lambda source: list(source),
}
FRAMINGS = [{"CONTENT_LENGTH": "100"}, {"HTTP_TRANSFER_ENCODING": "chunked"}]


@pytest.mark.parametrize("framing", FRAMINGS, ids=repr)
@pytest.mark.parametrize("read", METHODS.values(), ids=METHODS)
def test_upload_that_breaks_off_is_a_400(caplog, read, framing):
    """With a line at DEBUG, and no traceback."""
    caplog.set_level("DEBUG")
    answer = Answer()

    def handler(environ, start_response):
        return read(environ["wsgi.input"])

    begin(handler, answer, **framing, **{"wsgi.input": Broken()})
    assert answer.status == "400 Bad Request"
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.exc_info is None
    assert "the client is gone: reset by peer" in record.getMessage()


def test_what_the_handler_makes_of_it_is_no_failure_either(caplog):
    """Frameworks raise errors of their own from it."""
    answer = Answer()

    def handler(environ, start_response):
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            raise ValueError("unreadable form") from error

    begin(handler, answer, CONTENT_LENGTH="100", **{"wsgi.input": Broken()})
    assert answer.status == "400 Bad Request"
    assert not failures(caplog)


def test_handler_may_answer_itself(caplog):
    """It has the server's own error, an OSError."""
    answer = Answer()

    def handler(environ, start_response):
        try:
            environ["wsgi.input"].read()
        except OSError:
            return "what has come was kept"

    body = begin(handler, answer, CONTENT_LENGTH="100", **{"wsgi.input": Broken()})
    assert (answer.status, list(body)) == ("200 OK", [b"what has come was kept"])
    assert not failures(caplog)


def test_upload_that_breaks_off_in_the_middle_is_the_servers_business(caplog):
    """It gets its own error back, and knows how to end the response."""

    def handler(environ, start_response):
        yield "begun"
        environ["wsgi.input"].read()

    chunks = iter(begin(handler, CONTENT_LENGTH="100", **{"wsgi.input": Broken()}))
    assert next(chunks) == b"begun"
    with pytest.raises(ConnectionResetError, match="reset by peer"):
        next(chunks)
    assert not failures(caplog)


def test_other_connections_that_break_are_failures_of_the_handler(caplog):
    """Such as that to a database."""
    answer = Answer()

    def handler(environ, start_response):
        raise ConnectionResetError("database")

    begin(handler, answer, CONTENT_LENGTH="100", **{"wsgi.input": Broken()})
    assert answer.status == "500 Internal Server Error"
    assert "ConnectionResetError: database" in caplog.text


def test_input_of_the_server_is_otherwise_as_it_was():
    """With what its file has besides PEP 3333; without a body it is the file itself."""
    seen = []

    def handler(environ, start_response):
        seen.append(environ["wsgi.input"])

    source = Broken()
    begin(handler, CONTENT_LENGTH="100", **{"wsgi.input": source})
    begin(handler, CONTENT_LENGTH="", **{"wsgi.input": source})
    assert seen[0].only_here == "of this server"
    assert seen[1] is source


def test_wrapped_application_is_watched_too(caplog):
    """What it lets through is not its failure."""

    def site(environ, start_response):
        return [environ["wsgi.input"].read()]

    answer = Answer()
    begin(WSocketApp(site), answer, CONTENT_LENGTH="9", **{"wsgi.input": Broken()})
    assert answer.status == "400 Bad Request"
    assert not failures(caplog)
