"""The way of a client into a realm: HELLO, CHALLENGE, AUTHENTICATE, WELCOME."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from wsocket.errors import Denied
from wsocket.log import logger
from wsocket.wamp.auth.anonymous import Anonymous
from wsocket.wamp.auth.base import Authenticator, AuthRequest, Exchange, Identity
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import Authenticate, Hello
from wsocket.wamp.router.realm import RunningRealm
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session

_T = TypeVar("_T")

# What a method answers to HELLO: it lets the client in, or challenges it.
Outcome = Identity | Exchange


class Login:
    """One client on its way into a realm.

    The methods of the realm are code of the application: they may block, raise and
    return anything. They run off the loop, everything else here runs on it.

    Args:
        joined: Called when the client is let in.
        failed: Called with the time when the login has failed by the client's fault.
    """

    __slots__ = (
        "_asked_at",
        "_exchange",
        "_failed",
        "_joined",
        "_method",
        "_realm",
        "_runtime",
        "_session",
    )

    def __init__(
        self,
        session: Session,
        realm: RunningRealm,
        *,
        runtime: Runtime,
        joined: Callable[[], None],
        failed: Callable[[float], None],
    ) -> None:
        self._session = session
        self._realm = realm
        self._runtime = runtime
        self._joined = joined
        self._failed = failed
        self._asked_at = 0.0  # when HELLO or AUTHENTICATE came
        self._method = ""
        self._exchange: Exchange | None = None

    def begin(self, hello: Hello) -> None:
        """Answer HELLO by the first method of the realm that is for this client."""
        self._asked_at = self._runtime.monotonic()
        session, methods = self._session, self._realm.config.auth
        session.id = self._realm.new_session_id()
        choose = partial(_choose, methods, _request(session, hello), session)
        if len(methods) == 1 and isinstance(methods[0], Anonymous):
            # This method cannot block, and most realms have no other.
            self._began(_attempt(choose))
        else:
            self._offload(choose, self._began)

    def verify(self, message: Authenticate) -> None:
        """Answer AUTHENTICATE."""
        self._asked_at = self._runtime.monotonic()
        exchange, self._exchange = self._exchange, None
        assert exchange is not None
        self._offload(
            partial(_verify, exchange, message, self._session), self._verified
        )

    def cancel(self) -> None:
        """The client has gone: what has not started yet never starts."""
        self._runtime.left(self._session.id)

    def _offload(
        self, function: Callable[[], _T], then: Callable[[_T | Exception], object]
    ) -> None:
        caller = self._session.id
        self._runtime.offload(function, then, work="logins", caller=caller)

    def _began(self, result: tuple[str, Outcome] | Exception | str) -> None:
        if not self._is_awaited:
            return
        if isinstance(result, str):
            names = ", ".join(each.method for each in self._realm.config.auth)
            problem = f"no authmethod of the client leads in; this realm has {names}"
            self._session.refuse(errors.NO_MATCHING_AUTH_METHOD, problem + result)
        elif isinstance(result, Exception):
            self._refuse(result)
        else:
            self._method, outcome = result
            if isinstance(outcome, Identity):
                self._welcome(outcome)
            else:
                self._exchange = outcome
                self._session.challenge(self._method, outcome.challenge)

    def _verified(self, result: Identity | Exception) -> None:
        if not self._is_awaited:
            return
        if isinstance(result, Exception):
            self._refuse(result)
        else:
            self._welcome(result)

    @property
    def _is_awaited(self) -> bool:
        """Whether the client still waits: it may be gone, or have sent ABORT."""
        return self._session.login is self and self._session.admitting

    def _welcome(self, identity: Identity) -> None:
        session, realm = self._session, self._realm
        if realm.is_closed:
            problem = f"there is no realm {realm.config.name!r}"
            session.refuse(errors.NO_SUCH_REALM, problem)
            return
        session.authid = identity.authid
        session.authrole = identity.authrole
        session.authmethod = self._method
        session.authprovider = identity.authprovider
        realm.join(session, identity.authextra)
        self._joined()

    def _refuse(self, error: Exception) -> None:
        """Send ABORT after the login delay of the realm, to slow down guessing.

        The delay begins with the client's message, not with the verdict: the time
        until the verdict may tell what was wrong.
        """
        now = self._runtime.monotonic()
        if isinstance(error, Denied):
            self._failed(now)
            logger.info("login refused: %s", error.detail or error.message)
            reason, message = error.reason, error.message
        else:
            logger.error("authentication failed: %r", error, exc_info=error)
            reason = errors.AUTHENTICATION_FAILED
            message = "authentication is not possible at the moment"
        delay = self._realm.config.login_delay
        elapsed = now - self._asked_at
        self._runtime.call_later(
            max(0.0, delay - elapsed), self._session.refuse, reason, message
        )


def _request(session: Session, hello: Hello) -> AuthRequest:
    details = hello.details
    return AuthRequest(
        realm=hello.realm,
        authid=details.authid or None,  # some libraries send an empty one for none
        authmethods=tuple(details.authmethods or ()),
        session=session.id,
        authextra=details.authextra or {},
        environ=session.environ,
        channel_id=session.environ.get("wsocket.channel_id"),
    )


def _choose(
    methods: Iterable[Authenticator], request: AuthRequest, session: Session
) -> tuple[str, Outcome] | str:
    """The name of the first method that is for this client, and its answer.

    If there is none: why not, as the end of a sentence; it may be empty.
    """
    reasons = ""
    for method in methods:
        if not _may_decide(method, request):
            continue
        outcome = method.begin(request)
        if outcome is None:
            reasons += _why_not(method, request)
        else:
            if isinstance(outcome, Identity):
                extra = outcome.authextra
            else:
                extra = outcome.challenge
            _check_extra(extra, session)
            return method.method, outcome
    return reasons


def _why_not(method: Authenticator, request: AuthRequest) -> str:
    why_not = getattr(method, "why_not", None)
    reason = why_not(request) if why_not is not None else ""
    return f"; {method.method}: {reason}" if reason else ""


def _may_decide(method: Authenticator, request: AuthRequest) -> bool:
    """Whether the client has offered *method*, or nothing in particular."""
    names = {method.method, *getattr(method, "serves", ())}
    return not request.authmethods or not names.isdisjoint(request.authmethods)


def _verify(exchange: Exchange, message: Authenticate, session: Session) -> Identity:
    identity = exchange.verify(message.signature, message.extra)
    if not isinstance(identity, Identity):
        raise TypeError(f"expected an Identity, got {identity!r}")
    _check_extra(identity.authextra, session)
    return identity


def _check_extra(extra: Mapping[str, Any], session: Session) -> None:
    """Raise `PayloadError` if *extra* cannot be sent to the client."""
    Payload.of(session.serializer, [dict(extra)])


def _attempt(choose: Callable[[], _T]) -> _T | Exception:
    """The value that *choose* returned, or the exception that it raised."""
    try:
        return choose()
    except Exception as error:
        return error
