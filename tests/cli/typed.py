"""Lines that documentation shows, typed into a shell as they stand there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.certificates import Certificates
from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, environ, need, signals_heard
from tests.serving import in_thread, serving
from wsocket import Permission, Realm, Role, WSocketApp, make_server
from wsocket.client import connect
from wsocket.wamp.auth import Ticket, TicketUser

# What a command that runs until Ctrl-C prints when it is ready.
READY = re.compile(r"wsocket: subscribed to|wsocket: registered|serving on|^\+ ")

# Topics that are published when a command is ready.
TOPICS = ("com.example.chat.room", "com.example.reading", "com.user.created")

# Other shells, for lines that name them.
SHELLS = {
    "zsh": ("-f", "-c", 'autoload -Uz compinit; compinit -u -D; eval "$0"'),
    "fish": ("--no-config", "-c"),
}

APPLICATION = """
from wsocket import WSocketApp
app = WSocketApp()
"""


class Keyboard:
    """A shell in a folder of its own, and routers where the lines expect them."""

    def __init__(
        self, folder: Path, places: dict[str, str], certificates: Certificates
    ) -> None:
        self._folder = folder
        self._places = places
        path = f"{folder / 'bin'}:{environ()['PATH']}"
        trusted = {"SSL_CERT_FILE": certificates.authority}
        self._environment = {**environ(), **trusted, "PATH": path}

    def type(self, line: str) -> None:
        """Run a line, with Ctrl-C if it goes on; it must end as it should."""
        for place, served in self._places.items():
            line = line.replace(place, served)
        line = line.replace("--port 443", "--port 0")
        if " run " in line and "--port" not in line:
            line += " --port 0"
        with signals_heard():
            process = subprocess.Popen(
                self._shell(line),
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        with process, ended_with(process):
            self._follow(line, process)

    def _shell(self, line: str) -> list[str]:
        """The shell that a line is for, with what it is set up with there."""
        for shell, setup in SHELLS.items():
            if f" {shell}" in line:
                need(shutil.which(shell), shell)
                return [shell, *setup, line]
        return ["bash", "-o", "pipefail", "-c", line]

    def _follow(self, line: str, process: subprocess.Popen[str]) -> None:
        printed = []
        for text in process.stdout:
            printed.append(text)
            if READY.search(text):
                break
        else:
            assert process.wait(SECONDS) == 0, "".join(printed)
            return
        if "serving on" not in printed[-1]:
            self._use(line)
        if "--count" in line:
            assert '"args":' in process.stdout.readline()
            assert process.wait(SECONDS) == 0
            return
        if " subscribe " in line or " tap " in line:
            assert process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        # The shell may end itself by the signal, too.
        expected = {0} if "serving on" in printed[-1] else {130, -signal.SIGINT}
        assert process.wait(SECONDS) in expected, process.stdout.read()
        assert "Traceback" not in process.stdout.read()

    def _use(self, line: str) -> None:
        """Publish what is subscribed to, and call what is registered."""
        with connect(self._places["ws://127.0.0.1:8080/"]) as session:
            for topic in TOPICS:
                session.publish(topic, 20.5, acknowledge=True)
            if found := re.search(r" register \S+ (\S+)", line):
                assert session.call(found[1], 2, 3)


@contextlib.contextmanager
def ended_with(process: subprocess.Popen[str]) -> Iterator[None]:
    """End what a line has started, whatever happens in the block."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def keyboard(folder: Path, certificates: Certificates) -> Iterator[Keyboard]:
    """What the lines talk about: files in *folder*, and routers."""
    need(shutil.which("jq"), "jq")
    _fill(folder, certificates)
    app = WSocketApp(protocol="WAMP")
    app.register("com.example.add")(lambda x, y: x + y)
    app.register("com.example.greet")(lambda name: f"Hi {name}!")
    guarded = _guarded()
    context = certificates.server_context()
    with (
        serving(app) as url,
        closing(app.listen_rawsocket(f"unix://{folder}/wamp.sock")) as unix,
        make_server("127.0.0.1", 0, guarded, ssl_context=context) as server,
        in_thread(server),
        closing(guarded),
    ):
        places = {
            "ws://127.0.0.1:8080/": url,
            "unix:///run/app/wamp.sock": unix.address,
            "wss://example.com/": f"wss://127.0.0.1:{server.server_port}/",
        }
        yield Keyboard(folder, places, certificates)


def _guarded() -> WSocketApp:
    realm = Realm(
        "realm1",
        auth=[Ticket({"ada": TicketUser(ticket="pencil", role="user")})],
        roles=[Role("user", [Permission("", match="prefix", allow=["call"])])],
    )
    app = WSocketApp(protocol="WAMP", realm=realm)
    app.register("com.example.report")(lambda: {"all": "well"})
    return app


def _fill(folder: Path, certificates: Certificates) -> None:
    """Write the files that the lines name, and the command itself."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "wsocket"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{COMMAND_LINE}' \"$@\"\n")
    command.chmod(0o755)
    (folder / "chat.py").write_text(APPLICATION)
    (folder / "today.json").write_text('{"temperature": 20.5}')
    (folder / "log").write_text("the last line\n")
    (folder / "ticket").touch(0o600)
    (folder / "ticket").write_text("pencil\n")
    shutil.copy(certificates.server, folder / "chain.pem")
    shutil.copy(certificates.server_key, folder / "key.pem")
