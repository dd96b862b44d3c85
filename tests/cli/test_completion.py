"""``wsocket completion``: what shells offer is what the commands take."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.cli.commands import wsocket
from tests.cli.terminals import in_terminal
from tests.patience import SECONDS
from tests.programs import need
from wsocket import cli
from wsocket.cli.commands import COMMANDS

pytestmark = pytest.mark.processes

BASH = """
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_wsocket
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def scripts(processes, tmp_path_factory):
    """The script of each shell, in a file."""
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        done = wsocket("completion", shell)
        assert (done.returncode, done.stderr) == (0, "")
        (folder / shell).write_text(done.stdout)
    return folder


def run(shell: str, *arguments: str, cwd=None) -> str:
    need(shutil.which(shell), shell)
    done = subprocess.run(
        [shell, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(params=["bash", "fish"])
def offered(request, scripts, tmp_path):
    """What a shell offers for the last word of a command line."""
    (tmp_path / "ticket.txt").write_text("")
    script = scripts / request.param

    def bash(line: str) -> list[str]:
        words = " ".join(f"'{word}'" for word in line.split(" "))
        source = f"source {script}; compopt() {{ :; }}; {BASH.format(words=words)}"
        return run("bash", "--norc", "-c", source, cwd=tmp_path).split("\n")

    def fish(line: str) -> list[str]:
        source = f"source {script}; complete -C '{line}'"
        printed = run("fish", "--no-config", "-c", source, cwd=tmp_path)
        return [each.partition("\t")[0] for each in printed.split("\n")]

    return {"bash": bash, "fish": fish}[request.param]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_valid(scripts, shell):
    """The shell itself says so."""
    assert run(shell, "-n", str(scripts / shell)) == ""


def test_commands_are_offered(offered):
    """By what is typed of them."""
    assert {"call", "publish", "run", "doctor"} <= set(offered("wsocket "))
    assert "sessions" in offered("wsocket s")
    assert "subscribe" in offered("wsocket s")
    assert "call" not in offered("wsocket s")


def test_options_of_the_command_are_offered(offered):
    """Of that one, and no other."""
    options = offered("wsocket call --")
    assert {"--serializer", "--json", "--realm", "--timeout"} <= set(options)
    assert "--exec" not in options
    assert "--exec" in offered("wsocket register ws://127.0.0.1/ --")
    assert offered("wsocket run --certf")[0] == "--certfile"


def test_values_are_offered(offered):
    """Words that the command accepts, or files."""
    values = offered("wsocket call --serializer ")
    assert {"json", "msgpack", "cbor"} <= set(values)
    assert "bash" in offered("wsocket completion b")
    assert "ticket.txt" in offered("wsocket call --cafile tick")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("wsocket se", "ssions"),
        ("wsocket register --ex", "ec"),
        ("wsocket call --serializer m", "sgpack"),
        ("wsocket completion f", "ish"),
        ("wsocket call --cafile tick", "et.txt"),
    ],
)
def test_zsh_completes_what_is_typed(scripts, tmp_path, typed, completed):
    """In a terminal: zsh completes nowhere else."""
    zsh = shutil.which("zsh")
    need(zsh, "zsh")
    (tmp_path / "ticket.txt").write_text("")
    with in_terminal([zsh, "-f", "-i"], cwd=tmp_path) as screen:
        load = f"autoload -Uz compinit; compinit -u -D; source {scripts / 'zsh'}"
        screen.press(f"{load}; PS1='READY''NOW '\n".encode())
        screen.until("READYNOW ")
        screen.press(f"{typed}\t".encode())
        screen.until(completed)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_in_the_help_is_offered(scripts, capsys, name):
    """The scripts are made from the same parsers."""
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    usage = capsys.readouterr().out.partition("\n\n")[0]
    options = set(re.findall(r"--[a-z-]+", usage)) | {"--help"}
    assert usage.startswith(f"usage: wsocket {name} ")
    for shell in ("bash", "zsh"):
        script = (scripts / shell).read_text()
        assert {option for option in options if option not in script} == set()
