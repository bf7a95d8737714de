"""Runs the simulators in turn and makes the table: `table.py RATES [--write]`."""

import pathlib
import platform
import re
import statistics
import subprocess
import sys
from importlib.metadata import version

HERE = pathlib.Path(__file__).parent
DOCS = HERE.parent.parent / "docs" / "SIMULATOR.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
# In turn, so that a machine that slows down slows all of them down. Odd.
ROUNDS = 5
# So many that each run takes a second or two.
CUSTOMERS = {"simpy": 200_000, "ciw": 50_000}


def figures(*command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    pairs = (line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    return {name: float(value) for name, value in pairs}


def queues(rates):
    commands = {"carillon": [rates, "queue"]}
    for name, customers in CUSTOMERS.items():
        commands[name] = [sys.executable, str(HERE / "mm100.py"), name, str(customers)]
    found = {name: [] for name in commands}
    for turn in range(ROUNDS):
        print(f"queue, round {turn + 1} of {ROUNDS}", file=sys.stderr)
        for name, command in commands.items():
            found[name].append(figures(*command))
    return found


def number(value):
    if value >= 1e5:
        return f"{value / 1e6:.2f} million"
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def table(rates):
    found = queues(rates)
    print("worlds and decisions", file=sys.stderr)
    world = figures(rates, "world")
    rate = {name: statistics.median(run["events_per_s"] for run in runs) for name, runs in found.items()}
    pairs = {
        name: [own["events_per_s"] / other["events_per_s"] for own, other in zip(found["carillon"], runs)]
        for name, runs in found.items()
    }
    titles = {
        "carillon": "Carillon's calendar",
        "simpy": f"SimPy {version('simpy')}",
        "ciw": f"Ciw {version('ciw')}",
    }
    lines = [
        f"| M/M/100 at 90 erlangs, one core ({platform.machine()}) | events a second | Carillon is faster by | waited |",
        "|---|---|---|---|",
    ]
    for name, title in titles.items():
        ratio = "" if name == "carillon" else f"{statistics.median(pairs[name]):.0f} ×"
        waited = statistics.mean(run["waited"] for run in found[name])
        lines.append(f"| {title} | {number(rate[name])} | {ratio} | {100 * waited:.1f} % |")
    lines += [
        "",
        "| pacing, one core | |",
        "|---|---|",
        f"| 200 agents, progressive: world events a second | {number(world['world_progressive'])} |",
        f"| 200 agents, predictive: world events a second | {number(world['world_predictive'])} |",
        f"| 500 agents, 8 hours, predictive ({world['day_500_events']:,.0f} events) | {world['day_500']:.1f} s |",
    ]
    costs = [(int(name.split("_")[1]), cost) for name, cost in world.items() if name.startswith("decision_")]
    lines += ["", "| agents | " + " | ".join(str(agents) for agents, _ in costs) + " |"]
    lines += ["|---" * (len(costs) + 1) + "|"]
    lines += ["| predictive decision, µs | " + " | ".join(f"{cost:.3g}" for _, cost in costs) + " |"]
    return "\n".join(lines)


def write(text):
    page = DOCS.read_text()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"{DOCS}: write {BEGIN} and {END} once each, where the table belongs")
    inside = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.S)
    DOCS.write_text(inside.sub(lambda _: f"{BEGIN}\n{text}\n{END}", page))


if __name__ == "__main__":
    made = table(sys.argv[1])
    print(made)
    if "--write" in sys.argv[2:]:
        write(made)
