// Calls that wait for review, and their recordings to listen to.

import { $, make, sync, span, clock, words } from "/assets/format.js";

/** Shows them. `ask` sends a request with the token, `tell` says what went wrong. */
export async function show(ask, tell) {
  const calls = await ask("/api/quality?waiting=true&limit=20");
  $("no-reviews").hidden = calls.length > 0;
  const create = (c) => {
    const button = make("button", { type: "button", class: "button", "aria-label": `Listen to call ${c.call}` }, "▶ Listen");
    const row = make("li", {}, make("span"), button);
    button.onclick = () => listen(row, button, c.call, ask, tell);
    return row;
  };
  sync($("reviews"), calls, (c) => c.call, create, (row, c) => {
    const mos = [["customer", c.mos_customer], ["agent", c.mos_agent]].filter(([, m]) => m != null).map(([who, m]) => `${who} heard ${m.toFixed(1)}`);
    const facts = [new Date(c.at_ms).toLocaleDateString(), clock(c.at_ms), c.campaign, ...mos, ...c.problems.map((p) => words(p.kind).toLowerCase())];
    row.firstChild.replaceChildren(`Call ${c.call}${c.agent ? ` · ${c.agent}` : ""} `, make("small", {}, facts.join(" · ")));
  });
}

/** Puts a player under the call for each of its recordings. The token stays out of the address: the answer's cookie opens it. */
async function listen(row, button, call, ask, tell) {
  button.disabled = true;
  row.querySelectorAll("audio").forEach((old) => old.remove());
  try {
    const recordings = await ask(`/api/recordings?call=${call}&limit=10`);
    if (!recordings.length) throw new Error(`Call ${call} was not recorded.`);
    for (const { id } of recordings.reverse()) {
      const { audio, recording } = await ask(`/api/recordings/${id}/listen`, {});
      const player = make("audio", { controls: "", preload: "metadata", src: audio, "aria-label": `Recording of call ${call}, ${span(recording.length_ms)}` });
      player.onerror = () => tell("▲ The recording cannot be played on: press Listen again.", true);
      row.append(player);
    }
    tell("");
    await row.querySelector("audio").play();
  } catch (error) {
    // Where a browser lets nothing play by itself, the player is there to be pressed.
    if (error.name !== "NotAllowedError") tell(`▲ ${error.message}`, true);
  } finally {
    button.disabled = false;
  }
}
