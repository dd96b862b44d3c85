"""Secrets in files: a command line and a configuration are seen by others."""

from __future__ import annotations

import os
import stat

MAX_SECRET = 2**16
"""Bytes; a longer file is taken for something else."""


def read_secret(path: str) -> str:
    """The secret in a file, without the end of its line.

    Raises:
        ValueError: It cannot be had; the message says why, and never shows it.
    """
    try:
        with open(path, "rb") as file:
            octets = file.read(MAX_SECRET + 1)
    except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
        problem = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot read {path}: {problem}") from None
    if len(octets) > MAX_SECRET:
        raise ValueError(f"{path}: too long for a secret: {MAX_SECRET} bytes at most")
    try:
        secret = octets.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: expected text in UTF-8") from None
    if not secret:
        raise ValueError(f"{path}: expected a secret, and the file is empty")
    return secret


def exposure(path: str) -> str | None:
    """What is to be said of a file that others than its owner and group can read.

    Returns:
        The warning, None if all is well.

    Raises:
        OSError: There is no such file.
    """
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if not mode & (stat.S_IROTH | stat.S_IWOTH):
        return None
    return f"other users can read {path} (mode {mode:04o}): chmod o-rwx {path}"
