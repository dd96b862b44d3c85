// The page of the chat example. autobahn.js (a classic script) is loaded before this module.

const URI = "com.example.chat";
const SIGN_OF_LIFE = 10_000; // milliseconds between two hellos

const $ = (id) => document.getElementById(id);
const asWebSocketUrl = (path) => new URL(path, location.href.replace(/^http/, "ws")).href;

const me = {
  id: crypto.getRandomValues(new Uint32Array(2)).join(""),
  name:
    new URLSearchParams(location.search).get("name") || `Guest ${Math.ceil(Math.random() * 99)}`,
};

const connection = new autobahn.Connection({
  url: asWebSocketUrl("/"),
  realm: "realm1",
  use_es6_promises: true,
  initial_retry_delay: 0.5,
  max_retry_delay: 5,
  max_retries: -1,
});

// --- Drawing ----------------------------------------------------------------------------

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function avatar(id, name) {
  const initial = name.slice(0, 1).toUpperCase();
  const made = element("span", { className: "avatar", textContent: initial });
  const sum = [...String(id)].reduce((sum, digit) => sum * 7 + digit.charCodeAt(0), 0);
  made.style.setProperty("--hue", sum % 360);
  return made;
}

function drawStatus(state) {
  $("status").dataset.state = state;
  $("status").textContent = state;
}

function drawPeople(people) {
  $("people").replaceChildren(
    ...people.map(({ id, name }) => {
      const item = element("li", {}, avatar(id, name), element("span", { textContent: name }));
      item.dataset.name = name;
      item.append(
        id === me.id
          ? element("em", { textContent: "you" })
          : element("button", { textContent: "Ring", onclick: () => ring(id, name) }),
      );
      return item;
    }),
  );
}

function drawMessage({ id, name, text, time }) {
  const clock = new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const item = element(
    "li",
    { className: id === me.id ? "mine" : "" },
    avatar(id, name),
    element(
      "div",
      {},
      element("small", { textContent: `${name} · ${clock}` }),
      element("p", { textContent: text }),
    ),
  );
  $("messages").append(item);
  item.scrollIntoView({ block: "end" });
}

function toast(text) {
  $("toast").textContent = text;
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), 4000);
}

const explain = (error) => (error.error ? `${error.error} ${error.args.join(" ")}` : String(error));

// --- WAMP -------------------------------------------------------------------------------

async function hello(session) {
  drawPeople(await session.call(`${URI}.hello`, [me.id, me.name]));
}

// A procedure of this page: other pages call it, and Python does.
function beRung([caller]) {
  toast(`${caller} rings!`);
  return `${me.name} heard ${caller}`;
}

async function ring(id, name) {
  const started = performance.now();
  try {
    const answer = await connection.session.call(`${URI}.ring.${id}`, [me.name]);
    toast(`${answer} · ${(performance.now() - started).toFixed(1)} ms`);
  } catch (error) {
    toast(`${name} does not answer: ${explain(error)}`);
  }
}

let signsOfLife;

connection.onopen = async (session) => {
  try {
    await session.subscribe(`${URI}.people`, ([people]) => drawPeople(people));
    await session.register(`${URI}.ring.${me.id}`, beRung);
    await session.subscribe(`${URI}.message`, ([message]) => drawMessage(message));
    const messages = await session.call(`${URI}.history`);
    $("messages").replaceChildren(); // after a reconnect they are there already
    messages.forEach(drawMessage);
    await hello(session);
    signsOfLife = setInterval(() => hello(session), SIGN_OF_LIFE);
    drawStatus("connected");
  } catch (error) {
    toast(explain(error));
  }
};

connection.onclose = () => {
  clearInterval(signsOfLife);
  drawStatus("connecting");
};

// --- What the user does -----------------------------------------------------------------

function onSubmit(id, action) {
  $(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await action();
    } catch (error) {
      toast(explain(error));
    }
  });
}

onSubmit("say", async () => {
  const text = $("say-text").value.trim();
  if (!text) return;
  const message = { id: me.id, name: me.name, text, time: Date.now() };
  // exclude_me: false brings the event back to this page, like to all others.
  const options = { acknowledge: true, exclude_me: false };
  await connection.session.publish(`${URI}.message`, [message], {}, options);
  $("say-text").value = "";
});

onSubmit("add", async () => {
  const numbers = [$("add-a").valueAsNumber, $("add-b").valueAsNumber];
  $("add-result").textContent = await connection.session.call(`${URI}.add`, numbers);
});

$("ring-me").addEventListener("click", async () => {
  const response = await fetch(`/ring/${me.id}`);
  $("ring-result").textContent = await response.text();
});

$("my-name").value = me.name;
$("my-name").addEventListener("change", async (event) => {
  me.name = event.target.value.trim() || me.name;
  event.target.value = me.name;
  await hello(connection.session);
});

let echo;

function openEcho() {
  echo = new WebSocket(asWebSocketUrl("/echo"));
  echo.onmessage = (event) => ($("echo-result").textContent = event.data);
  return new Promise((resolve, reject) => {
    echo.onopen = resolve;
    echo.onerror = () => reject(new Error("no connection to /echo"));
  });
}

onSubmit("echo", async () => {
  if (echo?.readyState !== WebSocket.OPEN) await openEcho();
  echo.send($("echo-text").value);
});

addEventListener("pagehide", () => navigator.sendBeacon(`/bye/${me.id}`));
connection.open();
