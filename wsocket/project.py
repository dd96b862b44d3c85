"""Which version this is, where the project is, and how it is installed."""

from __future__ import annotations

__version__ = "3.0.0a1"

# Of the repository, on a host that shows files as GitHub does. setup.py reads it, too.
# A release from another repository is refused.
ADDRESS = "https://github.com/wsocket/wsocket"


def document(path: str) -> str:
    """The address of a file of the repository, as it is in this version."""
    return f"{ADDRESS}/blob/v{__version__}/{path}"


def installation(extra: str = "") -> str:
    """The command that installs this package, with an extra.

    pip chooses no pre-release unless it is named; it would take version 2.
    """
    name = f"wsocket[{extra}]" if extra else "wsocket"
    is_final = __version__.replace(".", "").isdecimal()
    return f"pip install '{name}{'' if is_final else f'>={__version__}'}'"
