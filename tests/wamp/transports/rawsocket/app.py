"""The router that the tests of this folder talk to, in a process of its own."""

from urllib.parse import unquote

from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")


@app.register("com.example.add")
def add(a, b):
    return a + b


@app.route("/listen")
def listen(environ, start_response):
    """Open a listener, and say where it is."""
    return app.listen_rawsocket(unquote(environ["QUERY_STRING"])).address
