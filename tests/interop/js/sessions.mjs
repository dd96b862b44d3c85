// Sessions of autobahn.js in Node.js.
import autobahn from "autobahn";
import ws from "ws";

globalThis.WebSocket ??= ws; // Node.js has its own since version 22
console.warn = () => {}; // autobahn.js announces every disconnection there

const SERIALIZERS = {
  json: () => new autobahn.serializer.JSONSerializer(),
  msgpack: () => new autobahn.serializer.MsgpackSerializer(),
  cbor: () => new autobahn.serializer.CBORSerializer(),
};

export { autobahn };

/** Join realm1: {session, details, leave}; leave() resolves with how the session ended. */
export function join(url, serializer, realm = "realm1") {
  return new Promise((resolve, reject) => {
    const connection = new autobahn.Connection({
      url,
      realm,
      serializers: [SERIALIZERS[serializer]()],
      retry_if_unreachable: false,
      use_es6_promises: true,
      on_user_error: () => {}, // a procedure that fails on purpose is no news
    });
    const closed = new Promise((resolveClosed) => {
      connection.onclose = (reason, details) => {
        resolveClosed({ reason, wamp: details.reason });
        reject(new Error(details.reason ?? reason)); // does nothing once joined
        return true; // do not reconnect
      };
    });
    connection.onopen = (session, details) => {
      const leave = () => {
        connection.close();
        return closed;
      };
      resolve({ session, details, leave });
    };
    connection.open();
  });
}

/** What a rejected promise carries, as plain data. */
export async function failure(promise) {
  try {
    return { unexpected: await promise };
  } catch (error) {
    return { error: error.error ?? error.message, args: error.args, kwargs: error.kwargs };
  }
}

/** Subscribe; returns next(), a promise of each event in turn. */
export async function subscribe(session, topic, options) {
  const waiting = [];
  const arrived = [];
  const onEvent = (args, kwargs, details) => {
    const event = { args, kwargs, publication: details.publication };
    waiting.length ? waiting.shift()(event) : arrived.push(event);
  };
  const subscription = await session.subscribe(topic, onEvent, options);
  const next = () =>
    arrived.length ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { subscription, next };
}

/** Binary payloads as WAMP has them: JSON carries a string, NUL and base64 (Basic Profile). */
export function binary(bytes, serializer) {
  return serializer === "json" ? `\0${Buffer.from(bytes).toString("base64")}` : Buffer.from(bytes);
}

export function isBinary(value, serializer) {
  return serializer === "json"
    ? typeof value === "string" && value.startsWith("\0")
    : value instanceof Uint8Array;
}
