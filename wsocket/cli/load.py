"""Imports the application that a command line names."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from wsocket.cli.exit_status import CommandFailed
from wsocket.cli.own_refusals import in_one_line
from wsocket.cli.usage import UsageError
from wsocket.core.checks import check_handler, closest
from wsocket.core.functions import name_of, takes


def load(target: str) -> Callable[..., Any]:
    """Import the application that *target*, ``MODULE:APP``, names.

    Raises:
        UsageError: There is none, or it is no WSGI application.
    """
    module_name, _, attribute = target.partition(":")
    attribute = attribute or "app"
    _check_names(module_name, attribute)
    module = _imported(module_name)
    try:
        app = getattr(module, attribute)
    except AttributeError:
        known = closest(attribute, [name for name in vars(module) if name[0] != "_"])
        raise UsageError(
            f"module {module_name!r} has no {attribute!r}; say MODULE:APP{known}"
        ) from None
    _check_app(target, app)
    return app  # type: ignore[no-any-return]  # a callable may be a WSGI app


def _check_names(module_name: str, attribute: str) -> None:
    """Refuse a file in place of its module, and a call in place of a name."""
    if module_name.endswith(".py"):
        guess = module_name.removesuffix(".py").removeprefix("./").replace("/", ".")
        raise UsageError(
            f"{module_name!r} is a file, and not the name of a module; say MODULE:APP, "
            f"here {guess}:{attribute}"
        )
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise UsageError(
            f"{module_name!r} is not the name of a module; say MODULE:APP, such as "
            "chat:app for the app in chat.py"
        )
    if not attribute.isidentifier():
        raise UsageError(
            f"{attribute!r} is not a name; write app = {attribute} in the module, and "
            f"say {module_name}:app"
        )


def _imported(module_name: str) -> ModuleType:
    try:
        with in_one_line():
            return importlib.import_module(module_name)
    except UsageError:
        raise
    except ModuleNotFoundError as error:
        # The application may import a module that is missing.
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise _failed(module_name, error) from error
        raise UsageError(
            f"there is no module {module_name!r} in {os.getcwd()} or on the path"
        ) from error
    except Exception as error:
        raise _failed(module_name, error) from error


def _failed(name: str, error: Exception) -> CommandFailed:
    """The application's own failure; its traceback says where."""
    problem = f"{type(error).__name__}: {error}"
    return CommandFailed(f"{name} cannot be imported: {problem}", of_application=error)


def _check_app(target: str, app: Any) -> None:
    """Accept a WSGI application; a function that makes one is none itself."""
    if not callable(app):
        raise UsageError(f"{target} is not a WSGI application but {app!r:.60}")
    try:
        check_handler(target, app)
    except TypeError as error:
        advice = ""
        if takes(app, 0) and not isinstance(app, type):
            advice = f"; if it makes one, write app = {name_of(app)}() in the module"
        raise UsageError(f"{error}{advice}") from error
