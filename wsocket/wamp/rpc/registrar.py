"""Registering procedures: REGISTER, UNREGISTER, and registrations taken back."""

from __future__ import annotations

from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    REGISTER,
    REGISTERED,
    UNREGISTER,
    UNREGISTERED,
    Register,
    Unregister,
)
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.rpc.registrations import Registration, Registrations
from wsocket.wamp.session.grant import Grant
from wsocket.wamp.session.session import Session


class Registrar:
    """Changes the registrations of one realm.

    Every method runs on the loop, with an established session.
    """

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations

    def register(self, callee: Session, message: Register, grant: Grant) -> None:
        """Answer REGISTER."""
        uri, options = message.procedure, message.options
        refusal = self._registrations.refusal(callee, uri, options)
        if refusal is None and options.disclose_caller and grant.disclose == "deny":
            problem = "disclose_caller: callers are never disclosed for this procedure"
            refusal = Refusal(errors.DISCLOSE_ME_DISALLOWED, problem)
        if refusal is not None:
            callee.send_error(REGISTER, message.request, *refusal)
            return
        if options.force_reregister:
            self._evict(callee, uri, message)
        registration = self._registrations.add(callee, uri, options)
        callee.send([REGISTERED, message.request, registration.id])

    def unregister(self, callee: Session, message: Unregister) -> None:
        """Answer UNREGISTER; the callee still answers the calls that it runs."""
        registration = self._registrations.by_id.get(message.registration)
        if registration is None or registration.endpoint_of(callee) is None:
            callee.send_error(
                UNREGISTER,
                message.request,
                errors.NO_SUCH_REGISTRATION,
                f"this session does not hold registration {message.registration}",
            )
            return
        self._registrations.remove(callee, registration)
        callee.send([UNREGISTERED, message.request])

    def revoke(self, callee: Session, registration: Registration, reason: str) -> None:
        """Take a registration from a callee ("Registration Revocation")."""
        self._registrations.remove(callee, registration)
        if "callee.registration_revocation" in callee.features:
            details = {"registration": registration.id, "reason": reason}
            callee.send([UNREGISTERED, 0, details])

    def _evict(self, callee: Session, uri: str, message: Register) -> None:
        """Take a procedure from its callees, for one that replaces them."""
        registration = self._registrations.get(uri, message.options.match)
        if registration is None:
            return
        for endpoint in list(registration.endpoints):
            if endpoint.callee is callee:
                self._registrations.remove(callee, registration)
            else:
                self.revoke(endpoint.callee, registration, errors.UNREGISTERED)
