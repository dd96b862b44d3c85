"""Mistakes that type checkers find: one in each line that says so.

Nothing runs this: tests/test_types.py has mypy and pyright read it.
"""

from __future__ import annotations

from wsocket import (
    Bridge,
    BridgeKey,
    Limits,
    LongPolling,
    Permission,
    PublishOptions,
    Realm,
    RegisterOptions,
    WSocketApp,
    run,
)
from wsocket.asgi import as_asgi
from wsocket.client import connect

app = WSocketApp(protcol="WAMP")  # wrong
app = WSocketApp(max_message_size="1M")  # wrong
app = WSocketApp(limits={})  # wrong
app.register("com.example.x", invoke="robin")  # wrong
app.register("com.example.x", mach="prefix")  # wrong
app.subscribe("com.example.x", options=RegisterOptions())  # wrong
app.publish("com.example.x", options={})  # wrong
app.call("com.example.x", timeout="2")  # wrong
app.listen_rawsocket(8081)  # wrong
app.onmessage += 5  # wrong
app.onmessage = 5  # wrong
app.onmesage = print  # wrong
app.websocket_class = dict  # wrong
Limits(outbox_byts=1)  # wrong
LongPolling("/longpoll", 5)  # wrong
Realm("realm1", strict_uris="yes")  # wrong
Permission("com.example.x", allow=["publsh"])  # wrong
PublishOptions(acknowlege=True)  # wrong
PublishOptions(exclude=["ada"])  # wrong
Bridge(keyz={})  # wrong
Bridge(keys={"cron": "secret"})  # wrong
BridgeKey("x" * 32, rol="user")  # wrong
WSocketApp(trusted_proxies=True)  # wrong
as_asgi(app, http_threads="5")  # wrong
connect("ws://127.0.0.1/", relm="realm1")  # wrong
connect("ws://127.0.0.1/").call("com.example.x", timeout="2")  # wrong
run(app, prot=8080)  # wrong
run("site:app")  # wrong
