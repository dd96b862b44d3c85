"""Wrong arguments of `connect`: refused before anything is sent."""

from __future__ import annotations

import pytest

from wsocket import CallOptions, PublishOptions

URL = "ws://127.0.0.1:1/"


@pytest.mark.parametrize(
    ("url", "options", "problem"),
    [
        ("http://127.0.0.1/", {}, "expected ws://.*; did you mean 'ws://127.0.0.1/'"),
        ("https://x/ws", {}, r"expected ws://.*; did you mean 'wss://x/ws'\?"),
        ("127.0.0.1:8080", {}, "expected ws://.* mean 'ws://127.0.0.1:8080'"),
        ("ftp://127.0.0.1/", {}, r"or unix:///PATH$"),
        ("", {}, r"or unix:///PATH$"),
        ("http://ada:secret@x/", {}, "use auth= or headers="),
        ("ws://", {}, "expected ws://HOST:PORT/PATH"),
        ("tcp://127.0.0.1", {}, "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:99999", {}, "expected ws://.*Port out of range 0-65535"),
        ("tcp://127.0.0.1:80/path", {}, "expected ws://"),
        ("unix://relative", {}, "unix:///PATH; did you mean 'unix:///relative'"),
        ("ws://ada:secret@127.0.0.1/", {}, "use auth= or headers="),
        (URL, {"realm": "no realm"}, "invalid URI"),
        (URL, {"serializer": "xml"}, "serializer: expected one of 'json'"),
        (URL, {"timeout": 0}, "timeout: expected seconds"),
        (URL, {"ping_interval": -1}, "ping_interval"),
        (URL, {"ping_timeout": 0}, "ping_timeout"),
        (URL, {"max_message_size": 1}, "max_message_size: expected 512 to"),
        (URL, {"headers": {"Cookie": "a\r\nb"}}, "Cookie.*one line"),
        (URL, {"agent": ""}, "agent"),
    ],
)
def test_wrong_value_is_refused(connecting, url, options, problem):
    """The message says what is expected, and shows no secret."""
    with pytest.raises(ValueError, match=problem) as caught:
        connecting(url, **options).__enter__()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "options", "problem"),
    [
        (5, {}, "the URL of a router"),
        (URL, {"tls": True}, "tls: expected an ssl.SSLContext"),
        (URL, {"reconnect": 5}, "reconnect: expected a bool or a Backoff"),
        (URL, {"auth": "secret"}, "auth: expected one of wsocket.client.auth"),
        (URL, {"headers": ["Cookie"]}, "headers: expected a mapping"),
        (URL, {"timeout": "soon"}, "timeout: expected seconds"),
        (URL, {"colour": "red"}, "colour"),
    ],
)
def test_wrong_type_is_refused(connecting, url, options, problem):
    """The message says what is expected, and shows no secret."""
    with pytest.raises(TypeError, match=problem) as caught:
        connecting(url, **options).__enter__()
    assert "secret" not in str(caught.value)


def test_options_among_the_values_are_refused(connecting, place):
    """They would be sent to everybody; and a ``*`` would fit nothing."""
    with connecting(place.ws) as session:
        with pytest.raises(TypeError, match=r"write options=PublishOptions\("):
            session.publish("com.example.x", PublishOptions(retain=True))
        with pytest.raises(TypeError, match=r"write options=CallOptions\("):
            session.call("com.example.add", 1, 2, option=CallOptions())
        with pytest.raises(ValueError, match=r"write 'com\.' with match='prefix'"):
            session.subscribe("com.*", print)
