"""A Flask site with users, and a router that knows who is logged in there."""

import flask

from wsocket import Realm, WSocketApp
from wsocket.wamp.auth import WebLogin

flask_app = flask.Flask(__name__)
flask_app.secret_key = "for this test"


@flask_app.get("/login/<name>")
def log_in(name):
    flask.session["user"] = name
    return "in"


@flask_app.get("/logout")
def log_out():
    flask.session.clear()
    return "out"


def logged_in(environ):
    with flask_app.request_context(environ):
        name = flask.session.get("user")
    return (name, "user") if name else None


app = WSocketApp(
    flask_app,
    protocol="WAMP",
    realm=Realm("realm1", auth=[WebLogin(logged_in)]),
)
