// What a browser does at /page of the interop application; test_browser_autobahn.py calls it.
"use strict";

const SERIALIZERS = {
  json: () => new autobahn.serializer.JSONSerializer(),
  msgpack: () => new autobahn.serializer.MsgpackSerializer(),
};

/** Join: the connection is `session.connection`, its end `session.closed`. */
function join({ serializer = "json", ...options } = {}) {
  return new Promise((resolve) => {
    const url = location.origin.replace("http", "ws");
    const serializers = [SERIALIZERS[serializer]()];
    const connection = new autobahn.Connection({ url, realm: "realm1", serializers, ...options });
    const closed = new Promise((end) => {
      connection.onclose = (reason) => {
        end(reason);
        return true; // do not reconnect
      };
    });
    connection.onopen = (session) => resolve(Object.assign(session, { connection, closed }));
    connection.open();
  });
}

/** Call with a wish for progressive results. */
async function callWithProgress(session, procedure, args) {
  const heard = [];
  const call = session.call(procedure, args, {}, { receive_progress: true });
  const end = await call.then((result) => result, undefined, (part) => heard.push(part));
  return { heard, end };
}

const page = {
  async serve_progress(uri, serializer) {
    const session = await join({ serializer });
    await session.register(uri, async ([most], kwargs, { progress }) => {
      for (let number = 1; number <= most; number++) {
        progress([number]);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return "end";
    });
  },

  async call_with_progress(uri, serializer, ...args) {
    const session = await join({ serializer });
    const outcome = await callWithProgress(session, uri, args);
    session.connection.close();
    return outcome;
  },

  async call(uri, ...args) {
    const session = await join();
    const result = await session.call(uri, args);
    session.connection.close();
    return result;
  },

  /** Without when.js autobahn.js has nothing to tell the progress with. */
  async es6_promises() {
    const session = await join({ use_es6_promises: true });
    const thrown = new Promise((resolve) =>
      addEventListener("error", ({ message }) => resolve(message), { once: true }));
    const { heard, end } = await callWithProgress(session, "com.example.python.count", [1]);
    const open = session.isOpen;
    session.connection.close();
    return { heard, end, open, thrown: await thrown };
  },

  async binary(serializer) {
    const session = await join({ serializer });
    const bytes = await session.call("com.example.python.bytes");
    const sent = serializer === "json" ? bytes : new Uint8Array([0, 128, 255]);
    const echoed = await session.call("com.example.python.type_of", [sent]);
    session.connection.close();
    return { is_array: bytes instanceof Uint8Array, bytes: Array.from(bytes), echoed };
  },

  /** Cancel a call of a procedure that takes its time: does the connection survive? */
  async cancel(uri, realm, how) {
    const callee = await join({ realm });
    const caller = await join({ realm });
    const answers = () => caller.call("wamp.session.count").then(() => "open");
    const fate = () => (caller.isOpen ? Promise.race([caller.closed, answers()]) : caller.closed);
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    const started = new Promise((start) => callee.register(uri, () => start() ?? finished));
    await callee.call("wamp.session.count"); // it is registered by now
    const call = caller.call(uri);
    const failed = call.catch(({ error }) => error);
    await started;
    call.cancel(how);
    const error = await failed;
    await fate();
    finish("late");
    const outcome = { error, caller: await fate(), callee: callee.isOpen ? "open" : "closed" };
    for (const session of [callee, caller]) if (session.isOpen) session.connection.close();
    return outcome;
  },
};
