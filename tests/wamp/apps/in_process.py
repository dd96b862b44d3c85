"""Procedures, subscribers and views of one process, for tests of a running server."""

import gevent.monkey

from tests.patience import SECONDS
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")


@app.register("com.example.patched")
def patched():
    return gevent.monkey.is_module_patched("socket")


@app.register("com.example.add")
def add(a, b):
    return a + b


@app.register("com.example.relay")
def relay(procedure, *args):
    return app.call(procedure, *args, timeout=SECONDS)


@app.register("com.example.slow_relay")
def slow_relay(procedure):
    from wsocket.errors import CallTimeout

    try:
        return app.call(procedure, timeout=0.1)
    except CallTimeout as error:
        return error.error


@app.subscribe("com.example.ping")
def on_ping(number):
    app.publish("com.example.pong", number)


@app.route("/call")
def call_view(environ, start_response):
    return str(app.call("com.example.add", 2, 3, timeout=SECONDS))


@app.route("/publish")
def publish_view(environ, start_response):
    app.publish("com.example.pong", "view")
    return "published"


@app.route("/spawn")
def spawn_view(environ, start_response):
    """Call from greenlets of our own, all at once."""
    jobs = [gevent.spawn(app.call, "com.example.add", n, 1) for n in range(20)]
    gevent.joinall(jobs, raise_error=True)
    return ",".join(str(job.value) for job in jobs)
