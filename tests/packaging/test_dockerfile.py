"""The steps of the Dockerfile, run without Docker: in folders of their own, and the
service as a user who may do nothing else.

A stage is a folder here, and what is copied into an image is copied there: `ARG`s say
where. What is built stays interpreted, which is faster; `make wheel` tries the other.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.packaging.dockerfile import Instruction, read_dockerfile
from tests.patience import SECONDS
from tests.programs import ROOT, need, started

pytestmark = pytest.mark.processes

INSTRUCTIONS = read_dockerfile(ROOT / "Dockerfile")
PORT = "8080"
USER = "10001"


def of(name: str) -> list[Instruction]:
    return [each for each in INSTRUCTIONS if each.name == name]


class Container:
    """What the steps made.

    Attributes:
        folder: Stands for the root of the image.
        port: Stands for the one that is exposed.
        variables: The environment of its processes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as sock:
            self.port = sock.getsockname()[1]
        self.variables = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "SSL_", "REQUESTS_", "HTTP"))
        } | {"PATH": os.environ["PATH"], "WSOCKET_PURE": "1", "HOME": str(folder)}

    def build(self) -> None:
        """Do what each instruction says."""
        for instruction in INSTRUCTIONS:
            step = getattr(self, f"_{instruction.name.lower()}", None)
            if step is not None:
                step(self._placed(instruction.rest))

    def words(self, instruction: Instruction) -> list[str]:
        """A command, with the paths and the port that are used here."""
        placed: list[str] = json.loads(self._placed(json.dumps(instruction.words)))
        return placed

    def _placed(self, text: str) -> str:
        """The absolute paths of the image are in the folder."""
        text = re.sub(r"(?<![\w./])/(?=(opt|source|etc)\b)", f"{self.folder}/", text)
        return text.replace(PORT, str(self.port))

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.variables[name] = value

    def _env(self, rest: str) -> None:
        for name, value in re.findall(r'(\w+)="?([^"\s]*)"?', rest):
            self.variables[name] = self._expanded(value)

    def _expanded(self, text: str) -> str:
        return re.sub(r"\$(\w+)", lambda found: self.variables[found[1]], text)

    def _copy(self, rest: str) -> None:
        if rest.startswith("--from="):
            source, target = self._expanded(rest).split()[1:]
            assert source == target  # the stages have one folder here
            assert Path(source).is_dir()
            return
        source, target = rest.split()
        for name in context():
            if source in (".", name):
                copied = Path(target, name) if source == "." else Path(target)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, copied)
        config = Path(target)
        if config.suffix == ".toml":
            config.write_text(config.read_text().replace(PORT, str(self.port)))

    def _run(self, rest: str) -> None:
        done = subprocess.run(
            ["sh", "-ec", rest],
            env=self.variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def context() -> list[str]:
    """The files that Docker would get, by .dockerignore."""
    patterns = (ROOT / ".dockerignore").read_text().split()
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0")[:-1] if is_sent(name, patterns)]


def is_sent(name: str, patterns: list[str]) -> bool:
    """The last pattern decides that fits the file or a folder above it."""
    above = [name, *map(str, list(Path(name).parents)[:-1])]
    sent = True
    for pattern in patterns:
        plain = pattern.removeprefix("!").replace("**/", "*")
        if any(fnmatch.fnmatch(each, plain) for each in above):
            sent = pattern.startswith("!")
    return sent


@pytest.fixture(scope="module")
def container(processes) -> Iterator[Container]:
    with tempfile.TemporaryDirectory() as folder:
        made = Container(Path(folder).resolve())
        made.build()
        yield made


def as_user(words: list[str]) -> list[str]:
    """The command as the user of the image: no right of root is left."""
    unshare = shutil.which("unshare")
    need(unshare, "unshare")
    user = (f"--map-user={USER}", f"--map-group={USER}")
    return [str(unshare), "--user", *user, *words]


@pytest.mark.timeout(400)
@pytest.mark.slow(reason="installs the package, with all that it can have")
def test_container_serves_as_a_user_without_rights(container):
    """Its health check knows it, and it stops when it is told to."""
    command = as_user(container.words(*of("CMD")))
    health = as_user(container.words(*of("HEALTHCHECK")))
    url = f"http://127.0.0.1:{container.port}"
    environment = ["env", "-i", *(f"{k}={v}" for k, v in container.variables.items())]
    assert subprocess.run([*environment, *health], capture_output=True).returncode == 1
    with started([*environment, *command], stop=signal.SIGTERM) as server:
        line = server.stdout.readline()
        assert "serving on" in line, line
        done = subprocess.run([*environment, *health], timeout=SECONDS)
        assert done.returncode == 0
        with urlopen(f"{url}/metrics", timeout=SECONDS) as answer:
            assert "wsocket" in answer.read().decode()
        called = ["wsocket", "call", url.replace("http", "ws"), "wamp.session.count"]
        done = subprocess.run(
            [*environment, *called], capture_output=True, text=True, timeout=SECONDS
        )
        assert (done.stdout, done.stderr) == ("2\n", "")  # one is the router's own
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) == 0


def test_image_is_small_and_has_no_root():
    """The last stage: a slim image, a user by number, and nothing is built in it."""
    names = [each.name for each in INSTRUCTIONS]
    last = INSTRUCTIONS[len(names) - 1 - names[::-1].index("FROM") :]
    assert last[0].rest == "python:3.13-slim"
    assert [each.rest for each in last if each.name == "USER"] == [f"{USER}:{USER}"]
    after = last[[each.name for each in last].index("USER") :]
    assert not [each for each in after if each.name in ("RUN", "COPY")]
    assert not any("pip" in each.rest for each in last)


def test_docker_gets_what_builds_the_package_and_no_more():
    """Nor what only lies about: secrets, environments, what was compiled."""
    sent = set(context())
    needed = {"pyproject.toml", "setup.py", "README.md", "docker/router.toml"}
    assert (needed | {"wsocket/core/net/_socket_io.c"}) - sent == set()
    assert not [name for name in sent if name.startswith(("tests/", "docs/", "."))]
    patterns = (ROOT / ".dockerignore").read_text().split()
    for name in (".venv/bin/python", "secrets/key", "wsocket/core/net/_socket_io.so"):
        assert not is_sent(name, patterns)
