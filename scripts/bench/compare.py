#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Training speed of Colonnade beside other tools, on the workloads of doc/benchmarks.md, and the tables of that page.

    scripts/bench/compare.py                    all of it, some ten minutes on two cores; carries on where it was interrupted
    scripts/bench/compare.py --for 40           as much as fits into 40 seconds; call it again to carry on
    scripts/bench/compare.py --only W2,W4       these workloads (the others keep what was measured before)
    scripts/bench/compare.py --tables           writes the tables of what was measured, measures nothing
    scripts/bench/compare.py --list             the workloads, and what is missing here and which package has it

Each round measures everybody for a moment in turn, one way and then the other, so that all see the same quiet and busy moments of
the machine.  Ours is measured by `colonnade bench`, whose windows are of 50 ms, with the FMA peak between them, and by `colonnade
train` on a table of such rows.  Others run as long-lived processes (peer.py, fann_peer.c) that train when told to.  What was
measured is kept, a line each, in compare-results/ of the current folder, and belongs to one program: another one starts afresh.
"""
import argparse
import datetime
import hashlib
import json
import math
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# name: inputs, hidden, batch, rows, activation, optimizer
WORKLOADS = {
    "W0": (2, (3, 3), "all", 10, "sigmoid", "sgd"),
    "W1": (30, (64, 32), 256, 100000, "relu", "adam"),
    "W2": (28, (300, 300, 300, 300), 1024, 200000, "relu", "adam"),
    "W2t": (28, (300, 300, 300, 300), 1024, 200000, "tanh", "adam"),
    "W2b": (28, (300, 300, 300, 300), 100, 200000, "relu", "adam"),
    "W3": (784, (2048, 2048), 1024, 16384, "relu", "adam"),
    "W4": (128, (256, 256, 256), 256, 100000, "relu", "adam"),
}
PEERS = {  # what the tables call them, Debian's package, its module
    "torch": ("PyTorch", "python3-torch"),
    "sklearn": ("scikit-learn", "python3-sklearn"),
    "numpy": ("numpy", "python3-numpy"),
    "fann": ("FANN", "libfann-dev"),
}
EPOCHS_W0 = 1000          # of a whole process
EVERY = 3                 # rounds: how often those are measured whose figures are no target
FANN_LIMIT = 1e10         # operations a batch: FANN does some 1e9 a second, and cannot stop within a batch


def flops_per_row(workload):
    """Forward, dW and dA, without the first layer's dA."""
    inputs, hidden = WORKLOADS[workload][:2]
    widths = [inputs, *hidden, 1]
    return sum(2 * a * b * (2 if i == 0 else 3) for i, (a, b) in enumerate(zip(widths, widths[1:])))


def quantile(values, share):
    """Nearest rank, as bench has it."""
    values = sorted(values)
    return values[max(math.ceil(share * len(values)), 1) - 1]


def median(values):
    return quantile(values, 0.5)


# ---------------------------------------------------------------- what is here

class Machine:
    def __init__(self, options):
        self.program = os.path.abspath(options.program)
        if not os.access(self.program, os.X_OK):
            sys.exit(f"compare.py: there is no {options.program}: build it, or name it with --program")
        doctor = json.loads(subprocess.run([self.program, "doctor", "--json"], check=True, stdout=subprocess.PIPE).stdout)
        self.threads, self.cpu, self.isa = doctor["threads"], doctor["cpu"], doctor["isa"]
        with open(self.program, "rb") as file:
            content = file.read()
        self.digest = hashlib.sha256(content).hexdigest()[:16]
        compilers = set(re.findall(rb"(?:GCC: \([^)]*\)|clang version) [0-9.]+", content))
        self.compiler = ", ".join(sorted(re.sub(r"GCC: \([^)]*\)", "gcc", c.decode()) for c in compilers)) or "unknown compiler"
        self.version = doctor["version"]
        self.python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
        self.work = os.path.abspath(options.work)
        os.makedirs(self.work, exist_ok=True)
        self.tmpfs = "/dev/shm" if os.access("/dev/shm", os.W_OK) else self.work
        self.peers = [] if options.ours else [peer for peer in PEERS if self.has(peer)]
        self.asked = [] if options.ours else list(PEERS)

    def has(self, peer):
        if peer == "fann":
            return self.build("fann_peer", "-O3", "-march=native", libraries=("-lfloatfann", "-lm")) is not None
        return subprocess.run([self.python, "-c", f"import {peer}"], stderr=subprocess.DEVNULL).returncode == 0

    def build(self, name, *flags, libraries=()):
        """A C program of this folder, made where it is not there or older than its source; None where that fails."""
        source, program = os.path.join(HERE, name + ".c"), os.path.join(self.work, name)
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            compiler = os.environ.get("CC", "cc").split()
            if not shutil.which(compiler[0]) or subprocess.run([*compiler, *flags, source, "-o", program, *libraries],
                                                               stderr=subprocess.DEVNULL).returncode != 0:
                return None
        return program

    def environment(self, threads):
        """For a peer: its threads, and what its libraries do not find out about this CPU, where that is so."""
        environment = {k: v for k, v in os.environ.items() if k not in ("OMP_PLACES", "OMP_PROC_BIND")}
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[name] = str(threads)
        flags = cpu_flags()
        if "avx512f" in flags:
            environment["ATEN_CPU_CAPABILITY"] = "avx512"
            environment["OPENBLAS_CORETYPE"] = "SapphireRapids" if "amx_bf16" in flags else "SkylakeX"
        openmp = f"/usr/lib/{platform.machine()}-linux-gnu/openblas-openmp"  # Debian has two more beside it
        if os.path.isdir(openmp):
            environment["LD_LIBRARY_PATH"] = openmp
        return environment

    def table(self, inputs, rows):
        """A CSV file of such rows; its label is f0."""
        path = os.path.join(self.work, f"rows-{rows}x{inputs}.csv")
        if not os.path.exists(path):
            generator = self.build("gen_csv", "-O2", libraries=("-lm",))
            if not generator:
                return None
            subprocess.run([generator, path + ".part", str(rows), str(inputs)], check=True)
            os.rename(path + ".part", path)
        return path


def cpu_flags():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            return set(next((line for line in file if line.startswith("flags")), "").split())
    except OSError:
        return set()


def package_version(package):
    result = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            check=False) if shutil.which("dpkg-query") else None
    version = result.stdout.decode() if result and result.returncode == 0 else ""
    return version.split(":")[-1]  # without Debian's epoch


# ---------------------------------------------------------------- contenders: each measures one window when its turn comes

class Bench:
    """colonnade bench: windows of 50 ms and the peak between them; whole epochs."""
    every = 1

    def __init__(self, machine, shape, threads, seconds):
        self.who, self.machine, self.shape, self.threads, self.seconds = f"bench-{threads}", machine, shape, threads, seconds
        self.every = 1 if threads == machine.threads else EVERY

    def measure(self):
        inputs, _, _, rows, _, _ = self.shape
        words = [self.machine.program, "bench", "--json", "--recipe", "plain", f"--inputs={inputs}", f"--rows={rows}",
                 f"--threads={self.threads}", f"--seconds={self.seconds}", *network_options(self.shape)]
        result = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
        return {"rates": result["window_rows_per_second"], "peaks": result["window_peak_gflops"],
                "fractions": result["window_fraction_at_clock"], "threads": result["threads"]}

    def close(self):
        pass


class Train:
    """colonnade train on a table: rows a second of its epochs, from metrics.jsonl, but for the first, which finds no memory yet."""
    every = EVERY

    def __init__(self, machine, shape, seconds):
        self.who, self.machine, self.shape, self.seconds = f"train-{machine.threads}", machine, shape, seconds
        self.epochs = 2

    def measure(self):
        inputs, _, _, rows, _, _ = self.shape
        table = self.machine.table(inputs, rows)
        if not table:
            return None
        with tempfile.TemporaryDirectory(dir=self.machine.tmpfs) as folder:
            run = os.path.join(folder, "run")
            subprocess.run([self.machine.program, "train", table, "--label=f0", "--recipe=plain", "--valid-fraction=0",
                            f"--threads={self.machine.threads}", f"--epochs={self.epochs}", "--progress=none", f"--out={run}",
                            *network_options(self.shape)], check=True, stderr=subprocess.DEVNULL)
            with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
                rates = [json.loads(line)["rows_per_second"] for line in file][1:]
        self.epochs = 1 + math.ceil(self.seconds * median(rates) / rows)
        return {"rates": rates}

    def close(self):
        pass


class Process:
    """A whole process of so many epochs of the smallest workload: milliseconds."""
    every = EVERY

    def __init__(self, machine, who, words, environment):
        self.who, self.machine, self.words, self.environment = who, machine, words, environment

    def measure(self):
        with tempfile.TemporaryDirectory(dir=self.machine.tmpfs) as folder:
            words = [word.replace("RUN", os.path.join(folder, "run")) for word in self.words]
            quiet = [(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
            start = time.perf_counter()
            pid = os.posix_spawn(words[0], words, self.environment, file_actions=quiet)
            _, state = os.waitpid(pid, 0)
            spent = time.perf_counter() - start
        if state != 0:
            sys.exit(f"compare.py: {' '.join(words)} failed")
        return {"milliseconds": [1e3 * spent]}

    def close(self):
        pass


class Peer:
    """A long-lived process that trains for a moment when told to."""

    def __init__(self, machine, peer, shape, threads, seconds):
        self.who, self.machine, self.peer, self.shape = f"{peer}-{threads}", machine, peer, shape
        self.threads, self.seconds, self.process = threads, seconds, None
        self.every = 1 if peer == "torch" else EVERY

    def start(self):
        self.process = subprocess.Popen(peer_words(self.machine, self.peer, self.shape, self.threads), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=self.machine.environment(self.threads))
        if not self.process.stdout.readline().startswith("ready"):
            sys.exit(f"compare.py: {self.who} does not start")

    def measure(self):
        if not self.process:
            self.start()
        self.process.stdin.write(f"{self.seconds}\n")
        self.process.stdin.flush()
        return {"rates": [float(self.process.stdout.readline())]}

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None


def network_options(shape):
    _, hidden, batch, _, activation, optimizer = shape
    rate = ["--lr=0.1"] if optimizer == "sgd" else []
    return ["--hidden=" + ",".join(map(str, hidden)), f"--batch-size={batch}", f"--activation={activation}",
            f"--optimizer={optimizer}", *rate]


def peer_words(machine, peer, shape, threads, *more):
    inputs, hidden, batch, rows, activation, optimizer = shape
    start = [os.path.join(machine.work, "fann_peer")] if peer == "fann" else [machine.python, os.path.join(HERE, "peer.py"), peer]
    return [*start, str(inputs), ",".join(map(str, hidden)), str(batch), str(rows), activation, optimizer, str(threads), *more]


def processes_of_w0(machine, shape):
    """Whole processes; ours trains the ten patients of the derivation, with its files, on a file system in memory."""
    train = [machine.program, "train", os.path.join(TOP, "examples", "cvd.csv"), "--recipe=textbook", "--scale=standardise",
             f"--epochs={EPOCHS_W0}", "--progress=none", "--out=RUN"]
    yield Process(machine, "process-ours", train, dict(os.environ))
    for peer in machine.peers:
        yield Process(machine, "process-" + peer, peer_words(machine, peer, shape, 1, str(EPOCHS_W0)), machine.environment(1))


def contenders(machine, workload, shape, seconds):
    """In the order in which they take turns: what is compared stands side by side."""
    counts = sorted({1, machine.threads})
    yield from (Bench(machine, shape, threads, seconds) for threads in counts)
    for peer in machine.peers:
        if peer == "fann":
            if flops_per_row(workload) * (shape[3] if shape[2] == "all" else shape[2]) < FANN_LIMIT:
                yield Peer(machine, peer, shape, 1, seconds)
        else:
            yield from (Peer(machine, peer, shape, threads, seconds) for threads in counts)
    if workload == "W0":
        yield from processes_of_w0(machine, shape)
    else:
        yield Train(machine, shape, seconds)


# ---------------------------------------------------------------- what was measured

class Results:
    """results.jsonl: the program on its first line, then a line a measurement."""

    def __init__(self, machine, fresh):
        self.path = os.path.join(machine.work, "results.jsonl")
        self.lines = []
        head = {"program": machine.digest, "threads": machine.threads}
        if not fresh and os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                self.lines = [json.loads(line) for line in file if line.endswith("\n")]
            if self.lines and self.lines.pop(0) != head:
                print("compare.py: what was measured before belongs to another program: starting afresh", file=sys.stderr)
                self.lines = []
        with open(self.path + ".part", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in [head, *self.lines])
        os.rename(self.path + ".part", self.path)

    def done(self, workload, who, number):
        return any((line["workload"], line["who"], line["round"]) == (workload, who, number) for line in self.lines)

    def add(self, line):
        self.lines.append(line)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def values(self, workload, who, key):
        return [value for line in self.lines if line["workload"] == workload and line["who"] == who for value in line.get(key, ())]

    def count(self, workload, who):
        return sum(line["workload"] == workload and line["who"] == who for line in self.lines)

    def dates(self):
        return sorted({line["date"] for line in self.lines})


def measure(machine, results, options, deadline):
    """False: the time was over before all was done."""
    for workload in options.only:
        shape = list(WORKLOADS[workload])
        if options.smoke and workload != "W0":
            shape[3] = 2 * shape[2]
        all_of_them = list(contenders(machine, workload, shape, options.window))
        try:
            for number in range(options.rounds):
                due = [c for c in all_of_them if number % c.every == 0 and not results.done(workload, c.who, number)]
                if due:
                    print(f"{workload} round {number + 1} of {options.rounds}", file=sys.stderr)
                for contender in due if number % 2 == 0 else due[::-1]:
                    if time.monotonic() > deadline:
                        return False
                    measured = contender.measure()
                    if measured:
                        results.add({"workload": workload, "who": contender.who, "round": number,
                                     "date": datetime.date.today().isoformat(), **measured})
                    time.sleep(0.02)  # idle threads of whoever was measured spin for a while
        finally:
            for contender in all_of_them:
                contender.close()
    return True


# ---------------------------------------------------------------- the tables

def count_text(value):
    """1234567 as 1,234,567, with three significant digits or more."""
    digits = len(str(int(value)))
    return f"{round(value, min(0, 4 - digits)):,.0f}"


def best_of(results, workload, who, key="rates"):
    """The greater median of those that end in a number of threads, and that number; None."""
    medians = [(median(results.values(workload, name, key)), name.rsplit("-", 1)[1])
               for name in sorted({line["who"] for line in results.lines if line["workload"] == workload})
               if name.rsplit("-", 1)[0] == who and results.values(workload, name, key)]
    return max(medians) if medians else None


def fraction(results, workload, threads):
    """Of the FMA peak on as many threads: best decile over best decile."""
    rates, peaks = (results.values(workload, f"bench-{threads}", key) for key in ("rates", "peaks"))
    return quantile(rates, 0.9) * flops_per_row(workload) / (quantile(peaks, 0.9) * 1e9) if rates else None


def fraction_at_clock(results, workload, threads):
    """Of the FMA peak right behind a window, at the window's clock."""
    return median_or_none(results.values(workload, f"bench-{threads}", "fractions"))


def or_dash(value, text):
    return text(value) if value is not None else "-"


def network_text(workload):
    inputs, hidden, batch, _, activation, _ = WORKLOADS[workload]
    widths = [inputs, *hidden, 1]
    return "-".join(map(str, widths)), batch, activation


def markdown(header, rows):
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header), *("| " + " | ".join(row) + " |" for row in rows)]


def median_or_none(values):
    return median(values) if values else None


def ours_rows(machine, results, workloads):
    n = machine.threads
    for workload in workloads:
        one, all_of = (median_or_none(results.values(workload, f"bench-{t}", "rates")) for t in (1, n))
        best = quantile(results.values(workload, f"bench-{n}", "rates"), 0.9) if all_of else None
        train = median_or_none(results.values(workload, f"train-{n}", "rates"))
        network, batch, activation = network_text(workload)
        yield [workload, network, f"{batch}, {activation}", or_dash(one, count_text), or_dash(all_of, count_text),
               or_dash(best, count_text), f"{all_of / one:.2f}" if one and all_of else "-",
               *(or_dash(of(results, workload, threads), lambda x: f"{100 * x:.0f} %")
                 for of in (fraction, fraction_at_clock) for threads in (1, n)), or_dash(train, count_text)]


def peer_rows(machine, results, workloads):
    for workload in workloads:
        ours = median_or_none(results.values(workload, f"bench-{machine.threads}", "rates"))
        row = [workload, or_dash(ours, count_text)]
        for peer in machine.asked:
            theirs = best_of(results, workload, peer)
            if peer not in machine.peers:
                row.append("not installed")
            elif theirs and ours:
                row.append(f"{count_text(theirs[0])} ({theirs[1]}): {ours / theirs[0]:.2f}")
            else:
                row.append("-")
        yield row


def w0_rows(machine, results):
    rows = WORKLOADS["W0"][3]
    for who, name in [("bench", "Colonnade"), *((peer, PEERS[peer][0]) for peer in machine.asked)]:
        rate = best_of(results, "W0", who)
        process = median_or_none(results.values("W0", "process-ours" if who == "bench" else "process-" + who, "milliseconds"))
        if who != "bench" and who not in machine.peers:
            yield [name, "not installed", "-"]
        else:
            yield [name, or_dash(rate, lambda r: f"{1e6 * rows / r[0]:.2f}"),
                   or_dash(process, lambda p: f"{p:.0f}" if p >= 100 else f"{p:.1f}")]


def peak_text(results, threads):
    peaks = [value for workload in WORKLOADS for value in results.values(workload, f"bench-{threads}", "peaks")]
    return f"{quantile(peaks, 0.9):.0f}" if peaks else "-"


def provenance(machine, results):
    with open("/etc/os-release", encoding="utf-8") as file:
        system = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M)
    dates = results.dates()
    versions = [f"{PEERS[p][0]} {package_version(PEERS[p][1])}".strip() for p in machine.peers]
    blas = package_version("libopenblas0-openmp")
    flags = cpu_flags()
    told = "OPENBLAS_CORETYPE=" + machine.environment(1).get("OPENBLAS_CORETYPE", "") + " ATEN_CPU_CAPABILITY=avx512"
    n = machine.threads
    rounds = min(results.count(w, f"bench-{n}") for w in {line["workload"] for line in results.lines})
    lines = [f"`scripts/bench/compare.py`, {' to '.join(sorted({dates[0], dates[-1]}))}: Colonnade {machine.version} "
             f"({machine.compiler}, {machine.isa} kernels), {machine.cpu}, {machine.threads} threads allowed, Linux "
             f"{platform.release().split('-')[0]}, {system.group(1) if system else platform.system()}. "
             f"FMA peak of the same minutes: {peak_text(results, 1)} GFLOP/s on one thread, {peak_text(results, n)} on {n}. "
             f"{rounds} round{'s' if rounds > 1 else ''}."]
    if versions:
        lines += ["", "Compared with " + ", ".join(versions) + (f", OpenBLAS {blas} (OpenMP)" if blas else "") +
                  (f", told the CPU ({told})" if "avx512f" in flags else "") + "."]
    return lines


def missing_text(machine):
    """Also of OpenBLAS: Debian's reference BLAS, which the others take without it, is some twenty times slower."""
    missing = [f"{PEERS[p][0]} ({PEERS[p][1]})" for p in machine.asked if p not in machine.peers]
    needs_blas = shutil.which("dpkg-query") and any(p in machine.peers for p in ("torch", "sklearn", "numpy"))
    return missing + (["OpenBLAS (libopenblas0-openmp)"] if needs_blas and not package_version("libopenblas0-openmp") else [])


def doc_block(machine, results):
    n = machine.threads
    workloads = [w for w in WORKLOADS if w != "W0" and results.count(w, f"bench-{n}")]
    lines = provenance(machine, results)
    missing = missing_text(machine)
    if missing:
        lines += ["", "Not installed: " + ", ".join(missing) + "."]
    if workloads:
        lines += ["", "Rows a second, medians of windows of `colonnade bench`; fractions of the FMA peak are of the best "
                  "decile, those of the peak right behind a window, at its clock, are medians.", "",
                  *markdown(["workload", "network", "batch", "1 thread", f"{n} threads", "best decile", f"{n} / 1",
                             "of the peak, 1", f"of the peak, {n}", "at its clock, 1", f"at its clock, {n}", "`train` on a table"],
                            ours_rows(machine, results, workloads))]
    if workloads and machine.asked:
        lines += ["", f"The others at their better of 1 and {n} threads (which, in brackets), and how many times faster "
                  f"Colonnade on {n} threads is. FANN has sigmoids and gradient descent alone, and one thread.", "",
                  *markdown(["workload", f"Colonnade, {n} threads", *(PEERS[p][0] for p in machine.asked)],
                            peer_rows(machine, results, workloads))]
    if results.count("W0", "process-ours"):
        lines += ["", f"W0, the network of the derivation on ten rows: an epoch, and a whole process of {EPOCHS_W0} epochs (ours "
                  "`colonnade train` with all its files, in memory).", "",
                  *markdown(["", "an epoch, microseconds", "a process, milliseconds"], w0_rows(machine, results))]
    return lines


def readme_block(machine, results):
    """Of the page's tables: ours on all threads, the fraction of the peak, and the ratio to PyTorch."""
    n, rows = machine.threads, []
    for workload in WORKLOADS:
        ours = median_or_none(results.values(workload, f"bench-{n}", "rates"))
        torch = best_of(results, workload, "torch")
        if workload == "W0" or not ours:
            continue
        network, batch, activation = network_text(workload)
        rows.append([workload, network, f"{batch}, {activation}", count_text(ours),
                     *(or_dash(of(results, workload, n), lambda x: f"{100 * x:.0f} %") for of in (fraction, fraction_at_clock)),
                     f"{ours / torch[0]:.2f}" if torch else "-"])
    header = ["workload", "network", "batch", f"rows/s, {n} threads", "of the FMA peak", "at its clock", "times PyTorch"]
    return markdown(header, rows) if rows else []


def write_between_marks(path, lines):
    """Replaces what stands between the two marks; the rest of the page stays."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = "<!-- compare.py: begin -->\n", "<!-- compare.py: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        sys.exit(f"compare.py: {path} lacks the marks {begin.strip()} and {end.strip()}")
    page = page[:page.index(begin) + len(begin)] + "\n" + "\n".join(lines) + "\n\n" + page[page.index(end):]
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(page)
    os.rename(path + ".part", path)


# ---------------------------------------------------------------- the command

def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("COLONNADE", "./colonnade"), help="what to measure (./colonnade)")
    parser.add_argument("--work", default="compare-results", help="folder for what was measured, and for tables (compare-results)")
    parser.add_argument("--doc", default=os.path.join(TOP, "doc", "benchmarks.md"), help="page with the tables")
    parser.add_argument("--readme", default=os.path.join(TOP, "README.md"), help="page with the short one")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--window", type=float, default=0.3, help="seconds of one turn, at least (0.3)")
    parser.add_argument("--only", default=",".join(WORKLOADS), help="workloads, separated by commas")
    parser.add_argument("--for", dest="seconds", type=float, default=math.inf, metavar="SECONDS", help="stop after so long")
    parser.add_argument("--ours", action="store_true", help="leave the others out")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--tables", action="store_true", help="measure nothing, write the tables")
    parser.add_argument("--list", action="store_true", help="say what is here, measure nothing")
    parser.add_argument("--smoke", action="store_true", help="few rows, ours alone, one round: shows that it runs")
    options = parser.parse_args()
    options.only = options.only.split(",")
    for workload in options.only:
        if workload not in WORKLOADS:
            parser.error(f"--only: there is no workload {workload}; there are {', '.join(WORKLOADS)}")
    if options.rounds < 1 or not options.window > 0:
        parser.error("--rounds is at least 1 and --window above 0")
    if options.smoke:
        options.rounds, options.window, options.ours = 1, 0.01, True
    return options


def show(machine):
    for workload in WORKLOADS:
        network, batch, activation = network_text(workload)
        print(f"{workload:4} {network}, batch {batch}, {activation}, {flops_per_row(workload):,} operations a row")
    print("measured beside: " + (", ".join(PEERS[p][0] for p in machine.peers) or "nobody"))
    if missing_text(machine):
        print("not installed (Debian's package): " + ", ".join(missing_text(machine)))


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = Machine(options)
    if options.list:
        show(machine)
        return
    if missing_text(machine):
        print("compare.py: not installed here: " + ", ".join(missing_text(machine)), file=sys.stderr)
    results = Results(machine, options.fresh)
    finished = options.tables or measure(machine, results, options, time.monotonic() + options.seconds)
    if not results.lines:
        sys.exit("compare.py: nothing was measured")
    if not finished:
        sys.exit("compare.py: the time is over; the same command carries on")
    write_between_marks(options.doc, doc_block(machine, results))
    write_between_marks(options.readme, readme_block(machine, results))
    print("\n".join(doc_block(machine, results)))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
