// The live parts of the page. Everything shown is measured or was answered by the node: nothing is made up.

const byId = (id) => document.getElementById(id);
let release = null;

/** fetch, timed, failing on an error status; every answer also tells which release gave it. */
async function ask(path, options) {
  const started = performance.now();
  const response = await fetch(path, { cache: "no-store", ...options });
  noteRelease(response.headers.get("x-emend-release"));
  if (!response.ok) throw new Error(`the node answered ${response.status}`);
  const body = await response.arrayBuffer();
  return { body, text: () => new TextDecoder().decode(body), ms: performance.now() - started };
}

function noteRelease(digest) {
  if (digest === null) return;
  if (release === null) {
    byId("release").textContent = digest;
    byId("seal").src = `/seal?of=${encodeURIComponent(digest)}`;
    release = digest;
  }
  byId("changed").hidden = digest === release;
}

/** Runs one action of a card at a time and shows what went wrong, if anything did. */
async function act(output, action) {
  const buttons = output.closest(".card").querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  output.classList.remove("failed");
  try {
    output.textContent = await action();
  } catch (error) {
    output.classList.add("failed");
    output.textContent = `No answer: ${error.message}`;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** A bar at a position from 0 to 1, with a height from 0 to 1. */
function bar(chart, at, width, height) {
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const shown = Math.max(2, 56 * height);
  const box = { x: 300 * at, y: 56 - shown, width: 300 * width, height: shown };
  for (const [name, value] of Object.entries(box)) rect.setAttribute(name, value.toFixed(2));
  chart.append(rect);
}

// ---- this node ----

const askHello = (name) =>
  ask(`/hello?name=${encodeURIComponent(name)}`, { headers: { accept: "application/json" } });

async function showNode() {
  byId("host").textContent = location.host;
  const { text } = await ask("/echo");
  const variable = (name) => new RegExp(`^${name}=(.*)$`, "m").exec(text())?.[1] ?? "–";
  byId("software").textContent = variable("SERVER_SOFTWARE");
  byId("protocol").textContent = variable("SERVER_PROTOCOL");
  const times = [];
  for (let i = 0; i < 12; i++) times.push((await askHello("browser")).ms);
  byId("round-trip").textContent = `${milliseconds(median(times))} through a handler`;
}

// ---- hello ----

byId("hello").addEventListener("submit", (event) => {
  event.preventDefault();
  act(byId("hello-out"), async () => {
    const { text, ms } = await askHello(byId("name").value);
    const answer = JSON.parse(text());
    return `Hello, ${answer.hello}! Requests I have seen: ${answer.requestsSeen}. (${milliseconds(ms)})`;
  });
});

byId("burst").addEventListener("click", () =>
  act(byId("hello-out"), async () => {
    const times = [];
    const counts = new Set();
    for (let i = 0; i < 100; i++) {
      const { text, ms } = await askHello("again");
      counts.add(JSON.parse(text()).requestsSeen);
      times.push(ms);
    }
    const slowest = Math.max(...times);
    byId("hello-chart").replaceChildren();
    for (const [i, ms] of times.entries()) bar(byId("hello-chart"), i / 100, 0.007, ms / slowest);
    const seen = [...counts].join(", ");
    return `Median ${milliseconds(median(times))}, slowest ${milliseconds(slowest)}. All 100 had seen ${seen}.`;
  }),
);

// ---- stream ----

let events = null;

function endStream(words) {
  events?.close();
  events = null;
  byId("stream-button").textContent = "Start";
  if (words) byId("stream-out").textContent = words;
}

byId("stream").addEventListener("submit", (event) => {
  event.preventDefault();
  if (events) return endStream("Stopped. The node ends a guest whose client is gone.");
  const [count, pauseMs] = [byId("n").valueAsNumber, byId("ms").valueAsNumber];
  const chart = byId("stream-chart");
  const started = performance.now();
  let last = started;
  chart.replaceChildren();
  byId("stream-button").textContent = "Stop";
  events = new EventSource(`/stream?n=${count}&ms=${pauseMs}`);
  events.addEventListener("message", ({ data }) => {
    const { tick, of } = JSON.parse(data);
    const now = performance.now();
    bar(chart, (tick - 1) / of, 0.7 / of, tick === 1 ? 1 : Math.min(1, (0.75 * (now - last)) / Math.max(pauseMs, 1)));
    byId("stream-out").textContent = `Event ${tick} of ${of}, ${milliseconds(now - last)} after the one before`;
    last = now;
  });
  events.addEventListener("end", () =>
    endStream(`${plural(count, "event")} in ${milliseconds(performance.now() - started)}, each shown as it arrived.`),
  );
  events.addEventListener("error", () => endStream("The stream broke off."));
});

// ---- echo ----

async function roundTrip(bytes) {
  const { body, ms } = await ask("/echo", { method: "POST", body: bytes });
  const back = new Uint8Array(body);
  const equal = back.length === bytes.length && back.every((byte, i) => byte === bytes[i]);
  return { back, words: `${plural(bytes.length, "byte")} out and ${equal ? "the same" : "OTHER"} bytes back in ${milliseconds(ms)}` };
}

byId("echo").addEventListener("submit", (event) => {
  event.preventDefault();
  act(byId("echo-out"), async () => {
    const { back, words } = await roundTrip(new TextEncoder().encode(byId("body").value));
    return `${new TextDecoder().decode(back)}\n\n${words}`;
  });
});

byId("megabyte").addEventListener("click", () =>
  act(byId("echo-out"), async () => {
    const bytes = new Uint8Array(1 << 20);
    // The browser gives at most 64 KiB of random bytes at a time.
    for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return (await roundTrip(bytes)).words;
  }),
);

byId("variables").addEventListener("click", () =>
  act(byId("echo-out"), async () => (await ask("/echo/any/path?q=1")).text().trimEnd()),
);

showNode().catch((error) => {
  byId("round-trip").textContent = `no answer: ${error.message}`;
});
