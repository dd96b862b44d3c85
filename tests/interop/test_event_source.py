"""`EventSource` in headless Chromium listens to the HTTP bridge, on both servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.support.wait import WebDriverWait

from tests.patience import SECONDS
from tests.programs import Server, app_commands, running
from tests.wamp.bridge.http import publish

pytestmark = pytest.mark.xdist_group("browser")

LISTEN = """
    const [url] = arguments;
    window.seen = [];
    window.notices = [];
    window.opened = 0;
    const source = window.source = new EventSource(url);
    source.onopen = () => { window.opened += 1; };
    source.onmessage = (event) => {
        window.seen.push(JSON.parse(event.data).args[0]);
    };
    for (const name of ["resume", "dropped", "end"]) {
        source.addEventListener(name, (event) => {
            window.notices.push([name, JSON.parse(event.data)]);
        });
    }
"""


@pytest.fixture(scope="module", params=["threads", "gevent"])
def bridged(processes, request, tmp_path_factory) -> Iterator[Server]:
    """The bridge of `tests.wamp.apps.event_source`, with a page."""
    command = app_commands("tests.wamp.apps.event_source")[request.param]
    log = tmp_path_factory.mktemp("bridged") / "server.log"
    with running(command, log) as server:
        yield server
    assert "Traceback" not in log.read_text()


@pytest.fixture
def page(browser, bridged):
    """A window with a page of the server."""
    first = browser.window_handles[0]
    browser.switch_to.new_window("window")
    browser.get(bridged.http("/page"))
    yield browser
    browser.execute_script("window.source.close()")
    browser.close()
    browser.switch_to.window(first)


def wait_for(page, script: str, value: object) -> None:
    wait = WebDriverWait(page, SECONDS, poll_frequency=0.05)
    wait.until(
        lambda _: page.execute_script(f"return {script}") == value,
        f"{script} is not {value!r}",
    )


def test_page_gets_events_as_they_are_published(page, bridged, uri):
    """Without a library, and the names of notices do not disturb `onmessage`."""
    page.execute_script(LISTEN, f"/wamp/events?topic={uri}")
    wait_for(page, "window.opened", 1)
    for number in range(3):
        publish(bridged.http(), uri, number)
    wait_for(page, "window.seen", [0, 1, 2])


def test_page_whose_stream_has_ended_comes_back_and_misses_nothing(page, bridged, uri):
    """Chromium sends Last-Event-ID by itself; the realm keeps the events."""
    page.execute_script(LISTEN, f"/wamp/events?topic={uri}")
    wait_for(page, "window.opened", 1)
    publish(bridged.http(), uri, "first")
    wait_for(page, "window.seen", ["first"])
    publish(bridged.http(), "com.example.end", uri)  # the page's session is killed
    wait_for(page, "window.notices.length > 0", True)
    publish(bridged.http(), uri, "missed")
    wait_for(page, "window.opened", 2)
    publish(bridged.http(), uri, "live")
    wait_for(page, "window.seen", ["first", "missed", "live"])
    notices = page.execute_script("return window.notices")
    assert [name for name, _ in notices] == ["end", "resume"]
    assert notices[1][1] == {"complete": True}
