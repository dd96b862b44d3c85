// node scenarios.mjs URL PREFIX: run every scenario with each serializer, print
// {serializer: {name: outcome}} as JSON. ../autobahn_js.py holds the expectations.
import { basics } from "./scenarios/basics.mjs";
import { calls } from "./scenarios/calls.mjs";
import { endings } from "./scenarios/endings.mjs";
import { events } from "./scenarios/events.mjs";
import { logins } from "./scenarios/logins.mjs";
import { SERIALIZERS, join } from "./sessions.mjs";

const [url, prefix] = process.argv.slice(2);
const scenarios = { ...basics, ...calls, ...endings, ...events, ...logins };

/** One after the other, with two sessions that they share and a URI for each. */
async function run(serializer) {
  const one = await join(url, serializer);
  const two = await join(url, serializer);
  const outcomes = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    const uri = `${prefix}.${serializer}.${name}`;
    try {
      outcomes[name] = await scenario({ url, serializer, uri, one, two });
    } catch (error) {
      outcomes[name] = { failed: error.error ?? error.stack ?? String(error), args: error.args };
    }
  }
  outcomes.last_words = [await one.fate(), await two.fate()];
  await one.leave();
  await two.leave();
  return outcomes;
}

const outcomes = {};
for (const serializer of SERIALIZERS) outcomes[serializer] = await run(serializer);
console.log(JSON.stringify(outcomes));
