// node peer.mjs URL SERIALIZER PREFIX: a session for another client to talk to.
// Prints "ready", and leaves at the end of its standard input.
import { autobahn, isBinary, join } from "./sessions.mjs";

const [url, serializer, prefix] = process.argv.slice(2);
const { session, leave } = await join(url, serializer);

await session.register(`${prefix}.echo`, (args, kwargs) => new autobahn.Result(args, kwargs));
await session.register(`${prefix}.is_binary`, ([value]) => isBinary(value, serializer));
await session.register(`${prefix}.refuse`, (args, kwargs) => {
  throw new autobahn.Error("com.example.error.js", args, kwargs);
});
await session.subscribe(`${prefix}.to_js`, (args, kwargs) => session.publish(`${prefix}.from_js`, args, kwargs));
process.stdin.on("end", leave).resume();
console.log("ready");
