"""One run of the M/M/100 queue at 90 erlangs: `mm100.py simpy|ciw CUSTOMERS`.

Prints events a second (arrivals and departures, as in sim/benches/bench_world) and the share of
customers who waited, which is the same in all simulators but for chance.
"""

import random
import sys
import time

SERVERS = 100
LOAD = 90.0


def by_simpy(customers):
    import simpy

    chance = random.Random(1)
    env = simpy.Environment()
    servers = simpy.Resource(env, capacity=SERVERS)
    enough = env.event()
    counts = {"arrived": 0, "served": 0, "waited": 0}

    def customer():
        came = env.now
        with servers.request() as turn:
            yield turn
            if env.now > came:
                counts["waited"] += 1
            yield env.timeout(chance.expovariate(1.0))
        counts["served"] += 1
        if counts["served"] == customers:
            enough.succeed()

    def source():
        while True:
            yield env.timeout(chance.expovariate(LOAD))
            counts["arrived"] += 1
            env.process(customer())

    env.process(source())
    began = time.perf_counter()
    env.run(until=enough)
    took = time.perf_counter() - began
    return (counts["arrived"] + counts["served"]) / took, counts["waited"] / counts["served"]


def by_ciw(customers):
    import ciw

    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=LOAD)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        number_of_servers=[SERVERS],
    )
    simulation = ciw.Simulation(network)
    began = time.perf_counter()
    simulation.simulate_until_max_customers(customers, method="Finish")
    took = time.perf_counter() - began
    records = simulation.get_all_records()
    waited = sum(record.waiting_time > 1e-12 for record in records) / len(records)
    return 2 * len(records) / took, waited


if __name__ == "__main__":
    run = {"simpy": by_simpy, "ciw": by_ciw}[sys.argv[1]]
    rate, waited = run(int(sys.argv[2]))
    print(f"events_per_s\t{rate}\nwaited\t{waited}")
