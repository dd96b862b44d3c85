"""autobahn.js polls, in headless Chromium: Node.js has no XMLHttpRequest."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.interop.browser import open_browser
from tests.programs import Server, need
from tests.wamp.apps.longpoll import AUTOBAHN, SHORT
from tests.wamp.raw_client import REALM, SECONDS, YIELD, connected
from wsocket import Realm
from wsocket.wamp.auth import WebLogin

# One browser at a time is enough for a small machine.
pytestmark = pytest.mark.xdist_group("browser")

# What the scripts of the tests have at hand: sessions, failures, and a way to wait.
PRELUDE = """
const [url, ...rest] = [...arguments].slice(0, -1);
const report = arguments[arguments.length - 1];
const join = (realm = "realm1") => new Promise((resolve, reject) => {
  const connection = new autobahn.Connection({
    transports: [{type: "longpoll", url}], realm, use_es6_promises: true,
  });
  const closed = new Promise(resolveClosed => {
    connection.onclose = (reason, details) => {
      resolveClosed([reason, details.reason]);
      reject([reason, details.reason]);
      return true;  // do not reconnect
    };
  });
  connection.onopen = (session, details) => resolve({
    session, details, closed, transport: connection.transport.info,
    leave() { connection.close(); return closed; },
  });
  connection.open();
});
const failure = promise => promise.then(() => "no failure", error => error);
const sleep = seconds => new Promise(wake => setTimeout(wake, 1000 * seconds));
const scenario = async () => { %s };
scenario().then(report, error => report(["failed", error.stack ?? error]));
"""


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory) -> Iterator[Chrome]:
    need(AUTOBAHN.is_file(), "autobahn.js")
    with open_browser(chromium, tmp_path_factory.mktemp("profile")) as chrome:
        chrome.set_script_timeout(SECONDS)
        yield chrome


@pytest.fixture
def page(browser: Chrome, brief: Server) -> Chrome:
    """A page of the server, with autobahn.js."""
    browser.get(brief.url)
    return browser


def run(page: Chrome, script: str, url: str, *arguments: Any) -> Any:
    """What the script returns; `url` is where the router is."""
    base = url.replace("ws:", "http:") + "longpoll"
    return page.execute_async_script(PRELUDE % script, base, *arguments)


def test_join_and_leave(page, brief):
    """WELCOME arrives, and GOODBYE is answered; the transport closes well."""
    joined = run(
        page,
        """
        const {details, transport, leave} = await join();
        const {type, protocol} = transport;
        const roles = Object.keys(details.roles).sort();
        return [details.realm, roles, type, protocol, await leave()];
        """,
        brief.url,
    )
    assert joined[:2] == ["realm1", ["broker", "dealer"]]
    assert joined[2:4] == ["longpoll", "wamp.2.json"]
    assert joined[4] == ["closed", "wamp.close.goodbye_and_out"]


def test_realm_that_is_not_there(page, brief):
    """ABORT says so, before the transport is gone."""
    assert run(page, "return await failure(join('nowhere'));", brief.url) == [
        "closed",
        "wamp.error.no_such_realm",
    ]


def test_calls(page, brief):
    """Of Python, and of a procedure that does not exist."""
    script = """
        const {session, leave} = await join();
        const sum = await session.call("com.example.add", [2, 3]);
        const {error} = await failure(session.call("com.example.none"));
        await leave();
        return [sum, error];
        """
    assert run(page, script, brief.url) == [5, "wamp.error.no_such_procedure"]


def test_register_and_be_called(page, brief, beside, uri):
    """By another page's session, and by a websocket."""
    script = """
        const [procedure] = rest;
        const [one, two] = [await join(), await join()];
        let called = () => {};
        const again = new Promise(resolve => { called = resolve; });
        await one.session.register(procedure, ([text]) => {
          if (text === "websocket") called();
          return text.toUpperCase();
        });
        const result = await two.session.call(procedure, ["page"]);
        await two.session.publish(`${procedure}.ready`, [], {}, {acknowledge: true});
        await again;
        return [result, await two.leave(), await one.leave()];
        """
    with connected(brief.ws()) as websocket:
        websocket.join()
        websocket.subscribe(f"{uri}.ready")
        running = beside(run, page, script, brief.url, uri)
        websocket.receive()
        number = websocket.call(uri, ["websocket"])
        assert websocket.answer(number)[3] == ["WEBSOCKET"]
    left = ["closed", "wamp.close.goodbye_and_out"]
    assert running.result() == ["PAGE", left, left]


def test_python_calls_and_is_called(page, brief, beside, uri):
    """The answer of a websocket's procedure comes through a poll that waits."""
    script = """
        const {session, leave} = await join();
        const result = await session.call(rest[0], ["text"], {key: null});
        await leave();
        return result;
        """
    with connected(brief.ws()) as websocket:
        websocket.join()
        websocket.register(uri)
        running = beside(run, page, script, brief.url, uri)
        invocation, _, _, *payload = websocket.invoked()
        assert payload == [["text"], {"key": None}]
        websocket.send(YIELD, invocation, {}, ["done"])
        assert running.result() == "done"


def test_subscribe_and_publish(page, brief, beside, uri):
    """Events go in both directions, in order, and the publisher is excluded."""
    script = """
        const [topic] = rest;
        const {session, leave} = await join();
        const heard = [];
        let enough = () => {};
        const all = new Promise(resolve => { enough = resolve; });
        await session.subscribe(topic, ([number]) => {
          if (heard.push(number) === 50) enough();
        });
        await session.publish(topic, ["ready"], {key: 1}, {acknowledge: true});
        await all;
        await leave();
        return heard;
        """
    with connected(brief.ws()) as websocket:
        websocket.join()
        websocket.subscribe(uri)
        running = beside(run, page, script, brief.url, uri)
        assert websocket.receive()[4:] == [["ready"], {"key": 1}]
        for number in range(50):
            websocket.publish(uri, [number])
        assert running.result() == list(range(50))


def test_session_outlives_polls_that_bring_nothing(page, brief):
    """An empty answer is no failure, and the page polls again."""
    script = """
        const {session, leave} = await join();
        await sleep(rest[0]);
        const sum = await session.call("com.example.add", [2, 3]);
        return [sum, (await leave())[0]];
        """
    assert run(page, script, brief.url, 3 * SHORT) == [5, "closed"]


def test_transport_that_ends_is_noticed(page, brief, serve, beside):
    """A page polls once more, and learns that its session is lost: it may reconnect."""
    polling = serve(allowed_origins=[brief.url.rstrip("/")])

    @polling.app.register("com.example.ready")
    def ready():
        polling.app.close()

    script = """
        const {session, closed} = await join();
        session.call("com.example.ready").catch(() => {});
        return (await closed)[0];
        """
    assert run(page, script, polling.url) == "lost"


def test_page_of_another_origin_brings_its_cookies(page, brief, serve):
    """Where its origin is allowed; the browser asks first, and sends them then."""

    def who(environ):
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("sid")
        return (cookie.value, "member") if cookie else None

    polling = serve(
        realm=Realm(REALM, auth=[WebLogin(who)]),
        allowed_origins=[brief.url.rstrip("/")],
    )
    script = """
        document.cookie = "sid=joe";  // cookies are for all ports of a host
        const {details, leave} = await join();
        await leave();
        return [details.authid, details.authmethod];
        """
    assert run(page, script, polling.url) == ["joe", "cookie"]


def test_page_of_a_foreign_origin_is_refused(page, serve):
    """It cannot even open a transport."""
    assert run(page, "return (await failure(join()))[0];", serve().url) == "unreachable"
