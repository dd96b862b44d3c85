"""Take the picture of the chat example: two visitors, side by side.

Run it with the path of the picture; `make screenshot` does.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the helpers of the tests

from selenium.webdriver import Chrome  # noqa: E402  # after the path is set
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

from tests.interop.browser import open_browser  # noqa: E402
from tests.programs import running  # noqa: E402

SIZE = (2060, 900)
TWO_PAGES = """
document.documentElement.innerHTML = `<body style="margin: 0; display: flex;
  gap: 16px; padding: 16px; height: 100vh; box-sizing: border-box; background: #c9cfde">
  ${["Ada", "Bob"].map((name) => `<iframe src="/?name=${name}" style="border: 0;
    flex: 1; border-radius: 14px; box-shadow: 0 6px 24px #0003"></iframe>`).join("")}`;
"""
CONVERSATION = [
    (0, "Hi Bob! These are two browsers and one Python process."),
    (1, "And the messages go through WAMP, right?"),
    (0, "Right: the router runs inside the web app."),
    (1, "Ring me, my page has a procedure for it!"),
]


def show(chrome: Chrome, url: str) -> None:
    """Let two visitors talk, ring and call Python."""
    chrome.set_window_size(*SIZE)
    chrome.get(f"{url}chat.css")  # a page of the same origin that joins nothing
    chrome.execute_script(TWO_PAGES)
    for page in (0, 1):
        enter(chrome, page)
        wait_for(chrome, "#status", "connected")
    for page, text in CONVERSATION:
        enter(chrome, page)
        chrome.find_element(By.ID, "say-text").send_keys(text + "\n")
        wait_for(chrome, "#messages li:last-child p", text)
    enter(chrome, 1)
    chrome.find_element(By.CSS_SELECTOR, "#echo button").click()
    wait_for(chrome, "#echo-result", "hello")
    chrome.find_element(By.ID, "ring-me").click()
    wait_for(chrome, "#ring-result", "Python")
    enter(chrome, 0)
    chrome.find_element(By.CSS_SELECTOR, "#add button").click()
    wait_for(chrome, "#add-result", "42")
    chrome.find_element(By.CSS_SELECTOR, "[data-name='Bob'] button").click()
    wait_for(chrome, "#toast.shown", "Bob heard Ada")
    for page in (0, 1):
        enter(chrome, page)
        WebDriverWait(chrome, 15).until(at_rest)


def enter(chrome: Chrome, page: int) -> None:
    chrome.switch_to.default_content()
    chrome.switch_to.frame(page)


def at_rest(chrome: Chrome) -> bool:
    """Whether nothing on the page is moving."""
    return bool(chrome.execute_script("return !document.getAnimations().length"))


def wait_for(chrome: Chrome, selector: str, text: str) -> None:
    WebDriverWait(chrome, 15).until(
        lambda _: any(
            text in (found.get_attribute("textContent") or "")
            for found in chrome.find_elements(By.CSS_SELECTOR, selector)
        ),
        f"{text!r} did not appear in {selector}",
    )


def main(target: str) -> None:
    paths = shutil.which("chromium"), shutil.which("chromedriver")
    if not all(paths):
        sys.exit("the screenshot needs chromium and chromedriver")
    browser, driver = map(str, paths)
    server = [sys.executable, "examples/chat/server.py", "--port", "0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running(server, Path(folder) / "server.log") as chat,
        open_browser((browser, driver), Path(folder) / "profile") as chrome,
    ):
        show(chrome, chat.url)
        chrome.switch_to.default_content()
        chrome.save_screenshot(target)


if __name__ == "__main__":
    main(sys.argv[1])
