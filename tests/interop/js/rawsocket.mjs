// node rawsocket.mjs TRANSPORT PREFIX: two sessions over RawSocket, TRANSPORT being
// {"host", "port"} or {"path"} as JSON. Prints what they saw as JSON.
import autobahn from "autobahn";

const [transport, prefix] = process.argv.slice(2);

function join() {
  const connection = new autobahn.Connection({
    realm: "realm1",
    max_retries: 0,
    transports: [{ type: "rawsocket", ...JSON.parse(transport) }],
  });
  return new Promise((resolve, reject) => {
    connection.onopen = (session) => resolve({ connection, session });
    connection.onclose = (reason, details) => reject(new Error(`${reason}: ${details.reason}`));
    connection.open();
  });
}

function leave({ connection }) {
  return new Promise((resolve) => {
    connection.onclose = (reason, details) => resolve(details.reason);
    connection.close();
  });
}

const [one, two] = [await join(), await join()];
const seen = {};
seen.sum = await one.session.call("com.example.add", [2, 3]);
await one.session.register(`${prefix}.echo`, (args) => args[0]);
seen.echo = (await two.session.call(`${prefix}.echo`, ["ž".repeat(100000)])).length;
const event = new Promise((resolve) => one.session.subscribe(`${prefix}.topic`, resolve).then(() =>
  two.session.publish(`${prefix}.topic`, [1, "two"])));
seen.event = await event;
seen.left = [await leave(one), await leave(two)];
console.log(JSON.stringify(seen));
