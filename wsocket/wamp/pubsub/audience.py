"""Who may get a publication: now, or later as a retained or a past event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from wsocket.wamp.protocol.client_messages import NO_PUBLISH_OPTIONS, PublishOptions
from wsocket.wamp.protocol.publish_lists import lists_size, present_lists
from wsocket.wamp.session.session import Session

# Compiled code looks up an imported name in a dict each time, but not a final one.
_NO_OPTIONS: Final = NO_PUBLISH_OPTIONS

Test = Callable[[Session], bool]

# An attribute of sessions, a list, and whether its value must be listed.
_ListRule = tuple[str, frozenset[Any], bool]
_Lists = tuple[_ListRule, ...]


class Audience:
    """The lists of "Subscriber Black- and Whitelisting", and "Publisher Exclusion".

    Every list that is present must admit a receiver. An empty ``eligible`` list is
    present, and admits nobody.

    Attributes:
        by_session: Whether session IDs are listed. Such an event is not kept in a
            history, because session IDs mean nothing later.
        size: About what the lists cost in memory, in bytes.
    """

    __slots__ = ("_excluded", "_lists", "_publisher", "_tests", "by_session", "size")

    def __init__(self, options: PublishOptions, publisher: int) -> None:
        self._publisher = publisher
        self._excluded = publisher if options.exclude_me else 0
        self._lists: _Lists = ()
        self._tests: tuple[Test, ...] = ()
        self.size = 0
        self.by_session = False
        if options is not _NO_OPTIONS and present_lists(options):  # rare
            self.by_session = (
                options.eligible is not None or options.exclude is not None
            )
            self._lists = tuple(_list_rules(options))
            self._tests = tuple(_member_test(*rule) for rule in self._lists)
            self.size = lists_size(options)

    @property
    def is_listed(self) -> bool:
        """Whether there are lists; else everybody but the publisher may get it."""
        return bool(self._lists)

    def covers(self, other: Audience) -> bool:
        """Whether whoever may get *other* may get this, except for the publisher.

        Different lists are taken to be for different receivers.
        """
        return not self._lists or self._lists == other._lists

    def admits(self, session: Session) -> bool:
        """Whether *session* may get the event."""
        return session.id != self._excluded and all(
            test(session) for test in self._tests
        )

    def is_known_to(self, session: Session) -> bool:
        """Whether *session* may know that there is this event, and where it stands."""
        return session.id == self._publisher or self.admits(session)

    def of(self, subscribers: Iterable[Session]) -> list[Session]:
        """Those of *subscribers* who may get the event."""
        if self._tests:
            return [each for each in subscribers if self.admits(each)]
        excluded = self._excluded
        return [each for each in subscribers if each.id != excluded]


def _list_rules(options: PublishOptions) -> Iterator[_ListRule]:
    """One rule for each list that is present."""
    for attribute, included, excluded in (
        ("id", options.eligible, options.exclude),
        ("authid", options.eligible_authid, options.exclude_authid),
        ("authrole", options.eligible_authrole, options.exclude_authrole),
    ):
        if included is not None:
            yield attribute, frozenset(included), True
        if excluded is not None:
            yield attribute, frozenset(excluded), False


def _member_test(attribute: str, members: frozenset[Any], wanted: bool) -> Test:
    return lambda session: (getattr(session, attribute) in members) is wanted
