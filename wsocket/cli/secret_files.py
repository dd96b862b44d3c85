"""Secrets come from files: a command line is in the shell's history, and everybody on
the machine can read it."""

from __future__ import annotations

import os
import stat

from wsocket.cli.output import note
from wsocket.cli.usage import UsageError

_MAX_BYTES = 65536


def read_secret(path: str) -> str:
    """What stands in a file, without the end of the line.

    The user is warned if others can read the file.

    Raises:
        UsageError: There is no secret in it; the message says why.
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read the secret in {path}: {reason}") from error
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        note(
            f"warning: other users can read {path} (mode {stat.S_IMODE(mode):04o}): "
            f"chmod 600 {path}"
        )
    return _text(data, path)


def _text(data: bytes, path: str) -> str:
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path} has more than {_MAX_BYTES} bytes: it is no secret")
    try:
        secret = data.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"the secret in {path} is not UTF-8 text") from error
    if not secret:
        raise UsageError(f"{path} is empty: expected a secret on its first line")
    return secret
