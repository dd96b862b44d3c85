"""Flask-Sock on Werkzeug's threaded server: python flask_sock_app.py PORT"""

from __future__ import annotations

import logging
import sys
from typing import Any

from flask import Flask
from flask_sock import Sock

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app = Flask(__name__)
sock = Sock(app)


@sock.route("/echo")
def echo(ws: Any) -> None:
    while True:
        ws.send(ws.receive())


app.run(port=int(sys.argv[1]), threaded=True)
