"""The HTTP bridge on every WSGI server."""

from __future__ import annotations

import json

import pytest

from tests.servers.clients import PUBLISH, Wamp
from tests.servers.conftest import EVERY_KIND
from tests.wamp.bridge.http import listening, post

# On eventlet's server a stream keeps the only thread until there is something to write.
STREAMING = [each for each in EVERY_KIND if each.values != ("eventlet",)]


@pytest.mark.parametrize("running_site", STREAMING, indirect=True, scope="session")
def test_stream_of_events_and_requests_work_on_every_server(site):
    """Also on those with one thread: it is free as soon as the listener is gone."""
    publisher = Wamp(site)
    for number in range(3):
        with listening(site.url, "topic=com.example.stream") as stream:
            publisher.request(PUBLISH, {}, "com.example.stream", [number])
            assert stream.args() == [number]
        body = {"procedure": "com.example.add", "args": [number, 1]}
        answer = post(site.url, "/wamp/call", body)
        assert json.loads(answer.body) == {"args": [number + 1], "kwargs": {}}
    publisher.leave()
