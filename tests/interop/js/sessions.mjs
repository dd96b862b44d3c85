// Sessions of autobahn.js in Node.js.
import "./environment.mjs";
import autobahn from "autobahn";

const MAKE_SERIALIZER = {
  json: () => new autobahn.serializer.JSONSerializer(),
  msgpack: () => new autobahn.serializer.MsgpackSerializer(),
  cbor: () => new autobahn.serializer.CBORSerializer(),
};

export const SERIALIZERS = Object.keys(MAKE_SERIALIZER);

export { autobahn };

/** Join realm1, or the realm of the options: see `open`. */
export function join(url, serializer, options = {}) {
  return open(new autobahn.Connection(connectionOptions(url, serializer, options)));
}

export function connectionOptions(url, serializer, options) {
  return {
    url,
    realm: "realm1",
    serializers: [MAKE_SERIALIZER[serializer]()],
    retry_if_unreachable: false,
    on_user_error: () => {}, // a procedure that fails on purpose is no news
    on_internal_error: () => {}, // `fate` tells
    ...options,
  };
}

/**
 * Open a connection; the promise has {session, details, leave, closed, fate}.
 *
 * `closed` resolves with how the connection ended, `leave()` ends it first. `fate()` is "alive"
 * when the router has answered one more call, or what autobahn.js did not like.
 */
export function open(connection) {
  return new Promise((resolve, reject) => {
    const closed = new Promise((resolveClosed) => {
      connection.onclose = (reason, details) => {
        resolveClosed({ reason, wamp: details.reason, will_retry: details.will_retry });
        reject(new Error(details.reason ?? reason)); // does nothing once joined
        return true; // do not reconnect
      };
    });
    connection.onopen = (session, details) => {
      const complaints = complaintsOf(connection.transport);
      const leave = () => {
        connection.close();
        return closed;
      };
      const fate = async () => {
        if (session.isOpen) await Promise.race([session.call("wamp.session.count"), closed]);
        return complaints[0] ?? (session.isOpen ? "alive" : "closed");
      };
      resolve({ session, details, leave, closed, fate });
    };
    connection.open();
  });
}

/** Why autobahn.js closes a transport, without the numbers; it does so with 3002. */
function complaintsOf(transport) {
  const complaints = [];
  const close = transport.close;
  transport.close = (code, reason) => {
    if (code !== undefined) complaints.push(`${code} ${reason.replace(/ \d+$/, "")}`);
    close(code, reason);
  };
  return complaints;
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
    const event = { args, kwargs, ...details };
    waiting.length ? waiting.shift()(event) : arrived.push(event);
  };
  const subscription = await session.subscribe(topic, onEvent, options);
  const next = () =>
    arrived.length
      ? Promise.resolve(arrived.shift())
      : new Promise((resolve) => waiting.push(resolve));
  return { subscription, next };
}

/** A promise, and the function that resolves it. */
export function signal() {
  let give;
  const given = new Promise((resolve) => (give = resolve));
  return { give, given };
}

/** What is thrown in the next promise that nobody waits for. */
export function unhandled() {
  return new Promise((resolve) => process.once("unhandledRejection", resolve));
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
