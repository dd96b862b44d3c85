"""What ``--help`` says: its examples work as they stand there."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from tests.cli.typed import keyboard
from wsocket import cli
from wsocket.cli.commands import COMMANDS

pytestmark = pytest.mark.processes

# With files that they need, and nobody has made before.
CONFIGURED = ("check", "router")


def help_of(*command: str) -> str:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        cli.main([*command, "--help"])
    return shown.getvalue()


HELP = {name: help_of(*name.split()) for name in ("", *COMMANDS)}


def examples() -> list[tuple[str, str]]:
    """Each example, with the command in whose help it stands."""
    found = []
    for name, text in HELP.items():
        shown = text.partition("\nexamples:\n")[2].replace("|\n", "|")
        found += [(name, line.strip()) for line in shown.splitlines()]
    return found


EXAMPLES = examples()


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_works_as_it_is_typed(tmp_path, certificates, name, line):
    """Only the addresses are others."""
    if name in CONFIGURED:
        path = tmp_path / "router.toml"
        with contextlib.redirect_stdout(io.StringIO()):
            assert cli.main(["init", str(path)]) == 0
        path.write_text(path.read_text().replace("8080", "0"))
    with keyboard(tmp_path, certificates) as shell:
        shell.type(line)


@pytest.mark.parametrize("name", HELP)
def test_every_help_has_examples_and_the_exit_status(name):
    """Each example is a command line of that command."""
    assert "\nexit status:\n  0 " in HELP[name]
    lines = [line for command, line in EXAMPLES if command == name]
    assert len(lines) >= 2
    for line in lines:
        assert re.search(rf"\bwsocket {name}", line)
