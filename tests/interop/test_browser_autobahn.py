"""autobahn.js in headless Chromium: what only a browser shows, on both servers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.interop.browser import ScriptPage
from tests.programs import ROOT, need

# One browser at a time is enough for a small machine.
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def open_page(browser, server) -> Callable[[], ScriptPage]:
    """Open a window that ends with the test."""
    need((ROOT / "examples/chat/node_modules/autobahn-browser").is_dir(), "autobahn.js")
    first_window = browser.window_handles[0]
    opened: list[ScriptPage] = []

    def open_one():
        opened.append(ScriptPage(browser, server.http("/page")))
        return opened[-1]

    yield open_one
    for page in opened:
        page.close()
    browser.switch_to.window(first_window)


@pytest.mark.parametrize("callee", ["json", "msgpack"])
def test_progressive_results(open_page, uri, callee):
    """From Python and from another browser, which need not announce call_canceling."""
    one, two = open_page(), open_page()
    one.run("serve_progress", uri, callee)
    expected = {"heard": [1, 2, 3], "end": "end"}
    assert two.run("call_with_progress", uri, "json", 3) == expected
    assert two.run("call_with_progress", uri, "msgpack", 3) == expected
    assert two.run("call", "com.example.python.collect", uri, 2) == [[1, 2], "end"]
    count = two.run("call_with_progress", "com.example.python.count", callee, 2)
    assert count == {"heard": [1, 2], "end": None}


def test_binary(open_page):
    """In MessagePack it is an Uint8Array; in JSON autobahn.js leaves it a string."""
    page = open_page()
    assert page.run("binary", "msgpack") == {
        "is_array": True,
        "bytes": [0, 128, 255],
        "echoed": "bytes",
    }
    assert page.run("binary", "json") == {
        "is_array": False,
        "bytes": ["\0", *"AID/"],
        "echoed": "bytes",
    }


def test_progress_needs_the_promises_of_when_js(open_page):
    """With ES6 promises autobahn.js throws; the call and the session go on."""
    outcome = open_page().run("es6_promises")
    assert "notify is not a function" in outcome.pop("thrown")
    assert outcome == {"heard": [], "end": None, "open": True}


@pytest.mark.parametrize("how", [None, {"mode": "skip"}, {"mode": "killnowait"}])
def test_canceled_call(open_page, uri, how):
    """The answer ends the connection, unless the realm has compat_autobahn_js."""
    page = open_page()
    ended = {"error": "Cancelled", "caller": "closed", "callee": "open"}
    assert page.run("cancel", uri, "realm1", how) == ended
    survived = {"error": "Cancelled", "caller": "open", "callee": "open"}
    assert page.run("cancel", uri, "com.example.compatible", how) == survived


def test_killed_call(open_page, uri):
    """``kill`` is the mode in which autobahn.js waits for an answer."""
    page = open_page()
    survived = {"error": "wamp.error.canceled", "caller": "open", "callee": "open"}
    for realm in ("realm1", "com.example.compatible"):
        assert page.run("cancel", uri, realm, {"mode": "kill"}) == survived
