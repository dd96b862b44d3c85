"""The same target on another build of the package, in a process of its own."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import IO

SIZE = 4  # bytes of the length before each input and each outcome


class Reference:
    """Answers with the outcome of a target there.

    Args:
        folder: A copy of this repository, with its own build of the package.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "tests.fuzz.reference", name]
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder.resolve())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def outcome(self, data: bytes) -> str:
        """The outcome for *data*; the traceback if it failed there."""
        sending, receiving = self._process.stdin, self._process.stdout
        assert sending is not None
        assert receiving is not None
        try:
            write_item(sending, data)
            return read_item(receiving).decode("utf-8", "surrogatepass")
        except (EOFError, BrokenPipeError):
            return f"its process has ended with {self._process.wait()}"

    def close(self) -> None:
        """End the other process."""
        self._process.communicate()


def write_item(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(SIZE, "big") + data)
    stream.flush()


def read_item(stream: IO[bytes]) -> bytes:
    """The next item; raises EOFError when there is no more."""
    head = stream.read(SIZE)
    size = int.from_bytes(head, "big")
    data = stream.read(size) if len(head) == SIZE else b""
    if len(head) < SIZE or len(data) < size:
        raise EOFError
    return data


def serve(name: str) -> None:
    """Answer until there are no more inputs."""
    logging.disable()  # sessions of a fuzzer break the protocol all the time
    run_one = importlib.import_module(f"tests.fuzz.targets.{name}").run_one
    inputs, outcomes = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            data = read_item(inputs)
        except EOFError:
            return
        try:
            outcome = repr(run_one(data))
        except Exception:
            outcome = traceback.format_exc()
        write_item(outcomes, outcome.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    serve(sys.argv[1])
