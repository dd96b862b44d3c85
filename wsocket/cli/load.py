"""Imports the application that a command line names."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from wsocket.cli.exit_status import CommandFailed
from wsocket.cli.usage import UsageError
from wsocket.errors import ImportUnderWay


def load(target: str) -> Callable[..., Any]:
    """Import the application that *target*, ``MODULE:APP``, names."""
    module_name, _, attribute = target.partition(":")
    attribute = attribute or "app"
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise UsageError(
            f"{module_name!r} is not the name of a module; say MODULE:APP, such as "
            "chat:app for the app in chat.py"
        )
    module = _imported(module_name)
    try:
        app = getattr(module, attribute)
    except AttributeError:
        raise UsageError(
            f"module {module_name!r} has no {attribute!r}; say MODULE:APP"
        ) from None
    if not callable(app):
        raise UsageError(f"{target} is not a WSGI application but {app!r:.60}")
    return app  # type: ignore[no-any-return]  # a callable may be a WSGI app


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportUnderWay as error:
        raise UsageError(str(error)) from error
    except ModuleNotFoundError as error:
        # The application may import a module that is missing.
        if not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, error) from error
        meant = f"; say {name.removesuffix('.py')}:app" if name.endswith(".py") else ""
        raise UsageError(
            f"there is no module {name!r} in {os.getcwd()} or on the path{meant}"
        ) from error
    except Exception as error:
        raise _failed(name, error) from error


def _failed(name: str, error: Exception) -> CommandFailed:
    """The application's own failure; its traceback says where."""
    problem = f"{type(error).__name__}: {error}"
    return CommandFailed(f"{name} cannot be imported: {problem}", of_application=error)
