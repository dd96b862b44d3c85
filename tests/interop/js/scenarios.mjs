// node scenarios.mjs URL SERIALIZER PREFIX: run every scenario, print {name: outcome} as JSON.
// test_autobahn_js.py holds the expectations.
import { autobahn, binary, failure, isBinary, join, subscribe } from "./sessions.mjs";

const [url, serializer, prefix] = process.argv.slice(2);
const one = await join(url, serializer);
const two = await join(url, serializer);
const BYTES = [0, 1, 127, 128, 255];

const scenarios = {
  async join() {
    return { realm: one.details.realm, roles: Object.keys(one.details.roles).sort() };
  },

  async call_python() {
    const describe = "com.example.python.describe";
    return {
      sum: await one.session.call("com.example.python.add", [2, 3]),
      both: await one.session.call(describe, [1, "two"], { three: [3] }),
      nothing: await one.session.call(describe),
    };
  },

  async call_client() {
    const reverse = (args, kwargs) => new autobahn.Result([...args].reverse(), kwargs);
    await two.session.register(`${prefix}.reverse`, reverse);
    const { args, kwargs } = await one.session.call(`${prefix}.reverse`, [1, "two"], { key: null });
    return { args, kwargs };
  },

  async errors() {
    const refuse = (args, kwargs) => {
      throw new autobahn.Error("com.example.error.no", args, kwargs);
    };
    await two.session.register(`${prefix}.refuse`, refuse);
    const crash = await failure(one.session.call("com.example.python.crash"));
    return {
      client: await failure(one.session.call(`${prefix}.refuse`, [1], { reason: "because" })),
      python: await failure(one.session.call("com.example.python.fail", [1], { why: "no" })),
      crash: crash.error,
      unknown: (await failure(one.session.call(`${prefix}.nobody`))).error,
      taken: (await failure(one.session.register(`${prefix}.refuse`, refuse))).error,
      realm: (await failure(join(url, serializer, "com.example.nowhere"))).error,
    };
  },

  async unregister() {
    const registration = await two.session.register(`${prefix}.shortlived`, () => "alive");
    const before = await one.session.call(`${prefix}.shortlived`);
    await two.session.unregister(registration);
    return { before, after: (await failure(one.session.call(`${prefix}.shortlived`))).error };
  },

  async publish() {
    const { next } = await subscribe(two.session, `${prefix}.topic`);
    const published = await one.session.publish(`${prefix}.topic`, ["text"], { key: 1 }, { acknowledge: true });
    const { args, kwargs, publication } = await next();
    one.session.publish(`${prefix}.topic`, ["unacknowledged"]);
    return { args, kwargs, same: publication === published.id, second: (await next()).args };
  },

  async exclude_me() {
    const { next } = await subscribe(one.session, `${prefix}.mine`);
    await one.session.publish(`${prefix}.mine`, ["not for me"], {}, { acknowledge: true });
    await one.session.publish(`${prefix}.mine`, ["for me"], {}, { acknowledge: true, exclude_me: false });
    return (await next()).args;
  },

  async unsubscribe() {
    const left = await subscribe(two.session, `${prefix}.left`);
    const kept = await subscribe(two.session, `${prefix}.kept`);
    one.session.publish(`${prefix}.left`, ["before"]);
    const before = (await left.next()).args;
    await two.session.unsubscribe(left.subscription);
    let after = false;
    left.next().then(() => (after = true));
    one.session.publish(`${prefix}.left`, ["after"]);
    one.session.publish(`${prefix}.kept`, ["kept"]);
    return { before, kept: (await kept.next()).args, after };
  },

  async binary() {
    const bytes = binary(BYTES, serializer);
    const echoed = await one.session.call("com.example.python.echo", [bytes]);
    const { next } = await subscribe(one.session, "com.example.from_python");
    one.session.publish("com.example.to_python", [prefix, bytes]);
    let event;
    do event = await next();
    while (event.args[0] !== prefix);
    const plain = (value) => isBinary(value, serializer) && Buffer.compare(Buffer.from(value), Buffer.from(bytes)) === 0;
    return { echoed: plain(echoed), event: plain(event.args[1]) };
  },

  async order() {
    const { next } = await subscribe(two.session, `${prefix}.order`);
    for (let number = 0; number < 200; number++) await one.session.publish(`${prefix}.order`, [number]);
    const received = [];
    while (received.length < 200) received.push((await next()).args[0]);
    return received;
  },

  async called_by_python() {
    await one.session.register(`${prefix}.upper`, ([text]) => text.toUpperCase());
    return one.session.call("com.example.python.call", [`${prefix}.upper`, "text"]);
  },

  async leave() {
    const session = await join(url, serializer);
    return session.leave();
  },
};

const outcomes = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    outcomes[name] = await scenario();
  } catch (error) {
    outcomes[name] = { failed: error.error ?? error.stack ?? String(error), args: error.args };
  }
}
await one.leave();
await two.leave();
console.log(JSON.stringify(outcomes));
