"""Examples in headless Chromium: the chat in two windows, both servers; the echo."""

from __future__ import annotations

import sys
from uuid import uuid4

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.interop.browser import SECONDS, ChatPage
from tests.programs import ROOT, app_commands, need, running

# One browser at a time is enough for a small machine.
pytestmark = pytest.mark.xdist_group("browser")

CHAT = ROOT / "examples/chat"


@pytest.fixture(scope="module", params=["threads", "gevent"])
def chat(processes, request, tmp_path_factory):
    """The chat example on either server."""
    need((CHAT / "node_modules/autobahn-browser").is_dir(), "autobahn.js")
    commands = app_commands("server")
    commands["threads"] = [sys.executable, "server.py", "--port", "0"]
    log = tmp_path_factory.mktemp("chat") / "server.log"
    with running(commands[request.param], log, cwd=CHAT) as started:
        yield started
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def pages(browser, chat):
    """The chat in two windows; nothing may complain on either console."""
    first_window = browser.window_handles[0]
    suffix = uuid4().hex[:6]
    ada = ChatPage(browser, chat.url, f"Ada-{suffix}")
    bob = ChatPage(browser, chat.url, f"Bob-{suffix}")
    yield ada, bob
    complaints = [*ada.complaints(), *bob.complaints()]
    for page in (ada, bob):
        if page.window in browser.window_handles:
            page.close()
    browser.switch_to.window(first_window)
    assert complaints == []


def test_each_page_sees_who_is_there(pages):
    """A procedure in Python keeps the list; its events bring changes to every page."""
    ada, bob = pages
    for page in pages:
        page.wait(lambda page=page: {ada.name, bob.name} <= {*page.people()}, "both")
    bob.write("my-name", f"{bob.name}-renamed\n")
    ada.wait(lambda: f"{bob.name}-renamed" in ada.people(), "the new name")


def test_page_that_is_closed_leaves_the_list(browser, chat):
    """Closing a window ends its session; the others learn of it."""
    first_window = browser.window_handles[0]
    suffix = uuid4().hex[:6]
    ada = ChatPage(browser, chat.url, f"Ada-{suffix}")
    bob = ChatPage(browser, chat.url, f"Bob-{suffix}")
    ada.wait(lambda: bob.name in ada.people(), "Bob")
    bob.close()
    ada.wait(lambda: bob.name not in ada.people(), "Bob leave")
    ada.close()
    browser.switch_to.window(first_window)


def test_message_reaches_both_pages(pages):
    """Publish and subscribe through the router; markup in a message stays text."""
    ada, bob = pages
    text = f"<b>hello</b> {ada.name}"
    ada.say(text)
    for page in pages:
        page.wait(lambda page=page: text in page.messages(), "the message")
    answer = f"hello back {bob.name}"
    bob.say(answer)
    for page in pages:
        page.wait(
            lambda page=page: page.messages()[-2:] == [text, answer], "the answer"
        )


def test_newcomer_sees_what_was_said(pages, chat):
    """A subscriber in Python keeps the messages for those who come later."""
    ada, _ = pages
    ada.say(f"early {ada.name}")
    ada.wait(lambda: f"early {ada.name}" in ada.messages(), "its own message")
    late = ChatPage(ada.chrome, chat.url, "Late")
    late.wait(lambda: f"early {ada.name}" in late.messages(), "the earlier message")
    late.close()


def test_page_calls_a_procedure_of_the_other_page(pages):
    """A procedure registered in one page is called from the other."""
    ada, bob = pages
    ada.wait(lambda: bob.name in ada.people(), "Bob")
    ada.ring(bob.name)
    ada.wait_for_text("toast", f"{bob.name} heard {ada.name}")
    bob.wait_for_text("toast", f"{ada.name} rings!")


def test_page_calls_a_python_procedure(pages):
    """The sum is computed in the server's process."""
    ada, _ = pages
    ada.write("add-a", "1900")
    ada.write("add-b", "-77")
    ada.submit("add")
    ada.wait_for_text("add-result", "1823")


def test_python_calls_a_procedure_of_a_page(pages):
    """app.call in an HTTP handler runs a procedure of the page."""
    ada, _ = pages
    ada.element("ring-me").click()
    ada.wait_for_text("ring-result", f"{ada.name} heard Python")


def test_page_echoes_through_a_plain_websocket(pages):
    """A route of the same app serves a websocket without WAMP, again and again."""
    ada, _ = pages
    for text in ("first", "žluťoučký kůň"):
        ada.write("echo-text", text)
        ada.submit("echo")
        ada.wait_for_text("echo-result", f"Python heard: {text}")


def test_page_is_served_over_http(pages):
    """The page, its style and its scripts come from the same app."""
    ada, _ = pages
    ada.focus()
    assert ada.chrome.title == "wsocket chat"
    assert ada.element("say").find_element(By.TAG_NAME, "button").is_displayed()
    loaded = (
        "return [...document.styleSheets].every(sheet => sheet.cssRules.length > 10)"
    )
    assert ada.chrome.execute_script(loaded)


def test_echo_example(browser, start):
    """Its page shows what comes back, and that the server has gone."""
    server = start(sys.executable, "examples/echo.py", "--port", "0")
    first_window = browser.window_handles[0]
    browser.switch_to.new_window("window")
    browser.get(server.url)
    field = browser.find_element(By.ID, "text")

    def lines():
        return browser.find_element(By.ID, "log").text.splitlines()

    wait = WebDriverWait(browser, SECONDS, poll_frequency=0.05)
    wait.until(lambda _: lines() == ["connected"])
    field.send_keys("žluťoučký kůň\n")
    wait.until(lambda _: lines() == ["connected", "žluťoučký kůň"])
    server.stop()
    wait.until(lambda _: lines()[-1] == "disconnected")
    browser.get_log("browser")  # it complains that there is no favicon
    browser.close()
    browser.switch_to.window(first_window)
