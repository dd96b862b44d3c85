"""A WAMP router with one procedure and one subscriber, in a dozen lines of code."""

import sys

from wsocket import WSocketApp, run

app = WSocketApp(protocol="WAMP")  # realm "realm1", open to everyone


@app.register("com.example.add")
def add(a, b):
    app.publish("com.example.added", a, b, total=a + b)
    return a + b


@app.subscribe("com.example.log")
def log(text):
    print("log:", text, flush=True)


if __name__ == "__main__":
    run(app, port=int(sys.argv[2]) if "--port" in sys.argv else 8080)
