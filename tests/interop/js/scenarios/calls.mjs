// Calls of the Advanced Profile.
import { failure, join, signal, unhandled } from "../sessions.mjs";

/** A callee that answers late: its session, `started` by the call, and `finish` for the answer. */
async function slow(context, options) {
  const callee = await join(context.url, context.serializer, options);
  const [started, finished] = [signal(), signal()];
  await callee.session.register(context.uri, () => {
    started.give();
    return finished.given;
  });
  return { ...callee, started: started.given, finish: () => finished.give("late") };
}

/** Cancel a call: how its promise ends, and what becomes of both connections. */
async function cancel({ url, serializer, uri }, realm, how) {
  const context = { url, serializer, uri: `${uri}.${how?.mode}` };
  const callee = await slow(context, { realm });
  const caller = await join(url, serializer, { realm });
  const call = caller.session.call(context.uri);
  const promise = failure(call);
  await callee.started;
  call.cancel(how);
  const { error } = await promise;
  await caller.fate();
  callee.finish();
  const fates = [await callee.fate(), await caller.fate()];
  if (caller.session.isOpen) await caller.leave();
  await callee.leave();
  return [error, ...fates];
}

async function cancelInEachMode(context, realm) {
  const modes = [undefined, { mode: "skip" }, { mode: "killnowait" }, { mode: "kill" }];
  const ends = await Promise.all(modes.map((how) => cancel(context, realm, how)));
  return Object.fromEntries(ends.map((end, index) => [modes[index]?.mode ?? "none", end]));
}

export const calls = {
  async progress({ uri, one, two }) {
    await two.session.register(uri, (args, kwargs, { progress }) => {
      if (!progress) return "nobody wants it";
      for (const number of [1, 2, 3]) progress([number]);
      progress([4], { key: 4 });
      progress();
      return "end";
    });
    const heard = [];
    const progress = (part) => heard.push(part);
    const end = await one.session
      .call(uri, [], {}, { receive_progress: true })
      .then((end) => end, undefined, progress);
    return { heard, end, plain: await one.session.call(uri) };
  },

  async progress_of_python({ one }) {
    const heard = [];
    const progress = (part) => heard.push(part);
    const count = "com.example.python.count";
    const end = await one.session
      .call(count, [3], {}, { receive_progress: true })
      .then((end) => end, undefined, progress);
    return { heard, end, plain: await one.session.call(count, [3]) };
  },

  async progress_for_python({ uri, one, two }) {
    await two.session.register(uri, ([most], kwargs, { progress }) => {
      for (let number = 1; number <= most; number++) progress([number]);
      return "end";
    });
    return one.session.call("com.example.python.collect", [uri, 3]);
  },

  async returns_nothing({ serializer, uri, one, two }) {
    await two.session.register(uri, () => {});
    const thrown = unhandled();
    const timeout = serializer === "msgpack" ? 50 : 0; // there is no answer to wait for
    const call = failure(one.session.call(uri, [], {}, { timeout }));
    const first = await Promise.race([call, thrown]);
    const { unexpected, error } = await call;
    return {
      thrown: first.message ?? null,
      result: unexpected ?? null,
      error: error ?? null,
      fate: await two.fate(),
    };
  },

  async progress_without_canceling({ url, serializer, uri }) {
    const { session, leave } = await join(url, serializer, { realm: "com.example.strict" });
    await session.register(uri, (args, kwargs, { progress }) => Boolean(progress));
    const asked = await session.call(uri, [], {}, { receive_progress: true });
    await leave();
    return { asked };
  },

  cancel: (context) => cancelInEachMode(context, "realm1"),

  cancel_compatibly: (context) => cancelInEachMode(context, "com.example.compatible"),

  async timeout(context) {
    const callee = await slow(context);
    const { error } = await failure(context.one.session.call(context.uri, [], {}, { timeout: 30 }));
    callee.finish();
    const fates = [await callee.fate(), await context.one.fate()];
    await callee.leave();
    return { error, fates };
  },

  async callee_leaves(context) {
    const callee = await slow(context);
    const call = failure(context.one.session.call(context.uri));
    await callee.started;
    await callee.leave();
    return (await call).error;
  },

  async caller_leaves(context) {
    const callee = await slow(context);
    const caller = await join(context.url, context.serializer);
    caller.session.call(context.uri);
    await callee.started;
    await caller.leave();
    callee.finish();
    const fate = await callee.fate();
    await callee.leave();
    return fate;
  },

  async patterns({ uri, one, two }) {
    const named = (name) => (args, kwargs, { procedure }) =>
      `${name} ${procedure.slice(uri.length)}`;
    await two.session.register(`${uri}.a`, named("prefix"), { match: "prefix" });
    await two.session.register(`${uri}..b.c`, named("wildcard"), { match: "wildcard" });
    await two.session.register(`${uri}.a.b.c`, named("exact"));
    const called = [".a.b.c", ".a.b.x", ".ab", ".z.b.c"].map((end) => one.session.call(uri + end));
    const none = (await failure(one.session.call(`${uri}.z.b`))).error;
    return { called: await Promise.all(called), none };
  },

  async shared({ uri, one, two }) {
    const results = {};
    for (const invoke of ["roundrobin", "first", "last"]) {
      for (const { session } of [one, two]) {
        const number = session === one.session ? 1 : 2;
        await session.register(`${uri}.${invoke}`, () => number, { invoke });
      }
      results[invoke] = [];
      for (let n = 0; n < 4; n++) results[invoke].push(await one.session.call(`${uri}.${invoke}`));
    }
    const another = one.session.register(`${uri}.first`, () => 3, { invoke: "last" });
    return { ...results, another: (await failure(another)).error };
  },

  async caller_identification({ url, serializer, uri, two }) {
    const caller = await join(url, serializer);
    await two.session.register(uri, (args, kwargs, { caller, caller_authrole }) => [
      caller ?? null,
      caller_authrole ?? null,
    ]);
    const hidden = await caller.session.call(uri);
    const asked = await caller.session.call(uri, [], {}, { disclose_me: true });
    caller.session.caller_disclose_me = true;
    const always = await caller.session.call(uri);
    const known = [caller.session.id, "anonymous"];
    const isKnown = (told) => JSON.stringify(told) === JSON.stringify(known);
    await caller.leave();
    return { hidden: hidden.filter(Boolean), asked: isKnown(asked), always: isKnown(always) };
  },

  async registration_revoked({ uri, one, two }) {
    const registration = await two.session.register(uri, () => "alive");
    const before = await one.session.call(uri);
    const callee = [registration.id, two.session.id];
    await one.session.call("wamp.registration.remove_callee", callee, { reason: "enough" });
    const reason = await registration.on_unregister;
    const { error } = await failure(one.session.call(uri));
    return { before, reason, active: registration.active, error, fate: await two.fate() };
  },

  async registration_taken_over({ uri, one, two }) {
    const first = await two.session.register(uri, () => "two");
    await one.session.register(uri, () => "one", { force_reregister: true });
    const reason = await first.on_unregister;
    await two.session.register(uri, () => "two again", { force_reregister: true });
    return { reason, now: await one.session.call(uri), fate: await two.fate() };
  },

  async registration_meta({ uri, one, two }) {
    const { session } = one;
    const options = { match: "prefix", invoke: "roundrobin" };
    const { id } = await two.session.register(uri, () => 1, options);
    const found = await session.call("wamp.registration.lookup", [uri, { match: "prefix" }]);
    const details = await session.call("wamp.registration.get", [id]);
    const callees = await session.call("wamp.registration.list_callees", [id]);
    const lists = await session.call("wamp.registration.list");
    return {
      looked_up: found === id,
      matched: (await session.call("wamp.registration.match", [`${uri}.x`])) === id,
      unmatched: await session.call("wamp.registration.match", ["com.nowhere"]),
      details: { match: details.match, invoke: details.invoke, uri: details.uri === uri },
      callees: callees.length === 1 && callees[0] === two.session.id,
      count: await session.call("wamp.registration.count_callees", [id]),
      listed: lists.prefix.includes(id),
      unknown: (await failure(session.call("wamp.registration.get", [1e6]))).error,
    };
  },
};
