"""Files and variables that a configuration names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wsocket.core.net.tls.certificates import load_context
from wsocket.core.secret_files import exposure, read_secret

if TYPE_CHECKING:
    # A name that was imported from `ssl` before gevent patches it is not patched.
    from ssl import SSLContext


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
        return read_secret(path)

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

    def exposure(self, path: str) -> str | None:
        """What is to be said of a file that everybody can read; None of another one."""
        return exposure(path)

    def tls(self, certfile: str, keyfile: str | None) -> SSLContext:
        """A context with the certificate and key of these files.

        Raises:
            ValueError: A file cannot be used; the message says which one, and why.
        """
        return load_context(certfile, keyfile)
