"""Whether a module that calls `run` is being imported by a server.

Such a call at the top level of a module would serve on its own, inside of the server
that only wants the application, and that server would never get any further.
"""

from __future__ import annotations

import sys
from types import FrameType

from wsocket.errors import ImportUnderWay

# Python's own machinery of imports, which stands between one module and the next.
_IMPORTERS = (
    *("importlib", "_frozen_importlib", "_frozen_importlib_external"),
    *("pkgutil", "runpy", "zipimport"),
)


def refuse_while_imported(frame: FrameType | None) -> None:
    """Refuse to serve if the code in *frame* runs for an import by another program.

    A program may import a module that serves, as ``python -c "import site"`` does: then
    nothing but code of this program stands between its main module and the call.

    Raises:
        ImportUnderWay: A server, or a tool such as pytest, imports the module.
    """
    while frame is not None and not _is_being_imported(frame):
        frame = frame.f_back
    if frame is None:
        return
    module = _module(frame)
    while frame is not None and _is_of_the_program(frame, module):
        if _module(frame) == "__main__":
            return
        frame = frame.f_back
    importer = "a server" if frame is None else _package(_module(frame))
    raise ImportUnderWay(
        f"run: module {module!r} calls run() while {importer} imports it, and would "
        "serve in its place; put the call under if __name__ == '__main__':"
    )


def _is_being_imported(frame: FrameType) -> bool:
    """Whether this is the top level of a module that is not the main one.

    Code that `exec` runs looks alike, but is no module.
    """
    name = _module(frame)
    module = sys.modules.get(name)
    return (
        _is_top_level(frame)
        and name != "__main__"
        and module is not None
        and vars(module) is frame.f_globals
    )


def _is_of_the_program(frame: FrameType, module: str) -> bool:
    """Whether this frame may stand between *module* and the main module."""
    name = _module(frame)
    return (
        _is_top_level(frame)
        or name == "__main__"
        or _package(name) in _IMPORTERS
        or _package(name) == _package(module)
    )


def _is_top_level(frame: FrameType) -> bool:
    return frame.f_code.co_name == "<module>"


def _module(frame: FrameType) -> str:
    """The name of the frame's module; code that `exec` runs may have none."""
    return str(frame.f_globals.get("__name__", "__main__"))


def _package(module: str) -> str:
    return module.partition(".")[0]
