"""Modules as they are where there is no compiler, beside those with their C."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def in_python(installed: ModuleType, *, without: str) -> ModuleType:
    """Load the source of *installed* once more, while its C, *without*, is missing."""
    source = (
        Path(installed.__file__).parent / f"{installed.__name__.rpartition('.')[2]}.py"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, without, None)
        spec = importlib.util.spec_from_file_location("interpreted", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module
