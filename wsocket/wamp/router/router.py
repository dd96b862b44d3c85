"""The router: its realms, and the ways into them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from wsocket.errors import Denied
from wsocket.log import logger
from wsocket.wamp.auth.anonymous import Anonymous
from wsocket.wamp.auth.base import Authenticator, AuthRequest, Identity
from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import Authenticate, Hello
from wsocket.wamp.protocol.ids import RandomBelow
from wsocket.wamp.router import config
from wsocket.wamp.router.login import Login, Outcome, attempt, begin, verify
from wsocket.wamp.router.realm import RunningRealm
from wsocket.wamp.session.in_process import NEVER
from wsocket.wamp.session.runtime import Cancellable, Runtime
from wsocket.wamp.session.session import Session

# What the application's own session is called; its rights do not come from the name.
TRUSTED = "trusted"


class Router:
    """Realms by name.

    Args:
        join_timeout: Seconds that a client has from connecting until it is in a realm.
    """

    def __init__(
        self,
        realms: Iterable[config.Realm],
        *,
        random_below: RandomBelow,
        join_timeout: float = 10.0,
    ) -> None:
        self._random_below = random_below
        self._join_timeout = join_timeout
        self._configs: dict[str, config.Realm] = {}
        self._runtime: Runtime | None = None
        self._realms: dict[str, RunningRealm] = {}
        self._known_open: set[str] = set()  # realms that were warned about
        for realm in realms:
            self.add_realm(realm)
        self.trusted = TrustedGate(self)

    # Realms

    def start(self, runtime: Runtime) -> None:
        """Open the realms, empty: what a forked child inherited is its parent's."""
        self._runtime = runtime
        self._realms = {
            name: RunningRealm(each, runtime=runtime, random_below=self._random_below)
            for name, each in self._configs.items()
        }

    def add_realm(self, realm: config.Realm) -> None:
        """Open another realm.

        Raises:
            TypeError: *realm* is not a `RunningRealm`.
            ValueError: There is one of that name.
        """
        if not isinstance(realm, config.Realm):
            raise TypeError(f"expected a Realm, got {realm!r}")
        if realm.name in self._configs:
            raise ValueError(f"there is a realm {realm.name!r} already")
        self._configs[realm.name] = realm
        if self._runtime is not None:
            self._realms[realm.name] = RunningRealm(
                realm, runtime=self._runtime, random_below=self._random_below
            )

    def remove_realm(self, name: str) -> None:
        """Close a realm; its sessions get GOODBYE ``wamp.close.close_realm``.

        Raises:
            KeyError: There is none of that name.
        """
        del self._configs[name]
        realm = self._realms.pop(name, None)
        if realm is not None:
            realm.close(errors.CLOSE_REALM)

    def set_authorizer(self, name: str, authorizer: Authorizer | str | None) -> None:
        """Give a realm another authorizer.

        Raises:
            KeyError: There is none of that name.
            TypeError, ValueError: *authorizer* is not what a realm can have.
        """
        self._configs[name] = replace(self._configs[name], authorizer=authorizer)
        realm = self._realms.get(name)
        if realm is not None:
            realm.set_authorizer(authorizer)

    def realm_for(self, session: Session, hello: Hello) -> RunningRealm | None:
        """The realm that *hello* asks for; None after refusing the session."""
        realm = self._realms.get(hello.realm)
        if realm is None:
            session.refuse(
                errors.NO_SUCH_REALM, f"there is no realm {hello.realm!r:.100}"
            )
        return realm

    # The way in, for clients

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """Call back when a client has had the time to say what it must say."""
        assert self._runtime is not None
        return self._runtime.call_later(self._join_timeout, callback)

    def admit(self, session: Session, hello: Hello) -> None:
        """Answer HELLO: by the first of the realm's methods that is for this client."""
        realm = self.realm_for(session, hello)
        if realm is None:
            return
        assert self._runtime is not None
        session.id = realm.new_session_id()
        login = session.login = Login(realm, now=self._runtime.time())
        details = hello.details
        request = AuthRequest(
            realm=hello.realm,
            authid=details.authid,
            authmethods=tuple(details.authmethods or ()),
            session=session.id,
            authextra=details.authextra or {},
            environ=session.environ,
            channel_id=session.environ.get("wsocket.channel_id"),
        )
        methods = realm.config.auth
        start = partial(begin, methods, request, serializer=session.serializer)
        if len(methods) == 1 and isinstance(methods[0], Anonymous):
            # Nothing in it can block, and it is what most realms have.
            self._began(session, login, attempt(start))
            return
        self._offload(start, partial(self._began, session, login))

    def verify(self, session: Session, message: Authenticate) -> None:
        """Answer AUTHENTICATE."""
        login = session.login
        assert isinstance(login, Login)
        assert self._runtime is not None
        login.asked_at = self._runtime.time()
        exchange, login.exchange = login.exchange, None
        assert exchange is not None
        self._offload(
            partial(verify, exchange, message, serializer=session.serializer),
            partial(self._verified, session, login),
        )

    def _offload(
        self, function: Callable[[], Any], then: Callable[[Any], object]
    ) -> None:
        assert self._runtime is not None
        self._runtime.offload(function, then)

    def _began(
        self,
        session: Session,
        login: Login,
        result: tuple[Authenticator, Outcome] | Exception | None,
    ) -> None:
        if session.login is not login or not session.admitting:
            return  # the client has not waited for the answer
        if isinstance(result, Exception):
            self._refuse(session, login, result)
        elif result is None:
            names = ", ".join(each.method for each in login.realm.config.auth)
            problem = f"no authmethod of the client leads in; this realm has {names}"
            session.refuse(errors.NO_MATCHING_AUTH_METHOD, problem)
        else:
            authenticator, outcome = result
            login.method = authenticator.method
            if isinstance(outcome, Identity):
                self._welcome(session, login, outcome)
            elif outcome is not None:
                login.exchange = outcome
                session.challenge(login.method, outcome.challenge)

    def _verified(
        self, session: Session, login: Login, result: Identity | Exception
    ) -> None:
        if session.login is not login or not session.admitting:
            return  # the client has not waited for the answer
        if isinstance(result, Exception):
            self._refuse(session, login, result)
        else:
            self._welcome(session, login, result)

    def _welcome(self, session: Session, login: Login, identity: Identity) -> None:
        name = login.realm.config.name
        if self._realms.get(name) is not login.realm:  # closed in the meantime
            session.refuse(errors.NO_SUCH_REALM, f"there is no realm {name!r}")
            return
        session.authid = identity.authid
        session.authrole = identity.authrole
        session.authmethod = login.method
        session.authprovider = identity.authprovider
        login.realm.join(session, identity.authextra)
        if login.realm.config.is_open and name not in self._known_open:
            self._warn_if_remote(session, name)

    def _warn_if_remote(self, session: Session, name: str) -> None:
        """An open realm is for one's own machine."""
        address = session.environ.get("REMOTE_ADDR", "")
        if _is_remote(address):
            self._known_open.add(name)
            logger.warning(
                "realm %r is open: everybody who reaches it, such as %s, may call, "
                "publish and register everything; give it roles (see Realm)",
                name,
                address,
            )

    def _refuse(self, session: Session, login: Login, error: Exception) -> None:
        """Refuse a login, after a while: trying passwords must be slow.

        It is a while from the client's message, not from the verdict on it: how long
        that took may depend on what was wrong.
        """
        if isinstance(error, Denied):
            logger.info("login refused: %s", error.detail or error.message)
            reason, message = error.reason, error.message
        else:
            logger.error("authentication failed: %r", error, exc_info=error)
            reason = errors.AUTHENTICATION_FAILED
            message = "authentication is not possible at the moment"
        assert self._runtime is not None
        delay = login.realm.config.login_delay
        elapsed = self._runtime.time() - login.asked_at
        wait = max(0.0, min(delay - elapsed, delay))  # clocks may be set
        self._runtime.call_later(wait, session.refuse, reason, message)


class TrustedGate:
    """The way in for the application's own session, which needs no authentication."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def admit(self, session: Session, hello: Hello) -> None:
        """Answer a HELLO with WELCOME, or ABORT if the realm does not exist."""
        realm = self._router.realm_for(session, hello)
        if realm is not None:
            session.id = realm.new_session_id()
            session.authid = "application"
            session.authrole = TRUSTED
            session.authmethod = "internal"
            session.authprovider = "static"
            realm.join(session, {}, trusted=True)

    def verify(self, session: Session, message: Authenticate) -> None:
        """The application's session is never challenged."""

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """The application may take its time."""
        return NEVER


def _is_remote(address: str) -> bool:
    """Whether *address* is that of another machine; Unix sockets have none."""
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
