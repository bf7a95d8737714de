// The wallboard: follows the event stream and shows it.

import { $, put, make, sync, span, clock, percent, whole, words, STATES } from "/assets/format.js";
import { follow } from "/assets/stream.js";
import { draw } from "/assets/chart.js";
import * as controls from "/assets/controls.js";

const PHASES = ["dialing", "ringing", "screening", "waiting", "talking", "message", "ending"];
const WINDOWS = { day: "Today", "24h": "24 hours", "30d": "30 days" };
const BINDING = {
  agents: "Enough for the agents", abandonment_budget: "Held back by abandonment", hard_ledger: "Held back by the guaranteed cap",
  ratio: "Fixed ratio", erlang_rate: "Erlang-C rate", lines_per_agent: "Most lines per agent reached",
  list_empty: "No lead is due", trunk_channels: "No trunk channel is free", calls_per_second: "Calls per second used up",
  hours: "Outside calling hours", paused: "Paused", no_agents: "No agents", store: "Store trouble",
};

const MANY = 24; // agents in large tiles on a screen of 1440 × 900

let board = null;
let offset = 0; // the floor's clock minus ours, ms
let samples = [];
let chosen = null; // campaign id
let lostAt = null;
let beatAt = 0;
let moved = { at_ms: 0, seen: Date.now() };
let stream = null;
let denied = false;

const floorNow = () => Date.now() + offset;
const campaign = () => board?.campaigns.find((c) => c.id === chosen) ?? board?.campaigns[0];

function connect() {
  stream?.stop();
  stream = follow("/api/events", { headers: controls.headers, event: onEvent, link: onLink });
}

function onEvent(name, data) {
  if (name === "history") samples = data;
  if (name === "beat" || name === "status") {
    if (data.at_ms !== moved.at_ms) moved = { at_ms: data.at_ms, seen: Date.now() };
    offset = data.at_ms - Date.now();
    beatAt = Date.now();
  }
  if (name === "status") {
    board = data;
    sample();
    render();
  }
}

function onLink(state) {
  const live = state === "live";
  lostAt = live ? null : lostAt ?? Date.now();
  denied = state === "denied";
  if (denied) controls.ask("Reading needs the token here.");
  renderLink();
}

function sample() {
  for (const c of board.campaigns) {
    const last = samples.findLast((s) => s.campaign === c.id);
    if (last && board.at_ms - last.at_ms < 2000) continue;
    samples.push({ at_ms: board.at_ms, campaign: c.id, lines: c.lines.total - c.lines.talking, talking: c.lines.talking, abandonment: c.windows[0]?.share ?? 0 });
  }
  samples = samples.filter((s) => board.at_ms - s.at_ms <= 600000 && s.at_ms <= board.at_ms);
}

function renderLink() {
  const link = $("link");
  const frozen = beatAt && Date.now() - moved.seen > 20000;
  const bad = lostAt !== null;
  link.dataset.state = bad ? "lost" : board ? (frozen ? "lost" : "live") : "wait";
  put(link, denied ? "Locked" : bad ? "Connection lost" : frozen ? "Floor stands still" : board ? "Live" : "Connecting");
  $("main").classList.toggle("stale", bad || Boolean(frozen));
  renderAlerts(bad, frozen);
}

function renderAlerts(bad, frozen) {
  const all = [...(board?.alerts ?? [])];
  if (denied) all.unshift({ level: "warning", code: "denied", text: "Reading needs the supervisor’s token here: enter it under Controls." });
  else if (bad && board) all.unshift({ level: "critical", code: "lost", text: `No connection to Carillon since ${clock(lostAt + offset)}: these figures are old. Trying again by itself.` });
  else if (frozen) all.unshift({ level: "critical", code: "frozen", text: "The floor has not moved for a while: these figures are old." });
  const label = { critical: "▲ Trouble", warning: "! Attention", info: "i Note" };
  sync($("alerts"), all, (a) => a.code + a.text, (a) => make("p", { class: "alert" }, make("b"), make("span")), (e, a) => {
    e.dataset.level = a.level;
    put(e.children[0], label[a.level] ?? a.level);
    put(e.children[1], a.text + (a.since_ms ? ` (since ${clock(a.since_ms)})` : ""));
  });
}

function render() {
  const c = campaign();
  renderTop(c);
  renderFigures(c);
  if (c) {
    renderPacing(c);
    renderWindows(c);
  }
  renderAgents();
  renderCalls();
  renderTrunks();
  renderLink();
  controls.update(board, c);
}

function renderTop(c) {
  const many = board.campaigns.length > 1;
  const choice = $("campaign-choice");
  choice.hidden = !many;
  $("campaign-name").hidden = many;
  put($("campaign-name"), c?.name ?? "No campaign");
  if (many) {
    sync(choice, board.campaigns, (k) => k.id, () => make("option"), (o, k) => { o.value = k.id; put(o, k.name); });
    choice.value = c.id;
  }
  const [tone, text] = !c ? ["quiet", "–"] : board.draining ? ["warn", "◌ Draining"] : c.running ? ["good", "▶ Running"] : ["warn", "❚❚ Paused"];
  $("running").dataset.tone = tone;
  put($("running"), text);
  put($("mode"), c ? modeText(c) + (board.dry_run ? " · dry run" : "") : "");
  document.title = `${c?.name ?? "Wallboard"} · Carillon`;
}

function modeText(c) {
  const names = { predictive: "Predictive", "predictive-hard": "Predictive, cap guaranteed", progressive: "Progressive", "erlang-c": "Erlang-C" };
  return c.mode === "manual" ? `Manual ratio ${c.ratio}` : names[c.mode] ?? c.mode;
}

function renderFigures(c) {
  const crew = board.crew;
  put($("crew-talking"), String(crew.talking));
  put($("crew-ready"), String(crew.ready));
  put($("crew-wrap"), String(crew.wrap_up));
  put($("crew-break"), String(crew.on_break));
  put($("crew-all"), `${crew.logged_in} logged in`);
  figure($("occupancy"), crew.logged_in ? (crew.occupancy * 100).toFixed(0) : "–", "%");
  const t = c?.totals;
  figure($("answer-rate"), t?.placed ? (t.answer_rate * 100).toFixed(0) : "–", "%");
  put($("connected"), t ? whole(t.connected) : "–");
  put($("placed"), t ? `of ${whole(t.placed)} placed` : "");
  renderSound(c?.sound);
}

const MOS_LOW = 3.1; // below it the line is a problem

function renderSound(s) {
  figure($("sound"), s?.mos == null ? "–" : s.mos.toFixed(1), "MOS");
  const bad = Boolean(s && (s.alarms || (s.mos_worst ?? 5) < MOS_LOW));
  $("sound-card").toggleAttribute("data-bad", bad);
  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  put($("sound-alerts"), s?.alarms ? `▲ ${count(s.alarms, "alert")}` : "");
  put($("sound-under"), s?.measured ? `${whole(s.with_problems)} of ${whole(s.measured)} had problems` : "");
  $("sound-card").title = s?.judged ? `${count(s.judged, "conversation")}, the worst line ${s.mos_worst.toFixed(1)}; alerts in ${count(s.calls_with_alarms, "call")}` : "";
}

function figure(element, value, unit) {
  if (element.dataset.value === value) return;
  element.dataset.value = value;
  element.replaceChildren(value, value === "–" ? "" : make("small", {}, unit));
}

function renderPacing(c) {
  put($("lines-per-agent"), c.lines_per_agent.toFixed(2));
  $("binding").hidden = !c.binding;
  put($("binding"), BINDING[c.binding] ?? words(c.binding));
  put($("reason"), (c.reason || "No decision yet.").replaceAll(" %", "\u00a0%"));
  put($("lines-total"), String(c.lines.total));
  const phases = PHASES.filter((p) => p !== "ending" || c.lines.ending);
  sync($("phases"), phases.filter((p) => c.lines[p]), (p) => p, (p) => make("span", { "data-phase": p }), (e, p) => {
    e.style.flexGrow = c.lines[p];
    e.title = `${words(p)} ${c.lines[p]}`;
  });
  $("phases").setAttribute("aria-label", phases.map((p) => `${p} ${c.lines[p]}`).join(", "));
  sync($("phase-legend"), phases, (p) => p, (p) => make("li", { "data-phase": p }, make("i"), words(p), make("b")), (e, p) => put(e.lastChild, String(c.lines[p])));
}

function renderWindows(c) {
  const create = () => {
    const e = make("div", { class: "window" });
    e.append(make("div", { class: "head" }, make("span"), make("b", { class: "num" })), make("div", { class: "meter" }, make("i"), make("u")), make("div", { class: "foot num" }, make("span"), make("span")));
    return e;
  };
  sync($("windows"), c.windows, (w) => w.window, create, (e, w) => {
    const [head, meter, foot] = e.children;
    const top = Math.max(w.cap * 1.5, w.share * 1.1, 1e-6);
    const over = w.share > w.cap;
    e.dataset.level = over ? "over" : w.share > w.cap * 0.9 ? "near" : "good";
    put(head.children[0], WINDOWS[w.window] ?? w.window);
    put(head.children[1], `${over ? "▲ " : ""}${percent(w.share, 2)}`);
    meter.children[0].style.width = `${(100 * w.share) / top}%`;
    meter.children[1].style.left = `${(100 * w.cap) / top}%`;
    put(foot.children[0], `${whole(w.abandoned)} of ${whole(w.answered)} people`);
    put(foot.children[1], `${over ? "over the cap," : "cap"} ${+(w.cap * 100).toFixed(2)}\u00a0%`);
  });
}

function renderAgents() {
  $("no-agents").hidden = board.agents.length > 0;
  // A wall does not scroll: many agents get small tiles.
  $("agents").toggleAttribute("data-many", board.agents.length > MANY);
  const create = () => make("li", { class: "tile" }, make("div", { class: "who" }, make("b"), make("time")), make("div", { class: "what" }, make("span", { class: "is" }), make("span", { class: "num" })));
  sync($("agents"), board.agents, (a) => a.id, create, (e, a) => {
    e.dataset.state = a.state;
    e.dataset.since = a.since_ms;
    const [who, what] = e.children;
    put(who.children[0], a.name);
    const odd = a.state !== "logged_out" && a.line === "nailed_up" && !a.line_up && a.state !== "connecting";
    what.children[0].toggleAttribute("data-bad", odd);
    put(what.children[0], odd ? "▲ No phone" : STATES[a.state] ?? words(a.state));
    put(what.children[1], a.reason && a.reason !== "on a break" ? a.reason : a.calls && a.state !== "logged_out" ? `${a.calls} ${a.calls === 1 ? "call" : "calls"}` : "");
    e.title = `${a.name}: ${STATES[a.state] ?? a.state}${a.reason ? `, ${a.reason}` : ""}`;
  });
  tick();
}

function renderCalls() {
  $("no-calls").hidden = board.recent.length > 0;
  const marks = { connected: "✓", abandoned: "▲", machine: "▭", busy: "–", no_answer: "○", disconnected: "✕" };
  const create = () => make("tr", {}, make("td"), make("td"), make("td", { class: "out" }), make("td"), make("td", { class: "right" }));
  sync($("calls"), board.recent.slice(0, 10), (r) => r.call, create, (e, r) => {
    e.dataset.kind = r.outcome;
    put(e.children[0], clock(r.started_ms + r.total_ms));
    put(e.children[1], r.number ?? "unknown");
    put(e.children[2], `${marks[r.outcome] ?? "·"} ${words(r.outcome)}`);
    put(e.children[3], r.agent ?? "");
    put(e.children[4], r.talk_ms == null ? "" : span(r.talk_ms));
  });
}

function renderTrunks() {
  const create = () => make("li", { class: "trunk" }, make("b"), make("span", { class: "note num" }), make("div", { class: "meter" }, make("i")));
  sync($("trunks"), board.trunks, (t) => t.id, create, (e, t) => {
    e.dataset.up = t.up ? "yes" : "no";
    put(e.children[0], `${t.up ? "" : "▲ "}${t.name}`);
    put(e.children[1], t.up ? `${t.in_use} of ${t.channels} channels` : `down: ${t.reason}`);
    e.children[2].children[0].style.width = `${Math.min(100, (100 * t.in_use) / Math.max(1, t.channels))}%`;
  });
  const b = board.bridge;
  const ms = (value) => `${Math.max(1, Math.ceil(value))}\u00a0ms`;
  put($("bridge"), b.count ? `Person joined to agent: half within ${ms(b.p50_ms)}, 99 of 100 within ${ms(b.p99_ms)}` : "");
}

function tick() {
  const now = floorNow();
  for (const tile of $("agents").children) {
    const away = tile.dataset.state === "logged_out";
    put(tile.children[0].children[1], away ? "" : span(now - Number(tile.dataset.since)));
  }
  put($("clock"), board ? clock(now) : "");
}

function chart() {
  const c = campaign();
  if (c) draw($("chart"), samples.filter((s) => s.campaign === c.id), floorNow(), c.windows[0]?.cap ?? 0.03);
}

$("campaign-choice").addEventListener("change", (e) => { chosen = Number(e.target.value); render(); chart(); });
controls.start({ reconnect: connect });
connect();
setInterval(() => { if (board) tick(); renderLink(); }, 1000);
setInterval(chart, 1000);
new ResizeObserver(chart).observe($("chart"));
