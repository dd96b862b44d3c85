"""What is subscribed and registered: to be found by ID, and to be restored."""

from __future__ import annotations

from wsocket.client.records import Record, RegistrationRecord, SubscriptionRecord
from wsocket.errors import ProtocolError
from wsocket.wamp.protocol.caching import keep


class KeptRecords:
    """The records of a client; IDs are those of the present session."""

    def __init__(self) -> None:
        self._records: dict[Record, None] = {}
        self._subscribers: dict[int, list[SubscriptionRecord]] = {}
        self._procedures: dict[int, RegistrationRecord] = {}
        # IDs that were in use: messages for them may be on their way.
        self._past: dict[tuple[type, int], None] = {}

    def __contains__(self, record: Record) -> bool:
        return record in self._records

    def to_restore(self) -> list[Record]:
        """All records, in the order in which they were made."""
        return list(self._records)

    def forget_session(self) -> None:
        """The session is over: its IDs mean nothing any more."""
        for record in self._records:
            record.id = None
        self._subscribers.clear()
        self._procedures.clear()
        self._past.clear()

    def place(self, record: Record, number: int) -> None:
        """The router has given *record* an ID."""
        self._records[record] = None
        record.id = number
        if isinstance(record, SubscriptionRecord):
            self._subscribers.setdefault(number, []).append(record)
        else:
            self._procedures[number] = record

    def drop(self, record: Record) -> int | None:
        """Keep a record no longer.

        Returns:
            The ID that the router is to be told, if nothing else uses it.
        """
        self._records.pop(record, None)
        number, record.id = record.id, None
        if number is None:
            return None
        if isinstance(record, RegistrationRecord):
            del self._procedures[number]
        else:
            others = self._subscribers[number]
            others.remove(record)
            if others:
                return None
            del self._subscribers[number]
        keep(self._past, (type(record), number), None)
        return number

    def revoke(self, kind: type[Record], number: int) -> list[Record]:
        """The router has ended what has this ID; returns what that was."""
        ended: list[Record]
        if kind is SubscriptionRecord:
            ended = list(self._subscribers.get(number, ()))
        else:
            ended = [self._procedures[number]] if number in self._procedures else []
        for record in ended:
            self.drop(record)
        return ended

    def subscribers(self, number: int) -> list[SubscriptionRecord]:
        """Who gets an event; nobody, if the subscription has just ended.

        Raises:
            ProtocolError: There never was such a subscription.
        """
        found = self._subscribers.get(number)
        if found is None:
            self._check_past(SubscriptionRecord, number, "an EVENT for subscription")
            return []
        return found

    def procedure(self, number: int) -> RegistrationRecord | None:
        """Who is called; None, if the registration has just ended.

        Raises:
            ProtocolError: There never was such a registration.
        """
        found = self._procedures.get(number)
        if found is None:
            self._check_past(
                RegistrationRecord, number, "an INVOCATION for registration"
            )
        return found

    def _check_past(self, kind: type[Record], number: int, what: str) -> None:
        if (kind, number) not in self._past:
            raise ProtocolError(f"{what} {number}, which does not exist")
