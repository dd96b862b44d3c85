// node reconnect.mjs URL URI: a Connection as a page has it, which registers and subscribes in its
// onopen. Prints a line of JSON for each onopen, onclose and event, but not for attempts that
// failed; leaves at the end of its standard input.
import "./environment.mjs";
import autobahn from "autobahn";

const [url, uri] = process.argv.slice(2);
const say = (...line) => console.log(JSON.stringify(line));
const retries = { initial_retry_delay: 0.2, max_retry_delay: 0.3, max_retries: -1 };
const connection = new autobahn.Connection({ url, realm: "realm1", ...retries });

connection.onopen = async (session) => {
  await session.register(uri, () => "here");
  await session.subscribe(uri, ([text]) => say("event", text));
  say("open");
};
connection.onclose = (reason, details) => {
  if (reason !== "lost") say("close", reason, details.reason, details.will_retry);
};
connection.open();
process.stdin.on("end", () => connection.close()).resume();
