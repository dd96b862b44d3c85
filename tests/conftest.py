"""Fixtures of tests that drive running programs with foreign clients."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.certificates import Certificates
from tests.programs import ROOT, Server, app_commands, need, running

# A busy machine is no failure.
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def processes() -> None:
    """Asked for by fixtures that start processes; see tests/quick.py."""


@pytest.fixture
def start(processes: None, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a program that ends with the test."""
    with contextlib.ExitStack() as stack:

        def start_one(*command: str, cwd: Path = ROOT) -> Server:
            log = tmp_path / "server.log"
            return stack.enter_context(running(list(command), log, cwd=cwd))

        yield start_one


@pytest.fixture(scope="session", params=["threads", "gevent"])
def server(
    processes: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The interop application on either server, shared by the tests of one worker."""
    command = app_commands("tests.interop.apps.interop")[request.param]
    log = tmp_path_factory.mktemp("server") / "server.log"
    with running(command, log) as started:
        yield started
    logged = log.read_text()
    expected = logged.count("ValueError: the procedure is broken")  # of its `crash`
    assert logged.count("Traceback") == expected, logged


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, and what it has issued."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def node(processes: None) -> list[str]:
    """The command that runs a script of tests/interop/js."""
    found = shutil.which("node")
    need(found, "Node.js")
    need((ROOT / "tests/interop/js/node_modules/autobahn").is_dir(), "autobahn.js")
    return [str(found)]


@pytest.fixture(scope="session")
def chromium(processes: None) -> tuple[str, str]:
    """Where the browser and its driver are."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    need(browser, "Chromium")
    need(driver, "chromedriver")
    return str(browser), str(driver)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested, and why a test had to be run once more."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"RUN AGAIN: {report.nodeid}", sep="_", red=True)
        terminalreporter.line(report.longreprtext)
        for title, output in report.sections:
            terminalreporter.section(title, sep="-")
            terminalreporter.line(output)
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2] for report in skipped)
    if reasons:
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
    for reason, count in reasons.items():
        terminalreporter.line(f"{count} tests. {reason}", red=True)
