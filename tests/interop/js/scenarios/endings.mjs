// What autobahn.js closes its connection for, and what must not end one.
import { failure, join, subscribe, unhandled } from "../sessions.mjs";

export const endings = {
  /** A session that is killed answers with wamp.error.goodbye_and_out, and does not come back. */
  async killed({ url, serializer, one }) {
    const victim = await join(url, serializer);
    const { id } = victim.session;
    await one.session.call("wamp.session.kill", [id], { reason: "com.example.enough" });
    const end = await victim.closed;
    return { end, gone: (await failure(one.session.call("wamp.session.get", [id]))).error };
  },

  /** A PUBLISH that is refused has an answer only if one is asked for. */
  async refused_publication({ one }) {
    const refused = {};
    for (const topic of ["wamp.session.on_join", "com..empty", "com.white space"]) {
      one.session.publish(topic, ["unacknowledged"]);
      const published = one.session.publish(topic, [], {}, { acknowledge: true });
      refused[topic] = (await failure(published)).error;
    }
    return { refused, fate: await one.fate() };
  },

  /** Subscribe and unsubscribe again and again while events come. */
  async subscribing_under_load({ uri, one, two }) {
    const rounds = 30;
    let busy = true;
    const load = (async () => {
      while (busy) {
        for (let n = 0; n < 20; n++) one.session.publish(uri, [n]);
        await one.session.publish(uri, ["acknowledged"], {}, { acknowledge: true });
      }
    })();
    for (let round = 0; round < rounds; round++) {
      const { next, subscription } = await subscribe(two.session, uri);
      await next();
      await subscription.unsubscribe();
    }
    busy = false;
    await load;
    return [await one.fate(), await two.fate()];
  },

  /** A payload that autobahn.js cannot serialize leaves a gap in its request numbers. */
  async gap({ url, serializer, uri, one }) {
    const strict = await join(url, serializer, { realm: "com.example.strict" });
    const circle = {};
    circle.circle = circle;
    for (const { session } of [one, strict]) {
      const unsent = unhandled();
      session.publish(uri, [circle]);
      await unsent;
    }
    strict.session.call("wamp.session.count");
    return { lenient: await one.fate(), strict: [await strict.closed, await strict.fate()] };
  },

  /** Of messages of all sizes, sent without waiting; the CBOR serializer is asynchronous. */
  async order_of_all_sizes({ uri, one, two }) {
    const { next } = await subscribe(two.session, uri);
    const sizes = [100000, 0, 10000, 1, 50000, 2];
    for (const size of sizes) {
      const items = Array((size / 100) | 0).fill({ a: [] });
      one.session.publish(uri, [size, "x".repeat(size), items]);
    }
    const received = [];
    for (const _ of sizes) received.push((await next()).args[0]);
    return received;
  },
};
