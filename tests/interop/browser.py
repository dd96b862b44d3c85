"""Headless Chromium, driven by selenium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.patience import SECONDS

OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # Chromium refuses to run as root with one
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # containers have a small /dev/shm
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,800",
]


@contextmanager
def open_browser(paths: tuple[str, str], profile: Path, *more: str) -> Iterator[Chrome]:
    """Start Chromium with a fresh profile; *paths* are of browser and driver."""
    browser, driver = paths
    options = ChromeOptions()
    options.binary_location = browser
    for option in [*OPTIONS, *more, f"--user-data-dir={profile}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(executable_path=driver))
    try:
        yield chrome
    finally:
        chrome.quit()


class ChatPage:
    """One window that shows the chat example."""

    def __init__(self, chrome: Chrome, url: str, name: str) -> None:
        chrome.switch_to.new_window("window")
        self.chrome = chrome
        self.window = chrome.current_window_handle
        self.name = name
        chrome.get(f"{url}?name={name}")
        self.wait_for_text("status", "connected")

    def focus(self) -> None:
        self.chrome.switch_to.window(self.window)

    def element(self, identifier: str) -> WebElement:
        self.focus()
        return self.chrome.find_element(By.ID, identifier)

    def write(self, identifier: str, text: str) -> None:
        """Type *text* in place of what is there."""
        field = self.element(identifier)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def submit(self, form: str) -> None:
        self.element(form).find_element(By.TAG_NAME, "button").click()

    def say(self, text: str) -> None:
        self.write("say-text", text)
        self.submit("say")

    def ring(self, name: str) -> None:
        self.element("people").find_element(
            By.CSS_SELECTOR, f"[data-name='{name}'] button"
        ).click()

    def people(self) -> list[str]:
        return self.read_all("#people li", "each.dataset.name")

    def messages(self) -> list[str]:
        return self.read_all("#messages p", "each.textContent")

    def read_all(self, selector: str, what: str) -> list[str]:
        """Read something of every element, in one go: the page may change any time."""
        self.focus()
        script = f"return [...document.querySelectorAll('{selector}')]"
        found: list[str] = self.chrome.execute_script(f"{script}.map(each => {what})")
        return found

    def text(self, identifier: str) -> str:
        return self.element(identifier).get_attribute("textContent") or ""

    def wait_for_text(self, identifier: str, text: str) -> None:
        self.wait(lambda: text in self.text(identifier), f"{text!r} in #{identifier}")

    def wait(self, condition: object, expected: str) -> None:
        """Wait until *condition* holds."""
        assert callable(condition)
        wait = WebDriverWait(self.chrome, SECONDS, poll_frequency=0.05)
        wait.until(lambda _: condition(), f"{self.name} did not see {expected}")

    def complaints(self) -> list[str]:
        """Errors on the browser's console since the last look."""
        self.focus()
        log = self.chrome.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def close(self) -> None:
        self.focus()
        self.chrome.close()


class ScriptPage:
    """One window that runs the functions of js/page.js."""

    def __init__(self, chrome: Chrome, url: str) -> None:
        chrome.switch_to.new_window("window")
        self.chrome = chrome
        self.window = chrome.current_window_handle
        chrome.set_script_timeout(SECONDS)
        chrome.get(url)

    def run(self, function: str, *args: Any) -> Any:
        """Call the function of this name, and wait for what it resolves with."""
        self.chrome.switch_to.window(self.window)
        outcome = self.chrome.execute_async_script(
            """
            const [name, args, done] = arguments;
            const failed = (error) => done({failed: String(error.error ?? error)});
            page[name](...args).then((result) => done({result}), failed);
            """,
            function,
            list(args),
        )
        assert "failed" not in outcome, outcome["failed"]
        return outcome.get("result")

    def close(self) -> None:
        """Close the window; its complaints are not another window's."""
        self.chrome.switch_to.window(self.window)
        self.chrome.get_log("browser")
        self.chrome.close()
