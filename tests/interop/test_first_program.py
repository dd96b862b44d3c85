"""The first program of the README, in an empty folder, in Chromium."""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.certificates import Certificates
from tests.interop.browser import SECONDS, open_browser
from tests.programs import COMMAND_LINE, ROOT, need, running
from tests.serving import in_thread
from tests.test_snippets import snippet
from wsocket import make_server

# One browser at a time is enough for a small machine.
pytestmark = pytest.mark.xdist_group("browser")

CDN = "cdn.jsdelivr.net"
MODULES = ROOT / "examples/chat/node_modules"
PROGRAM = "PAGE = "

# As the README says, but for the port.
COMMANDS = {
    "python": ["app.py"],
    "wsocket": ["-c", COMMAND_LINE, "run", "app:app", "--port", "0"],
    "gunicorn": [
        *("-m", "gunicorn", "--no-control-socket"),
        *("--threads", "4", "--bind", "127.0.0.1:0", "app:app"),
    ],
}


def package(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A file of a package of npm, as the CDN has it: /npm/NAME@VERSION/FILE."""
    found = re.fullmatch(r"/npm/([\w-]+)@([\d.]+)/([\w.]+)", environ["PATH_INFO"])
    assert found is not None
    folder = MODULES / found[1]
    assert f'"version": "{found[2]}"' in (folder / "package.json").read_text()
    headers = [
        ("Content-Type", "text/javascript"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    start_response("200 OK", headers)
    return [(folder / found[3]).read_bytes()]


@pytest.fixture(scope="module")
def cdn(certificates: Certificates) -> Iterator[int]:
    """The port of what stands for the CDN: the files come from npm."""
    need(MODULES.is_dir(), "autobahn.js")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    with (
        make_server("127.0.0.1", 0, package, ssl_context=context) as server,
        in_thread(server),
    ):
        yield server.server_port


@pytest.fixture(scope="module")
def browser(
    chromium: tuple[str, str], cdn: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chrome]:
    options = (
        f"--host-resolver-rules=MAP {CDN} 127.0.0.1:{cdn}",
        "--ignore-certificate-errors",  # the CDN's is one of the tests
    )
    with open_browser(chromium, tmp_path_factory.mktemp("profile"), *options) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def offline_browser(
    chromium: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chrome]:
    """One that cannot reach the CDN."""
    option = f"--host-resolver-rules=MAP {CDN} ~NOTFOUND"
    with open_browser(chromium, tmp_path_factory.mktemp("profile"), option) as chrome:
        yield chrome


@pytest.fixture(params=COMMANDS)
def url(
    processes: None, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """Where the program is served."""
    folder = tmp_path / "empty"
    folder.mkdir()
    code = snippet("README.md", "python", PROGRAM)
    if request.param == "python":
        assert code.endswith("    run(app)\n")
        code = code.replace("    run(app)\n", "    run(app, port=0)\n")
    (folder / "app.py").write_text(code)
    command = [sys.executable, *COMMANDS[request.param]]
    if request.param == "gunicorn":  # it says on stderr where it listens
        command = ["sh", "-c", 'exec "$0" "$@" 2>&1', *command]
    log = tmp_path / "log"
    with running(command, log, cwd=folder) as server:
        yield server.url
    assert "Traceback" not in log.read_text()


def shows(browser: Chrome, window: str, identifier: str, text: str) -> None:
    """Wait until an element of a window has this text."""
    browser.switch_to.window(window)
    element = browser.find_element(By.ID, identifier)
    wait = WebDriverWait(browser, SECONDS, poll_frequency=0.05)
    wait.until(lambda _: element.text == text, f"no {text!r} in #{identifier}")


def opened(browser: Chrome, url: str) -> str:
    """A window that shows the page."""
    browser.switch_to.new_window("window")
    browser.get(url)
    return str(browser.current_window_handle)


def test_two_windows_call_the_program_and_hear_each_other(browser, url):
    """Nothing is in the folder but the program."""
    first = browser.window_handles[0]
    windows = [opened(browser, url) for _ in range(2)]
    for each in windows:
        shows(browser, each, "sum", "2 + 3 = 5")
    browser.find_element(By.ID, "text").send_keys("hello", Keys.ENTER)
    for each in windows:
        shows(browser, each, "said", "hello")
        browser.close()
    browser.switch_to.window(first)


@pytest.mark.parametrize("url", ["python"], indirect=True)
def test_without_a_network_the_page_says_what_is_missing(offline_browser, url):
    """And not "2 + 3" for ever."""
    window = opened(offline_browser, url)
    shows(offline_browser, window, "sum", "autobahn.js did not load: no network?")
