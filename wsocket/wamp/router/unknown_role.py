"""A warning about logins that give a role which no rule knows."""

from __future__ import annotations

from wsocket.core.checks import closest
from wsocket.log import logger
from wsocket.wamp.router.config import Realm
from wsocket.wamp.session.session import Session

# Roles that are remembered: a login may make up any.
_MOST = 100


class UnknownRoleWarning:
    """Logs once for each role that its realm does not define.

    `Realm` refuses the roles of tables at once. Those that a function gives, such as
    that of `WebLogin`, are known only when somebody logs in.
    """

    def __init__(self) -> None:
        self._logged: set[tuple[str, str]] = set()

    def look_at(self, realm: Realm, session: Session) -> None:
        """Log the warning if it is due, for a session that has joined *realm*."""
        role = session.authrole
        if not realm.lacks(role):
            return
        key = (realm.name, role)
        if key in self._logged or len(self._logged) >= _MOST:
            return
        self._logged.add(key)
        names = [each.name for each in realm.roles]
        logger.warning(
            "realm %r: the login of %r (%s) gave it the role %r, and Realm.roles has "
            "only %s: this session may do nothing; add Role(%r, ...)%s",
            realm.name,
            session.authid,
            session.authmethod,
            role,
            ", ".join(names),
            role,
            closest(role, names),
        )
