"""Taking a registration from its callee ("Registration Revocation")."""

from __future__ import annotations

from wsocket.wamp.protocol.client_messages import UNREGISTERED
from wsocket.wamp.rpc.registrations import Registration, Registrations
from wsocket.wamp.session.session import Session


def revoke(
    registrations: Registrations,
    callee: Session,
    registration: Registration,
    reason: str,
) -> None:
    """Take a registration from a callee; tell the callee if it announced that."""
    registrations.remove(callee, registration)
    if "callee.registration_revocation" in callee.features:
        details = {"registration": registration.id, "reason": reason}
        callee.send([UNREGISTERED, 0, details])
