"""Imports the application that a command line names."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

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
    try:
        module = importlib.import_module(module_name)
    except ImportUnderWay as error:
        raise UsageError(str(error)) from error
    except ModuleNotFoundError as error:
        # If the application imports a module that is missing, its traceback helps.
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UsageError(
            f"there is no module {module_name!r} in {os.getcwd()} or on the path"
        ) from error
    try:
        app = getattr(module, attribute)
    except AttributeError:
        raise UsageError(
            f"module {module_name!r} has no {attribute!r}; say MODULE:APP"
        ) from None
    if not callable(app):
        raise UsageError(f"{target} is not a WSGI application but {app!r:.60}")
    return app  # type: ignore[no-any-return]  # a callable may be a WSGI app
