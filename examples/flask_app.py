"""A Flask app that gains a WAMP router, plain websockets and realtime views.

Flask keeps serving HTTP. Its views publish to browsers and call procedures that live
anywhere: in this process, in a page or in another client.

    curl -X POST http://127.0.0.1:8080/orders -d item=tea -d quantity=3
"""

from argparse import ArgumentParser

from flask import Flask, request

from wsocket import WSocketApp, run

flask_app = Flask(__name__)
app = WSocketApp(flask_app, protocol="WAMP")  # what a WSGI server is given

PRICES = {"tea": 2, "cake": 4}


@app.register("com.example.price")
def price(item, quantity=1):
    return PRICES[item] * quantity


@flask_app.get("/")
def index():
    return "Order with POST /orders; listen with WAMP to com.example.orders.\n"


@flask_app.post("/orders")
def order():
    item, quantity = request.form["item"], int(request.form["quantity"])
    total = app.call("com.example.price", item, quantity=quantity, timeout=5)
    app.publish("com.example.orders", item, quantity=quantity, total=total)
    return {"item": item, "quantity": quantity, "total": total}, 201


@app.route("/echo")  # a plain websocket next to Flask's own addresses
def echo(environ, start_response):
    websocket = environ.get("wsgi.websocket")
    if websocket is None:
        start_response(400, {"Content-Type": "text/plain; charset=utf-8"})
        return "This address speaks websocket only.\n"
    for message in websocket:
        websocket.send(message)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    run(app, port=parser.parse_args().port)
