"""A gevent server of somebody else, which leaves Ctrl-C to Python."""

from gevent import monkey

monkey.patch_all()

import time  # noqa: E402 - gevent has to patch first

from gevent.pywsgi import WSGIServer  # noqa: E402

from wsocket import WSocketApp  # noqa: E402

app = WSocketApp(protocol="WAMP")


@app.register("com.example.raise")
def raise_it():
    raise KeyboardInterrupt


@app.register("com.example.spin")
def spin():
    """Work without waiting, so that Ctrl-C comes here."""
    print("spinning", flush=True)  # noqa: T201 - for the test
    end = time.monotonic() + 30
    while time.monotonic() < end:
        pass


if __name__ == "__main__":
    server = WSGIServer(("127.0.0.1", 0), app, log=None)
    server.start()
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("ended by Ctrl-C", flush=True)  # noqa: T201
