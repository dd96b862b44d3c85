"""One server, on a core of its own, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contenders import Contender
from benchmarks.environments import CACHE, Unavailable, environment, python_for

START_SECONDS = 60
STOP_SECONDS = 10
LOOK_AGAIN = 0.05  # seconds


class Server:
    """A running server.

    Attributes:
        port: Where it listens.
        pids: Its process, and all that it has started.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self.pids = family(process.pid)


@contextlib.contextmanager
def running(contender: Contender, *, core: int) -> Iterator[Server]:
    """Start *contender* on *core*; it ends with the block.

    Raises:
        Unavailable: It does not start; the message has the last line of its log.
    """
    port = free_port()
    words = {"port": port, "python": python_for(contender)}
    command = [word.format_map(words) for word in contender.command]
    log = CACHE / "logs" / f"{contender.name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a process group of its own
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )
        except OSError as error:
            raise Unavailable(f"{command[0]}: {error.strerror}") from error
    try:
        wait_until_it_listens(process, port, log)
        yield Server(process, port)
    finally:
        stop(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_it_listens(
    process: subprocess.Popen[bytes], port: int, log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(LOOK_AGAIN)
    lines = log.read_text(errors="replace").strip().splitlines() or ["it says nothing"]
    ended = process.returncode
    what = "does not listen" if ended is None else f"ended with status {ended}"
    raise Unavailable(f"{what}: {lines[-1]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group, with force if need be."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    # What outlives its leader (a worker that did not hear of it) was killed above.


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            children = (task / "children").read_text().split()
            found.extend(each for child in children for each in family(int(child)))
    return found
