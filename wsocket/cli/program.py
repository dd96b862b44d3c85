"""Runs a program for each call, with the call on its stdin."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from wsocket.errors import ApplicationError

FAILED = "wsocket.error.program_failed"
TIMEOUT = "wamp.error.timeout"

# Bytes of its stdout: the largest result that the transports can have.
_MAX_RESULT = 16 * 2**20

# Bytes of its stderr that the caller gets.
_MAX_COMPLAINT = 4096

_CHUNK = 65536


class Said(NamedTuple):
    """What a program has said; of stderr the end."""

    stdout: bytes
    stderr: bytes


class Program:
    """A program that is run for each call, without a shell.

    Args:
        words: The program and its arguments.
        timeout: Seconds that it may take; then it is killed, with what it has started.
    """

    def __init__(self, words: Sequence[str], *, timeout: float) -> None:
        self._words = words
        self._timeout = timeout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_over = False
        # Held while a process is started: none is missed in the end.
        self._starting = threading.Lock()

    def run(self, given: bytes, environment: Mapping[str, str]) -> bytes:
        """Run it once, and return its stdout; from any thread.

        Args:
            given: Its stdin.
            environment: Variables that it gets besides those of this process.

        Raises:
            ApplicationError: It cannot be started, failed, took too long, or said too
                much.
        """
        name = self._words[0]
        with self._started(environment) as process:
            try:
                said = _exchange(process, given, time.monotonic() + self._timeout)
            except TimeoutError:
                problem = f"{name} did not end within {self._timeout:g} seconds"
                raise ApplicationError(TIMEOUT, problem) from None
            finally:
                self._end(process)
        if process.returncode:
            complaint = said.stderr.decode(errors="replace").strip()
            raise ApplicationError(FAILED, complaint, status=process.returncode)
        return said.stdout

    def end_all(self) -> None:
        """Kill what still runs, and start nothing any more."""
        with self._starting:
            self._is_over = True
            for process in self._running:
                _kill(process)

    def _started(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self._starting:
            if self._is_over:
                raise ApplicationError(FAILED, "the callee ends")
            process = self._popen(environment)
            self._running.add(process)
            return process

    def _popen(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **environment},
                start_new_session=True,  # a group, which can be killed
            )
        except (OSError, ValueError) as error:
            problem = getattr(error, "strerror", None) or error
            message = f"cannot start {self._words[0]}: {problem}"
            raise ApplicationError(FAILED, message) from error

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill it, if it has not ended by itself."""
        with self._starting:
            self._running.discard(process)
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it has started, if it runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _exchange(process: subprocess.Popen[bytes], given: bytes, deadline: float) -> Said:
    """Write stdin and read the rest, until the program has ended.

    Raises:
        TimeoutError: It has not ended at *deadline*, a time of `time.monotonic`.
    """
    assert process.stdin is not None  # as `Program` has started it
    assert process.stdout is not None
    assert process.stderr is not None
    os.set_blocking(process.stdin.fileno(), False)
    talk = _Talk(given)
    with selectors.DefaultSelector() as selector:
        for file, event, step in (
            (process.stdin, selectors.EVENT_WRITE, talk.write),
            (process.stdout, selectors.EVENT_READ, talk.hear_result),
            (process.stderr, selectors.EVENT_READ, talk.hear_complaint),
        ):
            selector.register(file, event, (file, step))
        while selector.get_map():
            for key, _ in selector.select(_seconds_until(deadline)):
                file, step = key.data
                if not step(key.fd):
                    selector.unregister(file)
                    file.close()
    try:
        process.wait(_seconds_until(deadline))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return Said(bytes(talk.result), bytes(talk.complaint))


def _seconds_until(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Talk:
    """What is said between a program and us. Each method returns whether to go on."""

    def __init__(self, given: bytes) -> None:
        self._left = memoryview(given)
        self.result = bytearray()
        self.complaint = bytearray()

    def write(self, descriptor: int) -> bool:
        """Write some of stdin, which a program need not read."""
        try:
            self._left = self._left[os.write(descriptor, self._left[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self._left)

    def hear_result(self, descriptor: int) -> bool:
        """Read some of stdout."""
        data = os.read(descriptor, _CHUNK)
        self.result += data
        if len(self.result) > _MAX_RESULT:
            problem = f"the program wrote more than {_MAX_RESULT} bytes to stdout"
            raise ApplicationError(FAILED, problem)
        return bool(data)

    def hear_complaint(self, descriptor: int) -> bool:
        """Read some of stderr, and keep the end of it."""
        data = os.read(descriptor, _CHUNK)
        self.complaint += data
        del self.complaint[:-_MAX_COMPLAINT]
        return bool(data)
