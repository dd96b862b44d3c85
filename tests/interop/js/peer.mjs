// node peer.mjs URL PREFIX: sessions for another client to talk to, one for each serializer, with
// procedures and topics under PREFIX.SERIALIZER. Prints "ready", and leaves at the end of its
// standard input.
import { SERIALIZERS, autobahn, isBinary, join } from "./sessions.mjs";

const [url, prefix] = process.argv.slice(2);

async function serve(serializer) {
  const { session, leave } = await join(url, serializer);
  const uri = `${prefix}.${serializer}`;
  await session.register(`${uri}.echo`, (args, kwargs) => new autobahn.Result(args, kwargs));
  await session.register(`${uri}.is_binary`, ([value]) => isBinary(value, serializer));
  await session.register(`${uri}.nothing`, () => {});
  await session.register(`${uri}.refuse`, (args, kwargs) => {
    throw new autobahn.Error("com.example.error.js", args, kwargs);
  });
  await session.subscribe(`${uri}.to_js`, (args, kwargs) =>
    session.publish(`${uri}.from_js`, args, kwargs));
  process.stdin.on("end", leave);
}

await Promise.all(SERIALIZERS.map(serve));
process.stdin.resume();
console.log("ready");
