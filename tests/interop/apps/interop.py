"""The application that foreign clients talk to in the interop tests."""

import json
from urllib.parse import parse_qs

from wsocket import WSocketApp
from wsocket.errors import ApplicationError

app = WSocketApp(protocol="WAMP")


@app.register("com.example.python.add")
def add(a, b):
    return a + b


@app.register("com.example.python.echo")
def echo(payload):
    return payload


@app.register("com.example.python.describe")
def describe(*args, **kwargs):
    return {"args": list(args), "kwargs": kwargs}


@app.register("com.example.python.fail")
def fail(*args, **kwargs):
    raise ApplicationError("com.example.error.refused", *args, **kwargs)


@app.register("com.example.python.crash")
def crash():
    raise ValueError("the procedure is broken")


@app.register("com.example.python.publish")
def publish(topic, payload):
    """Publish from inside a procedure."""
    app.publish(topic, payload, origin="python")


@app.register("com.example.python.call")
def call(procedure, payload):
    """Call back into a client from inside a procedure."""
    return app.call(procedure, payload, timeout=10)


@app.subscribe("com.example.to_python")
def to_python(*args, **kwargs):
    """Send every event back on another topic."""
    app.publish("com.example.from_python", *args, **kwargs)


@app.route("/")
def index(environ, start_response):
    return "HTTP works"


@app.route("/call/*")
def call_from_http(environ, start_response):
    """Call the procedure named by the path with the ``text`` of the query."""
    procedure = environ["PATH_INFO"].removeprefix("/call/")
    text = parse_qs(environ["QUERY_STRING"]).get("text", [""])[0]
    start_response(200, {"Content-Type": "application/json"})
    return json.dumps(app.call(procedure, text, timeout=10))


@app.route("/publish/*")
def publish_from_http(environ, start_response):
    """Publish the ``text`` of the query to the topic named by the path."""
    text = parse_qs(environ["QUERY_STRING"]).get("text", [""])[0]
    app.publish(environ["PATH_INFO"].removeprefix("/publish/"), text)
    start_response(204)
    return ""


@app.route("/echo")
def plain_echo(environ, start_response):
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)
