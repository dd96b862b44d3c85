// What autobahn.js finds when it is loaded.
import ws from "ws";

globalThis.WebSocket ??= ws; // Node.js has its own since version 22
console.warn = () => {}; // every disconnection, and every payload that has no form
