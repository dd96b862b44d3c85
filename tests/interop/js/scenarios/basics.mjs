// The Basic Profile.
import { autobahn, binary, failure, isBinary, join, subscribe } from "../sessions.mjs";

const BYTES = [0, 1, 127, 128, 255];

export const basics = {
  async join({ one }) {
    return { realm: one.details.realm, roles: Object.keys(one.details.roles).sort() };
  },

  async call_python({ one }) {
    const describe = "com.example.python.describe";
    return {
      sum: await one.session.call("com.example.python.add", [2, 3]),
      both: await one.session.call(describe, [1, "two"], { three: [3] }),
      nothing: await one.session.call(describe),
    };
  },

  async call_client({ uri, one, two }) {
    const reverse = (args, kwargs) => new autobahn.Result([...args].reverse(), kwargs);
    await two.session.register(uri, reverse);
    const { args, kwargs } = await one.session.call(uri, [1, "two"], { key: null });
    return { args, kwargs };
  },

  async errors({ url, serializer, uri, one, two }) {
    const refuse = (args, kwargs) => {
      throw new autobahn.Error("com.example.error.no", args, kwargs);
    };
    await two.session.register(uri, refuse);
    const crash = await failure(one.session.call("com.example.python.crash"));
    return {
      client: await failure(one.session.call(uri, [1], { reason: "because" })),
      python: await failure(one.session.call("com.example.python.fail", [1], { why: "no" })),
      crash: crash.error,
      unknown: (await failure(one.session.call(`${uri}.nobody`))).error,
      taken: (await failure(one.session.register(uri, refuse))).error,
      realm: (await failure(join(url, serializer, { realm: "com.example.nowhere" }))).error,
    };
  },

  async unregister({ uri, one, two }) {
    const registration = await two.session.register(uri, () => "alive");
    const before = await one.session.call(uri);
    await two.session.unregister(registration);
    return { before, after: (await failure(one.session.call(uri))).error };
  },

  async publish({ uri, one, two }) {
    const { next } = await subscribe(two.session, uri);
    const published = await one.session.publish(uri, ["text"], { key: 1 }, { acknowledge: true });
    const { args, kwargs, publication } = await next();
    one.session.publish(uri, ["unacknowledged"]);
    return { args, kwargs, same: publication === published.id, second: (await next()).args };
  },

  async exclude_me({ uri, one }) {
    const { next } = await subscribe(one.session, uri);
    await one.session.publish(uri, ["not for me"], {}, { acknowledge: true });
    await one.session.publish(uri, ["for me"], {}, { acknowledge: true, exclude_me: false });
    return (await next()).args;
  },

  async unsubscribe({ uri, one, two }) {
    const left = await subscribe(two.session, `${uri}.left`);
    const kept = await subscribe(two.session, `${uri}.kept`);
    one.session.publish(`${uri}.left`, ["before"]);
    const before = (await left.next()).args;
    await two.session.unsubscribe(left.subscription);
    let after = false;
    left.next().then(() => (after = true));
    one.session.publish(`${uri}.left`, ["after"]);
    one.session.publish(`${uri}.kept`, ["kept"]);
    return { before, kept: (await kept.next()).args, after };
  },

  async binary({ serializer, uri, one }) {
    const bytes = binary(BYTES, serializer);
    const echoed = await one.session.call("com.example.python.echo", [bytes]);
    const { next } = await subscribe(one.session, "com.example.from_python");
    one.session.publish("com.example.to_python", [uri, bytes]);
    let event;
    do event = await next();
    while (event.args[0] !== uri);
    const plain = (value) =>
      isBinary(value, serializer) && Buffer.compare(Buffer.from(value), Buffer.from(bytes)) === 0;
    return { echoed: plain(echoed), event: plain(event.args[1]) };
  },

  async order({ uri, one, two }) {
    const { next } = await subscribe(two.session, uri);
    for (let number = 0; number < 200; number++) await one.session.publish(uri, [number]);
    const received = [];
    while (received.length < 200) received.push((await next()).args[0]);
    return received;
  },

  async called_by_python({ uri, one }) {
    await one.session.register(uri, ([text]) => text.toUpperCase());
    return one.session.call("com.example.python.call", [uri, "text"]);
  },

  async leave({ url, serializer }) {
    const session = await join(url, serializer);
    return session.leave();
  },
};
