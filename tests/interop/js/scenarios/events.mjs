// Events of the Advanced Profile.
import { failure, join, signal, subscribe } from "../sessions.mjs";

const ACKNOWLEDGE = { acknowledge: true };

/** The first argument of every event until the one that is "end". */
async function untilEnd(next) {
  const heard = [];
  for (let event = await next(); event.args[0] !== "end"; event = await next()) {
    heard.push(event.args[0]);
  }
  return heard;
}

export const events = {
  async patterns_of_topics({ uri, one, two }) {
    const subscribed = {
      prefix: await subscribe(two.session, `${uri}.a`, { match: "prefix" }),
      wildcard: await subscribe(two.session, `${uri}..b`, { match: "wildcard" }),
      exact: await subscribe(two.session, `${uri}.a.b`),
    };
    for (const end of [".a.b", ".ab", ".z.b", ".z.c"]) one.session.publish(uri + end, [end]);
    for (const end of [".a.end", ".end.b", ".a.b"]) one.session.publish(uri + end, ["end"]);
    const outcome = {};
    for (const [match, { next }] of Object.entries(subscribed)) {
      outcome[match] = [];
      for (let event = await next(); event.args[0] !== "end"; event = await next())
        outcome[match].push([event.args[0], event.topic.slice(uri.length)]);
    }
    return outcome;
  },

  async black_and_white_lists({ uri, one, two }) {
    const { next } = await subscribe(two.session, uri);
    const [me, role] = [two.session.id, "anonymous"];
    const lists = {
      exclude: { exclude: [me] },
      exclude_another: { exclude: [1] },
      exclude_authid: { exclude_authid: [two.details.authid] },
      exclude_authrole: { exclude_authrole: [role] },
      eligible: { eligible: [me] },
      eligible_nobody: { eligible: [] },
      eligible_another: { eligible: [1] },
      eligible_authid: { eligible_authid: [two.details.authid] },
      eligible_authrole: { eligible_authrole: [role] },
      both: { eligible: [me], exclude_authrole: [role] },
    };
    for (const [name, options] of Object.entries(lists)) {
      one.session.publish(uri, [name], {}, options);
    }
    one.session.publish(uri, ["end"]);
    return untilEnd(next);
  },

  async publisher_identification({ url, serializer, uri, two }) {
    const publisher = await join(url, serializer);
    const { next } = await subscribe(two.session, uri);
    publisher.session.publish(uri, ["hidden"]);
    publisher.session.publish(uri, ["asked"], {}, { disclose_me: true });
    publisher.session.publisher_disclose_me = true;
    publisher.session.publish(uri, ["always"]);
    const told = [];
    for (const _ of [1, 2, 3]) {
      const event = await next();
      const disclosed = event.publisher === publisher.session.id;
      told.push([event.args[0], disclosed, event.publisher_authrole ?? null]);
    }
    await publisher.leave();
    return told;
  },

  async retained({ uri, one, two }) {
    await one.session.publish(uri, ["first"], {}, { ...ACKNOWLEDGE, retain: true });
    await one.session.publish(uri, ["last"], {}, { ...ACKNOWLEDGE, retain: true });
    const { next } = await subscribe(two.session, uri, { get_retained: true });
    one.session.publish(uri, ["live"]);
    const [kept, live] = [await next(), await next()];
    return [kept.args[0], kept.retained, live.args[0], live.retained];
  },

  async history({ serializer, uri, one, two }) {
    const topic = `com.example.remembered.${uri.split(".").at(-3)}.${serializer}`;
    const { subscription } = await subscribe(two.session, topic, { match: "prefix" });
    for (const number of [1, 2, 3]) await one.session.publish(topic, [number], {}, ACKNOWLEDGE);
    const wanted = { topic, limit: 2 };
    const past = await two.session.call("wamp.subscription.get_events", [subscription.id], wanted);
    return past.map((event) => event.args);
  },

  async testament({ url, serializer, uri, two }) {
    const { next } = await subscribe(two.session, uri);
    const dying = await join(url, serializer);
    await dying.session.call("wamp.session.add_testament", [uri, ["will"], { key: 1 }]);
    await dying.leave();
    const { args, kwargs } = await next();
    return { args, kwargs };
  },

  async subscription_revoked({ uri, one, two }) {
    const { next, subscription } = await subscribe(two.session, uri);
    const goes_on = await subscribe(two.session, `${uri}.other`);
    const remove = "wamp.subscription.remove_subscriber";
    await one.session.call(remove, [subscription.id, two.session.id], { reason: "enough" });
    const reason = await subscription.on_unsubscribe;
    let heard = false;
    next().then(() => (heard = true));
    one.session.publish(uri, ["nobody hears"]);
    one.session.publish(`${uri}.other`, ["end"]);
    await goes_on.next();
    return { reason, active: subscription.active, heard, fate: await two.fate() };
  },

  async subscription_meta({ uri, one, two }) {
    const { session } = one;
    const { id } = await two.session.subscribe(uri, () => {}, { match: "prefix" });
    const details = await session.call("wamp.subscription.get", [id]);
    const subscribers = await session.call("wamp.subscription.list_subscribers", [id]);
    const found = await session.call("wamp.subscription.lookup", [uri, { match: "prefix" }]);
    return {
      looked_up: found === id,
      matched: (await session.call("wamp.subscription.match", [`${uri}.x`])).includes(id),
      details: { match: details.match, uri: details.uri === uri },
      subscribers: subscribers.length === 1 && subscribers[0] === two.session.id,
      count: await session.call("wamp.subscription.count_subscribers", [id]),
      listed: (await session.call("wamp.subscription.list")).prefix.includes(id),
    };
  },

  async session_meta({ url, serializer, one }) {
    const [joined, left] = [signal(), signal()];
    const onJoin = ([details]) => joined.give(details);
    const joins = await one.session.subscribe("wamp.session.on_join", onJoin);
    const visitor = await join(url, serializer);
    const leaves = await one.session.subscribe("wamp.session.on_leave", ([id]) => {
      if (id === visitor.session.id || id === visited) left.give(id);
    });
    const visited = visitor.session.id;
    const details = await one.session.call("wamp.session.get", [visited]);
    const listed = (await one.session.call("wamp.session.list")).includes(visited);
    const counted = (await one.session.call("wamp.session.count")) >= 3;
    await visitor.leave();
    await left.given;
    await joins.unsubscribe();
    await leaves.unsubscribe();
    const gone = (await failure(one.session.call("wamp.session.get", [visited]))).error;
    const known = Object.keys(await joined.given).includes("authid");
    return { joined: known, role: details.authrole, listed, counted, gone };
  },
};
