"""The options that say who the user is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

from wsocket.cli.streams import note
from wsocket.cli.usage import UsageError
from wsocket.client.anonymous import Anonymous
from wsocket.client.joining import LoginMethod
from wsocket.core.secret_files import exposure, read_secret

# The option of each method that has a secret, and what is in the file.
_SECRETS = {
    "ticket_file": "a ticket",
    "cra_secret_file": "the secret for WAMP-CRA",
    "scram_password_file": "the password for SCRAM",
    "cryptosign_key": "the private key for WAMP-Cryptosign, in hex",
}

# Classes of `wsocket.client.auth`. Who has no secret does not wait for that module.
_METHODS = {
    "ticket_file": "Ticket",
    "cra_secret_file": "CRA",
    "scram_password_file": "Scram",
    "cryptosign_key": "Cryptosign",
}


def add_credentials(parser: argparse.ArgumentParser) -> None:
    """Options for the name and the secret of the user."""
    group = parser.add_argument_group(
        "who you are", "secrets come from files, with a mode such as 0600"
    )
    group.add_argument("--authid", metavar="NAME", help="your name in the realm")
    for name, content in _SECRETS.items():
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, metavar="FILE", help=f"a file with {content}")


def given_credentials(options: argparse.Namespace) -> LoginMethod:
    """What the options of `add_credentials` say.

    Raises:
        UsageError: The options contradict each other, or a secret cannot be read.
    """
    given = [name for name in _SECRETS if getattr(options, name) is not None]
    names = ["--" + name.replace("_", "-") for name in given]
    authid: str | None = options.authid
    if len(given) > 1:
        raise UsageError(f"only one of {' and '.join(names)} can be used")
    if not given:
        return Anonymous(authid=authid)
    secret = _secret(getattr(options, given[0]))
    if authid is None and given != ["cryptosign_key"]:
        raise UsageError(f"{names[0]} needs --authid, your name in the realm")
    method: Callable[[Any, str], LoginMethod]
    method = getattr(import_module("wsocket.client.auth"), _METHODS[given[0]])
    try:
        return method(authid, secret)
    except (ValueError, ImportError) as error:
        raise UsageError(f"{names[0]}: {error}") from error


def _secret(path: str) -> str:
    """What stands in a file; the user is warned if others can read it."""
    try:
        secret, warning = read_secret(path), exposure(path)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    if warning:
        note(f"warning: {warning}")
    return secret
