// Ten minutes in two small charts over one time axis: lines and conversations above,
// abandonment against its cap below (another unit, so never on the same axis).

const NS = "http://www.w3.org/2000/svg";
const SPAN = 600000;

const el = (name, attributes, text) => {
  const e = document.createElementNS(NS, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
};

/** The next round number a little above. */
function roof(max, steps) {
  return steps.find((s) => s >= max) ?? Math.ceil(max / 100) * 100;
}

function path(samples, x, y) {
  let d = "";
  let last = null;
  for (const s of samples) {
    const px = x(s.at_ms).toFixed(1);
    const py = y(s).toFixed(1);
    d += last === null ? `M${px} ${py}` : `L${px} ${py}`;
    last = py;
  }
  return d;
}

export function draw(host, samples, now, cap) {
  const width = host.clientWidth;
  const height = host.clientHeight;
  if (!width || !height) return;
  const left = 34, right = 4, foot = 18, top = 20, gap = 26;
  const low = Math.round((height - top - foot - gap) * 0.32);
  const high = height - top - foot - gap - low;
  const x = (t) => left + (width - left - right) * (1 - (now - t) / SPAN);
  const shown = samples.filter((s) => now - s.at_ms <= SPAN);
  const most = roof(Math.max(4, ...shown.map((s) => Math.max(s.lines, s.talking) * 1.05)), [4, 8, 10, 16, 20, 30, 40, 60, 80, 100]);
  const worst = roof(Math.max(cap * 1.4, ...shown.map((s) => s.abandonment)) * 100, [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100]) / 100;
  const yHigh = (v) => top + high * (1 - v / most);
  const base = top + high + gap;
  const yLow = (v) => base + low * (1 - v / worst);
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const rule = (y, label) => {
    svg.append(el("line", { class: "grid", x1: left, x2: width - right, y1: y, y2: y }));
    svg.append(el("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, label));
  };
  rule(yHigh(0), "0");
  rule(yHigh(most / 2), String(most / 2));
  rule(yHigh(most), String(most));
  rule(yLow(0), "0");
  svg.append(el("line", { class: "cap", x1: left, x2: width - right, y1: yLow(cap), y2: yLow(cap) }));
  svg.append(el("text", { class: "cap", x: left - 6, y: yLow(cap) + 4, "text-anchor": "end" }, `${+(cap * 100).toFixed(1)}%`));
  for (const minutes of [10, 5, 0]) {
    const anchor = minutes === 10 ? "start" : minutes === 0 ? "end" : "middle";
    svg.append(el("text", { x: x(now - minutes * 60000), y: height - 3, "text-anchor": anchor }, minutes ? `${minutes} min ago` : "now"));
  }
  svg.append(el("path", { class: "lines", d: path(shown, x, (s) => yHigh(s.lines)) }));
  svg.append(el("path", { class: "talking", d: path(shown, x, (s) => yHigh(s.talking)) }));
  svg.append(el("path", { class: "abandonment", d: path(shown, x, (s) => yLow(Math.min(s.abandonment, worst))) }));
  const last = shown.at(-1);
  const name = (cls, px, py, text) => svg.append(el("text", { class: `name ${cls}`, x: px, y: py }, text));
  name("talking", left, 12, `Talking ${last ? last.talking : "–"}`);
  name("lines", left + 104, 12, `Lines not yet talking ${last ? last.lines : "–"}`);
  name("abandonment", left, base - 8, `Abandonment today, cap dashed`);
  host.setAttribute("role", "img");
  host.setAttribute("aria-label", last ? `Now ${last.talking} talking, ${last.lines} other lines, abandonment ${(last.abandonment * 100).toFixed(1)} %` : "No samples yet");
  host.replaceChildren(svg);
}
