"""What a session knows of itself."""

from __future__ import annotations

from wsocket.client.core import Core


class Identified:
    """A session with an identity in a realm."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} in {self.realm}>"

    @property
    def id(self) -> int | None:
        """Its ID; None while there is no connection. Another one after a reconnect."""
        return self._core.session

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
