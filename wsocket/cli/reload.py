"""``wsocket run --reload``: starts the server anew when a file of it has changed.

This process keeps the listening sockets, and serves nothing. A child has them too, and
serves. While there is no child, clients wait in the sockets' queues; none is refused.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from wsocket.cli.exit_status import USAGE
from wsocket.cli.reloaded import VARIABLE
from wsocket.cli.source_files import Stamp, changed, stamps
from wsocket.cli.streams import note
from wsocket.core.http.stop_signals import Stop, stop_signals

# Seconds between two looks at the files, and at the signals that have come.
_PERIOD = 0.1

# Seconds that a child has to end when it is replaced: after SIGTERM, after another one,
# which means at once; then it is killed.
_GRACE = (2.0, 5.0)


def run_reloaded(sockets: Sequence[int]) -> int:
    """Serve until a signal comes, with one child after the other.

    It also ends when the first child finds the command line wrong, or when somebody
    has ended a child.

    Args:
        sockets: File descriptors of the listening sockets.

    Returns:
        The exit status of the last child.
    """
    with stop_signals(lambda: None) as stop:
        reloader = _Reloader(sockets, stop)
        status = reloader.serve()
        ends = {0, USAGE}
        while not stop.signals and status not in ends:
            if status is None or reloader.wait_for_change():
                status = reloader.serve()
            ends = {0}
    return 0 if status is None else status


class _Reloader:
    """What is known of the files, from one child to the next."""

    def __init__(self, sockets: Sequence[int], stop: Stop) -> None:
        self._sockets = sockets
        self._stop = stop
        self._files: dict[str, Stamp] = {}

    def serve(self) -> int | None:
        """Run a child until it ends, and return its exit status.

        If a file has changed, end it and return None.
        """
        self._files = stamps(self._files)
        told = 0
        with Child(self._sockets) as child:
            while (status := child.status()) is None:
                if told < self._stop.signals:
                    told += 1
                    child.tell_to_end()
                elif not told and self._has_changed():
                    return None
                self._files.update(child.reports(_PERIOD))
            self._files.update(child.reports(0))
        return status

    def wait_for_change(self) -> bool:
        """Whether a file has changed, rather than a signal has come."""
        note("waiting until a file changes")
        while not self._stop.signals:
            if self._has_changed():
                return True
            time.sleep(_PERIOD)
        return False

    def _has_changed(self) -> bool:
        path = changed(self._files)
        if path is not None:
            note(f"{os.path.relpath(path)} has changed, starting again")
        return path is not None


class Child:
    """A process that runs the same command line, and serves.

    Args:
        sockets: File descriptors of the listening sockets.
    """

    def __init__(self, sockets: Sequence[int]) -> None:
        self._pipe, write_end = os.pipe()
        self._unfinished = b""
        self._silent = False  # the pipe is closed at the other end
        listed = ",".join(map(str, sockets))
        # Ctrl-C in a terminal goes to both processes. The child must not hear it twice,
        # so it starts with the signal blocked, and is told by SIGTERM.
        at_once = {signal.SIGINT, signal.SIGHUP}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, at_once)
        try:
            self._process = subprocess.Popen(
                [sys.executable, *sys.orig_argv[1:]],
                env={**os.environ, VARIABLE: f"{listed}/{write_end}"},
                pass_fds=[*sockets, write_end],
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(write_end)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *unused: object) -> None:
        self._end()
        os.close(self._pipe)

    def tell_to_end(self) -> None:
        """Send SIGTERM: the first lets it end gracefully, the second at once."""
        self._process.terminate()

    def status(self) -> int | None:
        """What it has returned, 128 + N if signal N ended it; None while it runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def reports(self, seconds: float) -> dict[str, Stamp]:
        """What it has imported since the last look; waits *seconds* for that."""
        if self._silent:
            time.sleep(seconds)
        while not self._silent and select.select([self._pipe], [], [], seconds)[0]:
            data = os.read(self._pipe, 65536)
            self._unfinished += data
            self._silent = not data
            seconds = 0
        *lines, self._unfinished = self._unfinished.split(b"\n")
        return {
            path: (when, size, number)
            for line in lines
            for path, (when, size, number) in json.loads(line).items()
        }

    def _end(self) -> None:
        """End it soon, if it runs."""
        for seconds in _GRACE:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                return
        self._process.kill()
        self._process.wait()
