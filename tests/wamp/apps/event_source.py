"""A bridge for a browser: it comes back at once, and the realm keeps its events."""

from __future__ import annotations

from wsocket import Bridge, Realm, Remember, WSocketApp

app = WSocketApp(
    protocol="WAMP",
    bridge=Bridge(retry=0.2),
    realm=Realm("realm1", history=[Remember("com.example.", match="prefix")]),
)


@app.route("/page")
def page(environ, start_response):
    start_response(200, {"Content-Type": "text/html; charset=utf-8"})
    return "<!DOCTYPE html><title>events</title><link rel=icon href='data:,'>"


@app.subscribe("com.example.end")
def end(topic: str) -> None:
    """End the sessions that listen to a topic."""
    found = app.call("wamp.subscription.lookup", topic)
    for session in app.call("wamp.subscription.list_subscribers", found):
        app.call("wamp.session.kill", session, reason="com.example.bye")
