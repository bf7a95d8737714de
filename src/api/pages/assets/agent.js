// The agent's page: state, the person on the line, and what came of the call.

import { $, put, make, sync, span, clock, words, STATES } from "/assets/format.js";
import { follow } from "/assets/stream.js";
import { talk } from "/assets/talk.js";

let me = null;
let offset = 0; // the floor's clock minus ours, ms
let stream = null;
let shownCall = null;
let shownRefusal = null;
let busy = false;

const floorNow = () => Date.now() + offset;

const ADVICE = {
  connecting: "Your phone is being called: pick up and stay on the line.",
  ready: "Waiting for the next conversation.",
  reserved: "A person is being joined to your line.",
  talking: "",
  wrap_up: "Finish your notes, then say how it went.",
  logged_out: "You are logged out on the floor: log out here and in again to go on.",
};

const BREAKS = {
  "not ready yet": "Press Ready when you want calls.",
  "on a break": "Take your time, then press Ready.",
  "sent on a break by a supervisor": "A supervisor sent you on a break.",
  "missed a call": "You missed a call. Press Ready to go on.",
  "phone line lost": "▲ Your phone line was lost: pick up when it rings again.",
};

async function call(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const data = await answer.json().catch(() => ({ message: `status ${answer.status}`, remedy: "try again" }));
  if (answer.ok) return data;
  if (answer.status === 401 && path !== "/api/agent/session") signedOut("Your session has ended: log in again.");
  throw new Error(`${data.message}; ${data.remedy}.`);
}

async function act(path, body) {
  if (busy) return false;
  busy = true;
  try {
    const reply = await call(path, body);
    tell(`✓ ${reply.message}`);
    return true;
  } catch (error) {
    tell(`▲ ${error.message}`, true);
    return false;
  } finally {
    busy = false;
  }
}

let fading = 0;

function tell(text, bad = false) {
  put($("told"), text);
  clearTimeout(fading);
  if (text && !bad) fading = setTimeout(() => tell(""), 5000);
  $("told").toggleAttribute("data-bad", bad);
}

function signedOut(why = "") {
  stream?.stop();
  me = null;
  shownCall = null;
  $("desk").hidden = true;
  $("sign-in").hidden = false;
  $("link").hidden = true;
  put($("who"), "Carillon");
  put($("sign-in-told"), why);
  $("sign-in-told").toggleAttribute("data-bad", Boolean(why));
  (sessionStorage.getItem("carillon-name") ? $("pin") : $("name")).focus();
}

function connect() {
  stream?.stop();
  stream = follow("/api/agent/events", { event: onEvent, link: onLink });
}

function onLink(state) {
  if (state === "denied") return signedOut(me ? "Your session has ended: log in again." : "");
  const lost = state === "lost";
  $("link").hidden = false;
  $("link").dataset.state = lost ? "lost" : "live";
  put($("link"), lost ? "Connection lost" : "Live");
  const text = "No connection to Carillon: what you see may be old. Your phone line is not affected. Trying again by itself.";
  sync($("alerts"), lost && me ? [text] : [], (t) => t, () => make("p", { class: "alert", "data-level": "critical" }, make("b", {}, "▲ Trouble"), make("span")), (e, t) => put(e.lastChild, t));
}

function onEvent(name, data) {
  if (name === "ended") return signedOut("You logged in elsewhere, or were logged out.");
  if (data.at_ms) offset = data.at_ms - Date.now();
  if (name !== "me") return;
  // The card comes as stored; what was typed since is newer.
  if (me?.card && data.card?.call === me.card.call) data.card.note = me.card.note;
  me = data;
  $("sign-in").hidden = true;
  $("desk").hidden = false;
  render();
}

function render() {
  const a = me.agent;
  put($("who"), a.name);
  $("state").dataset.state = a.state;
  put($("state-name"), STATES[a.state] ?? words(a.state));
  document.title = `${STATES[a.state] ?? a.state} · ${a.name} · Carillon`;
  const dead = a.line === "nailed_up" && !a.line_up && !["logged_out", "connecting"].includes(a.state);
  const text = dead ? "▲ Your phone is not connected: pick it up, or ask a supervisor."
    : me.draining && a.state === "ready" ? "The floor is closing: no further calls come."
    : a.state === "break" ? BREAKS[a.reason] ?? words(a.reason ?? "") : ADVICE[a.state] ?? "";
  put($("advice"), text);
  const talking = a.state === "talking";
  $("do-ready").disabled = talking || ["ready", "reserved", "connecting", "logged_out"].includes(a.state);
  $("do-break").disabled = ["break", "connecting", "logged_out"].includes(a.state);
  $("do-hangup").hidden = !talking;
  const conversation = talking && me.conversation && me.card ? { ...me.conversation, ...me.card.may } : null;
  showTalk(conversation);
  if (me.refused && me.refused !== shownRefusal) tell(`▲ ${me.refused}`, true);
  shownRefusal = me.refused;
  renderCard();
  renderShift();
  tick();
}

function renderCard() {
  const c = me.card;
  $("card").hidden = !c;
  $("outcome").hidden = !c || !["talking", "wrap_up"].includes(me.agent.state);
  $("idle").hidden = Boolean(c);
  if (!c) {
    shownCall = null;
    return;
  }
  $("outcome-hint").hidden = me.agent.state !== "talking";
  if (shownCall === c.call) return;
  shownCall = c.call;
  put($("direction"), c.direction === "inbound" ? "They called" : "You called");
  put($("campaign"), c.campaign);
  put($("person"), c.name || "Name unknown");
  put($("number"), c.number ?? "number withheld");
  put($("address"), c.address.join("\n"));
  sync($("tags"), c.tags.flatMap(([k, v]) => [["dt", k, k], ["dd", k, v]]), ([tag, k]) => `${tag}/${k}`, ([tag]) => make(tag), (e, [, , text]) => put(e, text));
  $("script-box").hidden = !c.script;
  put($("script"), c.script ?? "");
  $("history-box").hidden = !c.history.length;
  $("history").replaceChildren(...c.history.map((h) => {
    const item = make("li", {}, make("time", {}, new Date(h.at_ms).toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" })), make("b", {}, h.what), h.agent ? `, ${h.agent}` : "");
    if (h.note) item.append(make("p", {}, h.note));
    return item;
  }));
  $("note").value = c.note ?? "";
  $("callback").hidden = true;
  choices(c);
}

function choices(c) {
  $("dispositions").replaceChildren(...c.dispositions.map((d, i) => {
    const button = make("button", { type: "button", class: "button", "aria-pressed": String(d.code === c.chosen) }, make("span", {}, d.name));
    if (i < 9) button.append(make("kbd", {}, String(i + 1)));
    button.onclick = () => choose(d);
    return button;
  }));
}

function choose(d) {
  if (!d.callback) return send(d, null);
  const at = $("callback-at");
  const tomorrow = new Date(floorNow() + 86400000);
  tomorrow.setMinutes(0, 0, 0);
  at.min = local(new Date(floorNow()));
  at.value = local(tomorrow);
  $("callback").hidden = false;
  $("callback").onsubmit = (e) => {
    e.preventDefault();
    send(d, new Date(at.value).toISOString());
  };
  there();
  at.focus();
}

/** A date as datetime-local inputs want it, in this browser's zone. */
function local(date) {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60000);
  return shifted.toISOString().slice(0, 16);
}

function inZone(ms, options) {
  try {
    return new Date(ms).toLocaleString([], { ...options, timeZone: me.card.zone });
  } catch {
    return null; // the browser does not know the zone
  }
}

function there() {
  const at = new Date($("callback-at").value).getTime();
  const text = me?.card?.zone && at ? inZone(at, { weekday: "long", hour: "2-digit", minute: "2-digit", hour12: false }) : null;
  put($("callback-there"), text ? `For them it is ${text} then.` : "");
}

/** Keeps what was typed so far: wrap-up may end by its limit before anything is chosen. */
async function keepNote() {
  const card = me?.card;
  const note = $("note").value;
  if (!card || note === (card.note ?? "")) return;
  card.note = note;
  try {
    await call("/api/agent/note", { call: card.call, note });
  } catch (error) {
    card.note = null; // sent again with the next key or the disposition
    tell(`▲ ${error.message}`, true);
  }
}

let typing = 0;

async function send(d, callback) {
  clearTimeout(typing);
  const body = { call: me.card.call, code: d.code, note: $("note").value, ready: $("then-ready").checked };
  if (callback) body.callback = callback;
  if (!(await act("/api/agent/disposition", body))) return;
  $("callback").hidden = true;
  if (me?.card) {
    me.card.chosen = d.code;
    choices(me.card);
  }
}

function renderShift() {
  const t = me.agent.times;
  put($("s-calls"), String(me.agent.calls));
  for (const [id, s] of [["talk", t.talk_s], ["wrap", t.wrap_s], ["ready", t.ready_s + t.reserved_s], ["break", t.break_s]]) put($(`s-${id}`), span(s * 1000));
  $("keypad-box").hidden = !me.keypad.length;
  sync($("keypad"), me.keypad.flatMap((k) => [["dt", k.keys, k.keys], ["dd", k.keys, k.does]]), ([tag, k]) => `${tag}/${k}`, ([tag]) => make(tag), (e, [, , text]) => put(e, text));
}

function tick() {
  if (!me) return;
  const passed = floorNow() - me.agent.since_ms;
  put($("timer"), span(passed));
  const limit = me.agent.state === "wrap_up" ? me.card?.wrap_up_limit_s : null;
  $("countdown").hidden = !limit;
  if (limit) {
    const left = Math.max(0, limit * 1000 - passed);
    $("countdown-bar").style.width = `${Math.min(100, left / (limit * 10))}%`;
    put($("countdown-text"), `ready again in ${Math.ceil(left / 1000)} s`);
  }
  const time = me.card?.zone ? inZone(floorNow(), { hour: "2-digit", minute: "2-digit", hour12: false }) : null;
  put($("local"), time ? `${time} where they are (${me.card.zone.split("/").at(-1).replaceAll("_", " ")})` : "");
}

$("sign-in-form").onsubmit = async (e) => {
  e.preventDefault();
  try {
    await call("/api/agent/session", { name: $("name").value.trim(), pin: $("pin").value });
    sessionStorage.setItem("carillon-name", $("name").value.trim());
    $("pin").value = "";
    put($("sign-in-told"), "");
    connect();
  } catch (error) {
    put($("sign-in-told"), `▲ ${error.message}`);
    $("sign-in-told").toggleAttribute("data-bad", true);
    $("pin").select();
  }
};
const showTalk = talk(act);
const doIt = { ready: () => act("/api/agent/ready"), break: () => act("/api/agent/break"), hangup: () => act("/api/agent/hangup") };
$("do-ready").onclick = doIt.ready;
$("do-break").onclick = doIt.break;
$("do-hangup").onclick = doIt.hangup;
$("do-logout").onclick = async () => { if (await act("/api/agent/logout")) signedOut(); };
$("callback-cancel").onclick = () => { $("callback").hidden = true; };
$("callback-at").oninput = there;
$("note").oninput = () => { clearTimeout(typing); typing = setTimeout(keepNote, 1000); };
$("note").onchange = keepNote;
document.addEventListener("keydown", (e) => {
  if (!me || e.ctrlKey || e.metaKey || e.altKey || e.repeat || e.target.closest("input, textarea, select")) return;
  const press = (id) => { if (!$(id).disabled && !$(id).hidden) { e.preventDefault(); $(id).click(); } };
  if (e.key === "H" && e.shiftKey) press("do-hangup");
  else if (e.key === "h") press("do-hold");
  else if (e.key === "t") press("do-transfer");
  else if (e.key === "r") press("do-ready");
  else if (e.key === "b") press("do-break");
  else if (/^[1-9]$/.test(e.key) && !$("outcome").hidden) $("dispositions").children[Number(e.key) - 1]?.click();
});
$("name").value = sessionStorage.getItem("carillon-name") ?? "";
connect();
setInterval(tick, 500);
