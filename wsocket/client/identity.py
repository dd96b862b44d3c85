"""What a session knows of itself."""

from __future__ import annotations

from wsocket.client.core import Core
from wsocket.client.own_process import OwnProcess


class Identified:
    """A session with an identity in a realm.

    Args:
        process: In a fork of it there is no session.
    """

    def __init__(self, core: Core, process: OwnProcess) -> None:
        self._core = core
        self._process = process

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} in {self.realm}>"

    @property
    def id(self) -> int | None:
        """Its ID; None while there is no connection. Another one after a reconnect."""
        return self._core.session if self._process.is_here else None

    @property
    def realm(self) -> str:
        """The realm."""
        return self._core.realm

    @property
    def authid(self) -> str | None:
        """The name that the router gave to this client."""
        return self._core.details.authid

    @property
    def authrole(self) -> str | None:
        """The role that the router gave to this client."""
        return self._core.details.authrole

    @property
    def authmethod(self) -> str | None:
        """How this client has proved who it is."""
        return self._core.details.authmethod
