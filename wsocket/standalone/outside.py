"""Files and variables that a configuration names."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wsocket.core.net.tls.certificates import load_context

if TYPE_CHECKING:
    # A name that was imported from `ssl` before gevent patches it is not patched.
    from ssl import SSLContext

MAX_SECRET = 2**16  # bytes


class Machine:
    """The files and the environment of this process.

    Args:
        folder: Where the configuration is: relative paths begin there.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder.absolute()
        self._environ = environ

    def path(self, name: str) -> str:
        """The absolute path of a file; a relative one is beside the configuration."""
        return os.path.normpath(self._folder / name)

    def secret_of_file(self, path: str) -> str:
        """The secret in a file, without the end of its line.

        Raises:
            ValueError: It cannot be had; the message says why.
        """
        try:
            with open(path, "rb") as file:
                octets = file.read(MAX_SECRET + 1)
        except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
            problem = getattr(error, "strerror", None) or error
            raise ValueError(f"cannot read {path}: {problem}") from None
        if len(octets) > MAX_SECRET:
            raise ValueError(
                f"{path}: too long for a secret: {MAX_SECRET} bytes at most"
            )
        try:
            secret = octets.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise ValueError(f"{path}: expected text in UTF-8") from None
        if not secret:
            raise ValueError(f"{path}: expected a secret, and the file is empty")
        return secret

    def secret_of_variable(self, name: str) -> str:
        """The secret in a variable of the environment.

        Raises:
            ValueError: There is none; the message says so.
        """
        secret = self._environ.get(name, "")
        if not secret:
            state = "is empty" if name in self._environ else "does not exist"
            raise ValueError(f"the environment variable {name} {state}: set it")
        return secret

    def is_exposed(self, path: str) -> bool:
        """Whether others than the owner and the group of a file can read it."""
        return bool(os.stat(path).st_mode & (stat.S_IROTH | stat.S_IWOTH))

    def tls(self, certfile: str, keyfile: str | None) -> SSLContext:
        """A context with the certificate and key of these files.

        Raises:
            ValueError: A file cannot be used; the message says which one, and why.
        """
        return load_context(certfile, keyfile)
