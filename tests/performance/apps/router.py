"""What the CPU time of is guarded: a router whose realm has roles."""

from __future__ import annotations

from wsocket import Permission, Realm, Role, WSocketApp

ALLOWED = Permission(
    "com.example.", match="prefix", allow=["call", "register", "publish", "subscribe"]
)

app = WSocketApp(
    protocol="WAMP", realm=Realm("realm1", roles=[Role("anonymous", [ALLOWED])])
)
