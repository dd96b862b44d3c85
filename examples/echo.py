"""A plain websocket echo, and the page that talks to it, on one port.

Run ``python examples/echo.py`` and open the address it prints.
"""

from argparse import ArgumentParser

from wsocket import WSocketApp, run

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>wsocket echo</title>
<style>
  body { font: 1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; }
  form { display: flex; gap: .5rem }
  input { flex: 1 }
  input, button { font: inherit; padding: .4rem .8rem }
</style>
<h1>Echo</h1>
<form id="form">
  <input id="text" aria-label="Message" placeholder="Say something" autofocus>
  <button>Send</button>
</form>
<ol id="log"></ol>
<script>
  const socket = new WebSocket(location.href.replace("http", "ws") + "echo");
  const show = (line) => {
    const item = document.createElement("li");
    item.textContent = line;
    document.getElementById("log").append(item);
  };
  socket.onopen = () => show("connected");
  socket.onclose = () => show("disconnected");
  socket.onmessage = (event) => show(event.data);
  document.getElementById("form").onsubmit = (event) => {
    event.preventDefault();
    socket.send(document.getElementById("text").value);
    event.target.reset();
  };
</script>
</html>
"""

app = WSocketApp()


@app.route("/")
def page(environ, start_response):
    start_response(200, {"Content-Type": "text/html; charset=utf-8"})
    return PAGE


@app.route("/echo")
def echo(environ, start_response):
    websocket = environ.get("wsgi.websocket")
    if websocket is None:
        start_response(400, {"Content-Type": "text/plain; charset=utf-8"})
        return "This address speaks websocket only.\n"
    for message in websocket:  # ends when the peer closes
        websocket.send(message)  # str stays text, bytes stay binary


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    run(app, port=parser.parse_args().port)
