"""A warning about realms in which everybody may do everything."""

from __future__ import annotations

import ipaddress

from wsocket.core.web.proxies import UNNAMED_CLIENT
from wsocket.log import logger
from wsocket.wamp.router.config import Realm
from wsocket.wamp.session.session import Session


class OpenRealmWarning:
    """Logs once for each open realm that it is used from another machine."""

    def __init__(self) -> None:
        self._logged: set[str] = set()
        self._local = ""  # the last address that was none of another machine

    def look_at(self, realm: Realm, session: Session) -> None:
        """Log the warning if it is due, for a session that has joined *realm*."""
        if not realm.is_open or realm.name in self._logged:
            return
        environ = session.environ
        address = environ.get(UNNAMED_CLIENT) or environ.get("REMOTE_ADDR", "")
        if address == self._local:  # mostly, and parsing it takes long
            return
        if not _is_remote(address):
            self._local = address
        else:
            self._logged.add(realm.name)
            logger.warning(
                "realm %r is open: everybody who reaches it, such as %s, may call, "
                "publish and register everything; give it roles (see Realm)",
                realm.name,
                address,
            )


def _is_remote(address: str) -> bool:
    """Whether *address* is that of another machine; Unix sockets have no address."""
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
