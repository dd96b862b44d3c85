// What autobahn.js finds when it is loaded.
import ws from "ws";

/** As in a browser, an error that nobody listens for is not thrown. */
class WebSocket extends ws {
  constructor(...options) {
    super(...options);
    this.on("error", () => {});
  }
}

globalThis.WebSocket ??= WebSocket; // Node.js has its own since version 22
console.warn = () => {}; // every disconnection, and every payload that has no form
