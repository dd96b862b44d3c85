"""Plain websockets that echo, and long polls, with little memory for all of them."""

from wsocket import Limits, LongPolling, WSocketApp

app = WSocketApp(
    protocol="WAMP",
    longpoll=LongPolling("/longpoll"),
    limits=Limits(memory=4 * 2**20, ping_interval=0, close_timeout=0.5),
)


@app.route("/failing")
def fail(environ, start_response):
    raise ValueError("as it is meant to")


@app.route("/echo")
def echo(environ, start_response):
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)
