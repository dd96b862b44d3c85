"""A router over TLS that lets in the owner of one key, and one password."""

from __future__ import annotations

import ssl

from wsocket import Realm, WSocketApp, run
from wsocket.wamp.auth import Cryptosign, CryptosignUser, Scram, ScramUser

PRIVATE_KEY = bytes(range(32))
PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
PASSWORD, SALT, ITERATIONS = "pencil", b"salt" * 4, 4096

app = WSocketApp(
    protocol="WAMP",
    realm=Realm(
        "realm1",
        auth=[
            Cryptosign({PUBLIC_KEY: CryptosignUser(authid="joe", role="user")}),
            Scram(
                {
                    "joe": ScramUser.from_password(
                        PASSWORD, role="user", salt=SALT, iterations=ITERATIONS
                    )
                }
            ),
        ],
    ),
)


def serve(certfile: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certfile)
    run(app, port=0, ssl_context=context)
