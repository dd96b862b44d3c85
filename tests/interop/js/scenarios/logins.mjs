// Authentication with the helpers of autobahn.js.
import { autobahn, connectionOptions, failure, join, open } from "../sessions.mjs";

const REALM = "com.example.secured";
const KEYS = autobahn.nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(107));
const OTHER_KEYS = autobahn.nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(108));

const signWith = (secret) => (session, method, extra) => {
  const { sign, derive_key } = autobahn.auth_cra;
  const key = extra.salt ? derive_key(secret, extra.salt, extra.iterations, extra.keylen) : secret;
  return sign(key, extra.challenge);
};

/** Who the router says one is; or the reason of its refusal. */
async function identity(joining) {
  try {
    const { details, leave } = await joining;
    await leave();
    return [details.authid, details.authrole, details.authmethod];
  } catch (error) {
    return error.message;
  }
}

const login = ({ url, serializer }, authid, method, onchallenge) =>
  identity(join(url, serializer, { realm: REALM, authid, authmethods: [method], onchallenge }));

const cryptosign = ({ url, serializer }, pkey) => {
  const { serializers } = connectionOptions(url, serializer);
  const options = { url, realm: REALM, pkey, serializers };
  return identity(open(autobahn.auth_cryptosign.create_connection(options)));
};

export const logins = {
  async right_secrets(context) {
    return {
      ticket: await login(context, "joe", "ticket", () => "secret!"),
      wampcra: await login(context, "joe", "wampcra", signWith("secret!")),
      salted: await login(context, "salted", "wampcra", signWith("secret!")),
      cryptosign: await cryptosign(context, KEYS),
    };
  },

  async wrong_secrets(context) {
    const [ticket, wampcra, salted, owner, method] = await Promise.all([
      login(context, "joe", "ticket", () => "wrong"),
      login(context, "joe", "wampcra", signWith("wrong")),
      login(context, "salted", "wampcra", signWith("wrong")),
      cryptosign(context, OTHER_KEYS),
      login(context, undefined, "anonymous"),
    ]);
    return { ticket, wampcra, salted, cryptosign: owner, anonymous: method };
  },

  async permissions({ url, serializer }) {
    const onchallenge = () => "secret!";
    const { session, fate, leave } = await join(url, serializer, {
      realm: REALM,
      authid: "joe",
      authmethods: ["ticket"],
      onchallenge,
    });
    const topic = "com.example.forbidden";
    session.publish(topic, ["unacknowledged"]);
    const disclosed = { acknowledge: true, disclose_me: true };
    const errors = {
      publish: (await failure(session.publish(topic, [], {}, { acknowledge: true }))).error,
      subscribe: (await failure(session.subscribe(topic, () => {}))).error,
      register: (await failure(session.register(topic, () => {}))).error,
      call: (await failure(session.call(topic))).error,
      disclose: (await failure(session.publish("com.example.anonymous", [], {}, disclosed))).error,
    };
    errors.fate = await fate();
    await leave();
    return errors;
  },
};
