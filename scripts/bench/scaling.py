#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How training scales: what one core and the barriers of this machine give, and what follows for more cores and nodes.

    scripts/bench/scaling.py                       measures one core (a minute), and prints the page's tables
    scripts/bench/scaling.py --predict             the tables from the figures in FIGURES, without measuring
    scripts/bench/scaling.py --latency 2e-6 --bandwidth 1e10      another network
    scripts/bench/scaling.py --ranks "mpirun -n 2" --rounds 10    2 ranks of 1 thread beside 1 process of 2 threads, in turn

Needs a built program (--program, default ./colonnade; for --ranks also ./colonnade-mpi).  The formula is that of doc/scaling.md;
it is the one by which the program itself chooses threads and ranks (src/train/plan.c), with rates that are measured here.
"""
import argparse
import json
import math
import shlex
import statistics
import subprocess

WORKLOADS = {
    "W2": {"inputs": 28, "hidden": [300] * 4, "rows": 16384},
    "W3": {"inputs": 784, "hidden": [2048] * 2, "rows": 8192},
}
BATCHES = {"W2": [1024, 4096, 16384], "W3": [1024, 4096, 16384]}
COUNTS = [1, 2, 4, 8, 16, 32, 64]

# One core of the machine of doc/benchmarks.md: floating-point operations a second in the three products, and seconds that the
# update of a parameter takes, both orientations of the weights included.  From its rows a second with one thread, and from the
# update's share of a step (1.8 and 2.4 %), which what else runs on a machine leaves as it is.
FIGURES = {"W2": (1.68e11, 0.66e-9), "W3": (1.36e11, 1.0e-9)}

BARRIER = 0.4e-6        # and a tenth more for every thread
CALL = 0.1e-6           # of a kernel
CORE_TO_CORE = 5e9      # bytes a second of what another core has written
TRANSPOSE = 0.3e-9      # seconds a parameter: the weights that other ranks have updated, in the other orientation


def units(workload):
    return [workload["inputs"]] + workload["hidden"] + [1]


def parameters(n):
    return sum(n[l] * n[l - 1] + n[l] for l in range(1, len(n)))


def column_flops(n):
    """Forward, gradient and, but for the first layer, backward."""
    return sum((4 if l == 1 else 6) * n[l] * n[l - 1] for l in range(1, len(n)))


def block_size(n, batch):
    """As block_size_of in src/train/plan.c."""
    fourth = max(64, batch // 4)
    columns = 256 if parameters(n) > 1 << 15 or fourth > 256 else fourth
    blocks = math.ceil(batch / columns)
    return math.ceil(batch / blocks)


def step_seconds(n, batch, ranks, cores, rate, update, network):
    """The least over teams x members of one rank's `cores` threads."""
    G = block_size(n, batch)
    blocks = math.ceil(math.ceil(batch / G) / ranks)
    P, L, hidden = parameters(n), len(n) - 1, sum(n[1:-1])
    least = math.inf
    for teams in range(1, min(cores, blocks) + 1):
        members = cores // teams
        threads = teams * members
        barrier = BARRIER * (1 + 0.1 * threads)
        products = column_flops(n) * G / members / rate + 3 * L * CALL
        meetings = 0
        if members > 1:
            meetings = (2 * L + 2) * barrier + 2 * hidden * G * (members - 1) / members * 4 / CORE_TO_CORE
        seconds = math.ceil(blocks / teams) * (products + meetings)
        seconds += 3 * P * (teams - 1) / teams * 4 / CORE_TO_CORE + 2 * barrier * (threads > 1)
        others = (ranks - 1) / ranks
        seconds += update * P / (threads * ranks) + TRANSPOSE * P * others / threads
        if ranks > 1:
            latency, bandwidth = network
            seconds += 3 * math.ceil(math.log2(ranks)) * latency + 8 * P * others / bandwidth
        least = min(least, seconds)
    return least


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def bench(program, name, batch, threads, seconds, phases=False):
    w = WORKLOADS[name]
    options = {"inputs": w["inputs"], "hidden": ",".join(map(str, w["hidden"])), "rows": w["rows"], "batch-size": batch,
               "threads": threads, "seconds": seconds}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return run(program + ["bench", "--json"] + words + (["--phases"] if phases else []))


def measure(program, name, seconds):
    """One core: operations a second in the products, seconds of the update of a parameter."""
    result = bench([program], name, 1024, 1, seconds, True)
    phases = {phase["name"]: phase["seconds_per_step"] for phase in result["phases"]}
    n = units(WORKLOADS[name])
    products = sum(phases[p] for p in ("gather", "forward", "loss", "gradient", "backward", "reduction"))
    return column_flops(n) * 1024 / products, phases["optimizer"] / parameters(n)


def table(name, figures, network, cores_of_node):
    n = units(WORKLOADS[name])
    rate, update = figures
    kinds = [("cores of one node", lambda c: (1, c)), (f"nodes of {cores_of_node} cores", lambda c: (c, cores_of_node))]
    for kind, place in kinds:
        print(f"\n{name}, {'-'.join(map(str, n))}: speed-up on so many {kind}\n")
        print("| batch | blocks | " + " | ".join(map(str, COUNTS)) + " |")
        print("|---" * (2 + len(COUNTS)) + "|")
        for batch in BATCHES[name]:
            one = step_seconds(n, batch, *place(1), rate, update, network)
            cells = [f"{one / step_seconds(n, batch, *place(c), rate, update, network):.1f}" for c in COUNTS]
            print(f"| {batch} | {math.ceil(batch / block_size(n, batch))} | " + " | ".join(cells) + " |")


def compare(arguments):
    """Ranks beside threads: the median of the ratios of neighbours, and of all windows."""
    ranks = shlex.split(arguments.ranks) + [arguments.program + "-mpi"]
    ratios, windows = [], ([], [])
    for _ in range(arguments.rounds):
        pair = []
        for which, (program, threads) in enumerate([(ranks, 1), ([arguments.program], 2)]):
            result = bench(program, arguments.workload, 1024, threads, arguments.seconds)
            windows[which].extend(result["window_rows_per_second"])
            pair.append(result["rows_per_second"])
        ratios.append(pair[0] / pair[1])
        print(f"ranks {pair[0]:.0f} rows/s, threads {pair[1]:.0f}: {ratios[-1]:.3f}", flush=True)
    print(f"{arguments.workload}: median of {len(ratios)} ratios {statistics.median(ratios):.3f}; of all windows "
          f"{statistics.median(windows[0]) / statistics.median(windows[1]):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="./colonnade")
    parser.add_argument("--predict", action="store_true")
    parser.add_argument("--latency", type=float, default=2e-6, help="seconds of a message between nodes")
    parser.add_argument("--bandwidth", type=float, default=1e10, help="bytes a second between nodes")
    parser.add_argument("--cores", type=int, default=16, help="of a node")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--ranks", help="how ranks are started; compares them with threads")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--workload", default="W3", choices=WORKLOADS)
    arguments = parser.parse_args()
    if arguments.ranks:
        compare(arguments)
        return
    for name in WORKLOADS:
        figures = FIGURES[name] if arguments.predict else measure(arguments.program, name, arguments.seconds)
        print(f"\n{name}: one core does {figures[0] / 1e9:.1f} GFLOP/s in the products and updates a parameter in "
              f"{figures[1] * 1e9:.2f} ns")
        table(name, figures, (arguments.latency, arguments.bandwidth), arguments.cores)


if __name__ == "__main__":
    main()
