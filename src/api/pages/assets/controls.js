// The supervisor's controls: every change carries the token, which stays in this tab.

import { $, put, make, sync, whole, STATES } from "/assets/format.js";
import * as review from "/assets/review.js";

const KEY = "carillon-token";
let board = null;
let campaign = null;
let touched = false; // the form was edited: do not overwrite it
let reconnect = () => {};

const token = () => sessionStorage.getItem(KEY);
export const headers = () => (token() ? { authorization: `Bearer ${token()}` } : {});

/** Opens the panel and asks for the token. */
export function ask(why) {
  lock();
  if (!$("controls").open) $("controls").showModal();
  tell(why, true);
}

function tell(text, bad = false) {
  put($("told"), text);
  $("told").toggleAttribute("data-bad", bad);
}

async function call(path, body) {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(path, { ...init, headers: { ...headers(), "content-type": "application/json" } });
  const data = await answer.json().catch(() => ({ message: `status ${answer.status}`, remedy: "try again" }));
  if (answer.ok) return data;
  if (answer.status === 401) {
    lock();
    throw new Error("That token is wrong: ask whoever runs Carillon.");
  }
  throw new Error(`${data.message}; ${data.remedy}.`);
}

async function change(path, body) {
  try {
    const reply = await call(path, body);
    tell(`✓ ${reply.message}`);
    return true;
  } catch (error) {
    tell(`▲ ${error.message}`, true);
    return false;
  }
}

function lock() {
  sessionStorage.removeItem(KEY);
  show();
}

function show() {
  const open = Boolean(token());
  $("token-form").hidden = open;
  $("unlocked").hidden = !open;
  if (open) {
    lists();
    review.show(call, tell).catch((error) => tell(`▲ ${error.message}`, true));
  }
}

async function lists() {
  try {
    const rows = await call("/api/lists");
    const create = () => make("li", {}, make("span"), make("button", { type: "button", class: "button" }));
    sync($("lists"), rows, (l) => `${l.campaign}/${l.id}`, create, (e, l) => {
      e.firstChild.replaceChildren(`${l.id} `, make("small", {}, `${l.campaign} · ${whole(l.open)} of ${whole(l.leads)} open · ${l.active ? "on" : "off"}`));
      put(e.lastChild, l.active ? "Switch off" : "Switch on");
      e.lastChild.onclick = async () => (await change(`/api/lists/${encodeURIComponent(l.id)}`, { active: !l.active })) && lists();
    });
  } catch (error) {
    tell(`▲ ${error.message}`, true);
  }
}

/** Shows the latest board in the panel. */
export function update(latest, current) {
  const switched = campaign && current && campaign.id !== current.id;
  board = latest;
  campaign = current;
  if (!$("controls").open || !campaign) return;
  if (switched) touched = false;
  put($("c-campaign"), `Campaign ${campaign.name}`);
  put($("toggle-running"), campaign.running ? "❚❚ Pause dialing" : "▶ Start dialing");
  put($("toggle-drain"), board.draining ? "Resume after draining" : "Drain the floor");
  if (!touched) fill();
  const act = (agent, action) => () => change(`/api/agents/${encodeURIComponent(agent.name)}`, { action });
  const actions = (a) => (a.state === "logged_out" ? [["Log in", "login"]] : [["Ready", "ready"], ["Break", "break"], ["Log out", "logout"]]);
  sync($("agent-rows"), board.agents, (a) => `${a.id}/${a.state === "logged_out"}`, (a) => {
    const row = make("li", {}, make("span"));
    for (const [label, action] of actions(a)) {
      const button = make("button", { type: "button", class: "button", "aria-label": `${label}: ${a.name}` }, label);
      button.onclick = act(a, action);
      row.append(button);
    }
    return row;
  }, (e, a) => put(e.firstChild, `${a.name} · ${STATES[a.state] ?? a.state}`));
}

function fill() {
  $("f-mode").value = campaign.mode;
  $("f-ratio").value = campaign.ratio ?? "";
  $("f-cap").value = +(campaign.cap * 100).toFixed(3);
  $("f-most").value = campaign.max_lines_per_agent;
  $("f-cancel").checked = campaign.ring_cancel;
  manual();
}

function manual() {
  const on = $("f-mode").value === "manual";
  $("f-ratio").disabled = !on;
  $("f-ratio").required = on;
}

/** What the form changes, and nothing else: a colleague's change is not undone unseen. */
function edits() {
  const body = {};
  const mode = $("f-mode").value;
  const ratio = Number($("f-ratio").value);
  if (mode === "manual" ? campaign.mode !== mode || ratio !== campaign.ratio : mode !== campaign.mode) {
    body.mode = mode;
    if (mode === "manual") body.ratio = ratio;
  }
  const cap = Number($("f-cap").value) / 100;
  if (Math.abs(cap - campaign.cap) > 1e-9) body.cap = cap;
  const most = Number($("f-most").value);
  if (most !== campaign.max_lines_per_agent) body.max_lines_per_agent = most;
  if ($("f-cancel").checked !== campaign.ring_cancel) body.ring_cancel = $("f-cancel").checked;
  return body;
}

const path = () => `/api/campaigns/${encodeURIComponent(campaign.name)}`;

/** Wires the panel. */
export function start(wires) {
  reconnect = wires.reconnect;
  $("open-controls").onclick = () => { $("controls").showModal(); tell(""); show(); if (board) update(board, campaign); };
  $("close-controls").onclick = () => $("controls").close();
  $("controls").addEventListener("close", () => { touched = false; });
  $("lock").onclick = () => { lock(); tell("Token forgotten."); };
  $("token-form").onsubmit = (e) => {
    e.preventDefault();
    sessionStorage.setItem(KEY, $("token").value.trim());
    $("token").value = "";
    tell("");
    show();
    reconnect();
  };
  $("tuning").addEventListener("input", () => { touched = true; manual(); });
  $("reset-tuning").onclick = () => { touched = false; fill(); tell(""); };
  $("tuning").onsubmit = async (e) => {
    e.preventDefault();
    const body = edits();
    if (!Object.keys(body).length) return tell("Nothing differs.");
    if (await change(path(), body)) touched = false;
  };
  $("toggle-running").onclick = () => change(path(), { running: !campaign.running });
  $("toggle-drain").onclick = () => change("/api/drain", { on: !board.draining });
}
