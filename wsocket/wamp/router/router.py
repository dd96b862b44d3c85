"""The router: its realms, and which realm a client gets into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType

from wsocket.core.checks import closest
from wsocket.errors import UnknownRealm
from wsocket.wamp.authorization.authorizer import Authorizer
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import Authenticate, Hello
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.ids import RandomBelow
from wsocket.wamp.protocol.uris import MAX_LENGTH, UriRules
from wsocket.wamp.router import config
from wsocket.wamp.router.build import build_realm
from wsocket.wamp.router.door import Door
from wsocket.wamp.router.login import Login
from wsocket.wamp.router.open_realm import OpenRealmWarning
from wsocket.wamp.router.realm import RunningRealm
from wsocket.wamp.router.router_metrics import RouterMetrics, router_metrics
from wsocket.wamp.router.snapshot import RouterSnapshot, realm_snapshot
from wsocket.wamp.router.trusted_gate import TrustedGate
from wsocket.wamp.router.unknown_role import UnknownRoleWarning
from wsocket.wamp.rpc.call_table import CallTable
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.runtime import Cancellable, Runtime
from wsocket.wamp.session.session import Session
from wsocket.wamp.session.traffic import Traffic

_URIS = UriRules()


class Router:
    """Realms by name. It is the gatekeeper of all sessions but the application's own.

    Args:
        join_timeout: Seconds that a client has from connecting until it is in a realm.
        door: How often clients of one address may try.

    Attributes:
        door: As given; who logs in without HELLO's methods knocks there, too.
        traffic: Counts what sessions do.
        trusted: The gatekeeper of the application's own session.
    """

    def __init__(
        self,
        realms: Iterable[config.Realm],
        *,
        random_below: RandomBelow,
        join_timeout: float = 10.0,
        door: Door | None = None,
    ) -> None:
        self.door = door or Door()
        self.traffic = Traffic()
        self._random_below = random_below
        self._join_timeout = join_timeout
        self._configs: dict[str, config.Realm] = {}
        self._runtime: Runtime | None = None
        self._realms: dict[str, RunningRealm] = {}
        self._warnings = (OpenRealmWarning(), UnknownRoleWarning())
        for realm in realms:
            self.add_realm(realm)
        self.trusted = TrustedGate(self.realm_for, self.traffic)

    # Realms

    def start(self, runtime: Runtime) -> None:
        """Open the realms without sessions: those that a forked child inherited are
        its parent's.
        """
        self._runtime = runtime
        self._realms = {
            name: self._open(each, runtime) for name, each in self._configs.items()
        }

    def add_realm(self, realm: config.Realm) -> None:
        """Open another realm.

        Raises:
            TypeError: *realm* is not a `Realm`.
            ValueError: There is one of that name.
        """
        if not isinstance(realm, config.Realm):
            raise TypeError(f"realm: expected a Realm, got {realm!r:.100}")
        if realm.name in self._configs:
            raise ValueError(f"realm: there is a realm {realm.name!r} already")
        self._configs[realm.name] = realm
        if self._runtime is not None:
            self._realms[realm.name] = self._open(realm, self._runtime)

    def _open(self, realm: config.Realm, runtime: Runtime) -> RunningRealm:
        return build_realm(
            realm,
            runtime=runtime,
            random_below=self._random_below,
            traffic=self.traffic,
        )

    def remove_realm(self, name: str) -> None:
        """Close a realm; its sessions get GOODBYE ``wamp.close.close_realm``.

        Raises:
            UnknownRealm: There is none of that name.
        """
        self._check_known("name", name)
        del self._configs[name]
        realm = self._realms.pop(name, None)
        if realm is not None:
            realm.close(errors.CLOSE_REALM)

    def set_authorizer(self, name: str, authorizer: Authorizer | str | None) -> None:
        """Give a realm another authorizer.

        Raises:
            UnknownRealm: There is none of that name.
            TypeError, ValueError: *authorizer* is not what a realm can have.
        """
        self._check_known("realm", name)
        self._configs[name] = replace(self._configs[name], authorizer=authorizer)
        realm = self._realms.get(name)
        if realm is not None:
            realm.set_authorizer(authorizer)

    def _check_known(self, argument: str, name: object) -> None:
        if isinstance(name, str) and name in self._configs:
            return
        names = list(self._configs)
        known = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        meant = closest(name, names) if isinstance(name, str) else ""
        raise UnknownRealm(
            f"{argument}: there is no realm {name!r:.100}; this router has "
            f"{known}{meant}"
        )

    def realm_for(self, session: Session, hello: Hello) -> RunningRealm | None:
        """The realm that *hello* asks for; None after refusing the session."""
        realm = self._realms.get(hello.realm)
        if realm is None:
            session.refuse(*_no_realm(hello.realm))
        return realm

    def calls(self) -> Iterator[RoutedCall]:
        """The calls that are under way now, in every realm."""
        for realm in self._realms.values():
            yield from realm.parts.dealer.calls.running()

    def calls_of(self, name: str) -> CallTable:
        """The calls that are under way in an open realm."""
        return self._realms[name].parts.dealer.calls

    def metrics(self) -> RouterMetrics:
        """What sessions have done so far, and how many there are; on the loop."""
        return router_metrics(
            self.traffic,
            {
                name: len(realm.parts.members.by_id)
                for name, realm in self._realms.items()
            },
        )

    def snapshot(self) -> RouterSnapshot:
        """What the open realms hold now; on the loop."""
        return RouterSnapshot(
            MappingProxyType(
                {
                    name: realm_snapshot(name, realm.parts)
                    for name, realm in self._realms.items()
                }
            )
        )

    # The gatekeeper

    def admit(self, session: Session, hello: Hello) -> None:
        """Answer HELLO; see `Login.begin`."""
        assert self._runtime is not None
        address = session.environ.get("REMOTE_ADDR", "")
        refusal = self.door.knock(address, self._runtime.monotonic())
        if refusal is not None:
            session.refuse(*refusal)
            return
        realm = self.realm_for(session, hello)
        if realm is not None:
            login = session.login = Login(
                session,
                realm,
                runtime=self._runtime,
                joined=lambda: self.look_at(realm, session),
                failed=lambda now: self.door.failed(address, now),
            )
            login.begin(hello)

    def look_at(self, realm: RunningRealm, session: Session) -> None:
        """Warn of mistakes that show when *session* has joined *realm*."""
        for warning in self._warnings:
            warning.look_at(realm.config, session)

    def verify(self, session: Session, message: Authenticate) -> None:
        """Answer AUTHENTICATE; see `Login.verify`."""
        login = session.login
        assert isinstance(login, Login)
        login.verify(message)

    def deadline(self, callback: Callable[[], None]) -> Cancellable:
        """Call back when the time of a client to join or to answer GOODBYE is over."""
        assert self._runtime is not None
        return self._runtime.call_later(self._join_timeout, callback)

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """See `Runtime.in_turns`."""
        assert self._runtime is not None
        self._runtime.in_turns(steps, done)


def _no_realm(name: str) -> Refusal:
    """Why nobody can join *name*. Any URI may be asked for, by the loose rules: the
    strict ones are a setting of a realm, and there is none.
    """
    if len(name) <= MAX_LENGTH and not _URIS.valid(name):
        return Refusal(errors.INVALID_URI, f"HELLO.Realm: {_URIS.problem(name)}")
    return Refusal(errors.NO_SUCH_REALM, f"there is no realm {name!r:.100}")
