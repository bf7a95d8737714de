// Event streams over fetch: unlike EventSource they can carry a token, and a silent line is
// noticed and called again.

const SILENCE_MS = 13000; // the server speaks every 5 s
const WAIT_MS = [500, 1000, 2000, 4000, 8000];

/**
 * Follows an event stream until stop() is called. Calls event(name, data), and
 * link(state) with "live", "lost" (trying again) or "denied" (401; not tried again).
 */
export function follow(url, { headers = () => ({}), event, link }) {
  let stopped = false;
  let control = null;
  let failures = 0;
  const again = () => {
    if (stopped) return;
    link("lost");
    const wait = WAIT_MS[Math.min(failures++, WAIT_MS.length - 1)];
    setTimeout(run, wait * (0.8 + 0.4 * Math.random()));
  };
  async function run() {
    if (stopped) return;
    control = new AbortController();
    let watchdog = setTimeout(() => control.abort(), SILENCE_MS);
    try {
      const answer = await fetch(url, { headers: headers(), signal: control.signal, cache: "no-store" });
      if (answer.status === 401) {
        stopped = true;
        link("denied");
        return;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      failures = 0;
      link("live");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      const parse = parser(event);
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => control.abort(), SILENCE_MS);
        parse(value);
      }
    } catch {
      // Whatever broke the stream, it is called again.
    } finally {
      clearTimeout(watchdog);
    }
    again();
  }
  run();
  return { stop() { stopped = true; control?.abort(); } };
}

function parser(event) {
  let rest = "";
  return (chunk) => {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      let name = "message";
      let data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data += line.slice(5).trimStart();
      }
      if (data) event(name, JSON.parse(data));
    }
  };
}
