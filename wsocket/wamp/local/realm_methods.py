"""The methods by which an application changes the realms of its router."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.local.application import Application
from wsocket.wamp.router.config import Realm


class RealmMethods(ABC):
    """The part of `WSocketApp` that changes realms while the router runs."""

    @property
    @abstractmethod
    def _application(self) -> Application:
        """The application's access to its router.

        Raises:
            RuntimeError: There is no router.
        """

    def add_realm(self, realm: Realm) -> None:
        """Open another realm of the router. Callable from any thread, at any time.

        Raises:
            TypeError: *realm* is not a `Realm`.
            ValueError: The router has a realm of that name.
        """
        self._application.add_realm(realm)

    def remove_realm(self, name: str) -> None:
        """Close a realm: its sessions get GOODBYE with ``wamp.close.close_realm``.

        Callable from any thread.

        Raises:
            UnknownRealm: The router has no realm of that name; it is a KeyError.
            ValueError: It is the realm of the application itself.
        """
        self._application.remove_realm(name)

    def set_authorizer(self, realm: str, authorizer: Authorizer | str | None) -> None:
        """Give a realm another authorizer, for every request from now on.

        Callable from any thread.

        Args:
            authorizer: As in `Realm`; None removes the authorizer.

        Raises:
            UnknownRealm: The router has no realm of that name; it is a KeyError.
            TypeError, ValueError: *authorizer* cannot be the authorizer of a realm.
        """
        self._application.set_authorizer(realm, authorizer)
