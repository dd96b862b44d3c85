"""Headless Chromium over https and wss."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.core.http.http_client import KINDS, PATCHED
from tests.interop.browser import SECONDS, open_browser
from tests.programs import Server, running

# One browser at a time is enough for a small machine.
pytestmark = pytest.mark.xdist_group("browser")

SERVE = "from tests.core.net.tls.tls_app import serve; "
ECHO = """
const [url, size, done] = arguments;
const socket = new WebSocket(url);
const text = "ž".repeat(size);
socket.onopen = () => socket.send(text);
socket.onmessage = event => { done(event.data === text); socket.close(); };
socket.onerror = () => done("error");
"""


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, certificates, tmp_path_factory) -> Iterator[Server]:
    patch = PATCHED if request.param == "gevent" else ""
    source = f"{patch}{SERVE}serve({certificates.server!r})"
    log = tmp_path_factory.mktemp(request.param) / "log"
    with running([sys.executable, "-c", source], log) as started:
        yield started
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory):
    """It does not know the authority of the tests."""
    profile = tmp_path_factory.mktemp("profile")
    with open_browser(chromium, profile, "--ignore-certificate-errors") as chrome:
        chrome.set_script_timeout(SECONDS)
        yield chrome


def test_page_and_websocket_come_over_tls(server, browser):
    """The page's own origin may open a websocket; a MiB comes back as it was."""
    browser.get(server.url)
    assert "Hello World!" in browser.page_source
    assert browser.execute_script("return isSecureContext")
    assert browser.execute_async_script(ECHO, server.ws("/echo"), 2**19) is True
