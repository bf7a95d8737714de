// What the agent can do with the conversation: hold, pass on, call somebody in, recording.

import { $, put, make, sync } from "/assets/format.js";

const STAGES = {
  calling: (who) => `Calling ${who}. The customer hears music.`,
  talking: (who) => `You are talking to ${who}. The customer hears music.`,
  joined: (who) => `The customer, you and ${who} hear each other.`,
};

const RECORDING = {
  announced: "○ Recording starts after its announcement",
  on: "● This conversation is recorded",
  paused: "‖ Recording is paused",
};

/** Wires the buttons; `act(path, body)` asks the floor. */
export function talk(act) {
  let now = null;
  const say = (path, body) => act(`/api/agent/${path}`, body);
  const step = (word) => say("consult", { step: word });
  $("do-hold").onclick = () => say("hold", { on: !now.held });
  $("do-transfer").onclick = () => open($("transfer").hidden);
  $("transfer-cancel").onclick = () => open(false);
  $("consult-complete").onclick = () => step("complete");
  $("consult-join").onclick = () => step("join");
  $("consult-cancel").onclick = () => step("cancel");
  $("do-pause").onclick = () => say("recording", { pause: now.recording !== "paused" });
  $("do-message").onclick = () => say("drop-message");

  function open(on) {
    $("transfer").hidden = !on;
    $("do-transfer").setAttribute("aria-expanded", String(on));
  }

  async function pass(to) {
    if (await say("transfer", { to, attended: $("talk-first").checked })) open(false);
  }

  function targets() {
    const list = [
      ...now.destinations.map((name) => ({ kind: "destination", name, what: "outside" })),
      ...now.agents.map((name) => ({ kind: "agent", name, what: "agent" })),
      ...now.queues.map((name) => ({ kind: "campaign", name, what: "queue" })),
    ];
    $("transfer-none").hidden = list.length > 0;
    sync($("targets"), list, (t) => `${t.kind}/${t.name}`, (t) => {
      const button = make("button", { type: "button", class: "button" }, make("span", {}, t.name), make("small", {}, t.what));
      button.onclick = () => pass({ [t.kind]: t.name });
      return button;
    }, (button, t) => {
      // A queue cannot be talked to first.
      button.disabled = t.kind === "campaign" && $("talk-first").checked;
    });
  }
  $("talk-first").onchange = targets;

  /** Shows the conversation as the floor tells it; null when there is none. */
  return (conversation) => {
    now = conversation;
    $("talk").hidden = !now;
    if (!now) return open(false);
    const third = now.third;
    put($("talk-now"), third ? STAGES[third.stage](third.who) : now.held ? "The customer is on hold and hears music." : "");
    $("do-hold").hidden = Boolean(third);
    $("do-hold").setAttribute("aria-pressed", String(now.held));
    put($("do-hold").firstChild, now.held ? "Back to the customer" : "Hold");
    $("do-transfer").hidden = Boolean(third);
    if (third) open(false);
    $("consult").hidden = !third;
    $("consult-join").hidden = third?.stage !== "talking";
    $("consult-complete").disabled = third?.stage === "calling" && third.outside === false;
    put($("consult-cancel"), third?.stage === "joined" ? `Let ${third.who} go` : "Back to the customer");
    put($("recording"), RECORDING[now.recording] ?? "");
    $("recording").dataset.state = now.recording;
    $("do-pause").hidden = !now.may_pause || !["on", "paused"].includes(now.recording);
    put($("do-pause"), now.recording === "paused" ? "Go on recording" : "Pause recording");
    $("do-message").hidden = !now.leaves_message || Boolean(third);
    targets();
  };
}
