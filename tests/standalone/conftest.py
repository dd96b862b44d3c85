"""Fixtures: configuration files, checked in this process or served by another."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.programs import COMMAND_LINE, Server, running
from wsocket import cli

COMMAND = (sys.executable, "-c", COMMAND_LINE)


class Checked(NamedTuple):
    """What `wsocket check` has said: its exit status, and its lines."""

    status: int
    lines: list[str]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Checked]:
    """Run ``wsocket check`` for a text; the lines have ``FILE`` for the file."""

    def check_text(text: str | bytes) -> Checked:
        path = tmp_path / "router.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        status = cli.main(["check", str(path)])
        said = capsys.readouterr()
        assert said.err == ""
        shown = said.out.replace(str(path), "FILE").replace(str(tmp_path), "FOLDER")
        return Checked(status, shown.splitlines())

    return check_text


@pytest.fixture
def router(processes: None, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start ``wsocket router`` for a text, and expect no traceback in its log."""
    log = tmp_path / "log"
    with contextlib.ExitStack() as stack:

        def start(text: str, *arguments: str) -> Server:
            path = tmp_path / "router.toml"
            path.write_text(text)
            command = [*COMMAND, "router", str(path), *arguments]
            return stack.enter_context(running(command, log, cwd=tmp_path))

        yield start
    assert "Traceback" not in log.read_text()


@contextlib.contextmanager
def served(
    folder: Path, text: str, *, files: Mapping[str, str], variables: Mapping[str, str]
) -> Iterator[Server]:
    """Run ``wsocket router`` for a text until the block ends; it has nothing to log.

    Args:
        files: Secrets, by the names of their files in ``secrets/``.
        variables: Secrets in its environment.
    """
    path, log = folder / "router.toml", folder / "log"
    path.write_text(text)
    (folder / "secrets").mkdir()
    for name, secret in files.items():
        (folder / "secrets" / name).write_text(f"{secret}\n")
        (folder / "secrets" / name).chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        for name, secret in variables.items():
            patch.setenv(name, secret)
        with running([*COMMAND, "router", str(path)], log) as server:
            yield server
    assert log.read_text() == ""
