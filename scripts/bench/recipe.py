#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the default recipe reaches beside other tools, what each of its parts is worth, and the tables of doc/recipe.md.

    scripts/bench/recipe.py final --data DIR      the default recipe, XGBoost, scikit-learn's and a plain PyTorch MLP on test rows
    scripts/bench/recipe.py quick --data DIR      --effort quick beside scikit-learn's MLP
    scripts/bench/recipe.py ablation --data DIR   each part of the recipe off, on splits of the training rows alone
    ... --budget 60                               starts no run after 60 seconds; exit code 1 until all of it is measured
    ... --untimed                                 keeps no times: for a machine that does other work as well (the tables have the
                                                  mean of the others)
    ... --only phoneme,adult --tools ours         these tables, these tools
    ... --show                                    measures nothing, prints the tables of what was measured
    ... --doc doc/recipe.md                       writes them between their marks there
    scripts/bench/recipe.py ablation --data DIR --try="--dropout 0.2" --try="--ensemble 16"     these variants instead

DIR holds a folder a table, with train.csv, valid.csv and test.csv (or .csv.gz): TABLES below has their labels; the large ones are
measured where --only names them.  All tools learn from train.csv and watch valid.csv, but for scikit-learn's MLP, which has no use
for it.  What was measured is kept, a line a run, in the work folder (recipe-results), with every tool's probabilities of the test
rows; runs of another build of the program are not shown.
Python packages: numpy; xgboost, scikit-learn and torch where there are.
"""
import argparse
import concurrent.futures
import csv
import gzip
import hashlib
import importlib
import itertools
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tune_libraries():
    """OpenBLAS and PyTorch in their Debian builds do not find out by themselves what new CPUs can do."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        flags = []
    if "avx512f" in flags:
        os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")
        os.environ.setdefault("OPENBLAS_CORETYPE", "SapphireRapids" if "amx_bf16" in flags else "SkylakeX")


tune_libraries()  # before numpy is loaded
import numpy as np  # noqa: E402

# name: label, positive value, columns of whole numbers that are codes (the other tools are told; ours is not)
TABLES = {
    "credit_g": ("class", "bad", ()),
    "credit_scoring": ("Status", "bad", ()),
    "phoneme": ("Class", "2", ()),
    "higgs7k": ("label", "1", ()),
    "shoppers": ("Revenue", "TRUE", ("OperatingSystems", "Browser", "Region", "TrafficType")),
    "adult": ("income", ">50K", ()),
    "weather_aus": ("RainTomorrow", "Yes", ()),
    "diabetes130": ("readmitted", "YES", ("admission_type_id", "discharge_disposition_id", "admission_source_id")),
}
OTHER = ("y", "1", ())  # of any other folder: scripts/bench/other_tables.py makes such
LARGE = {"weather_aus", "diabetes130"}  # a hundred thousand rows and more: only where --only names them
MISSING = {"", "?", "NA", "NaN", "nan", "null"}
LEAST = 1e-7      # probabilities are held so far from 0 and 1: single precision has no more
RESAMPLES = 2000  # of the bootstrap

# Each part of the recipe off, or one that was taken out back in, one at a time.  Without the ntk form the rates are those of a
# layer of 256 inputs, 0.04 / 16, and the other groups keep theirs (all those of few rows).
PARTS = {
    "--embedding none": "no embedding of numbers",
    "--embedding periodic": "no bins",
    "--frequency-spread 10": "finer waves for numbers scaled by quantiles",
    "--input-scaling=false": "no input factors",
    "--scaling-rate 1": "input factors at the rate",
    "--scaling-rate 6": "input factors at six times the rate",
    "--bias-rate 1": "biases at the rate",
    "--weight-init auto": "first weights by the activation",
    "--parametrisation standard --lr 0.0025 --bias-rate 1.6 --embedding-rate 4.8 --level-rate 1.6 --scaling-rate 48": "no ntk form",
    "--lr-schedule coslog4": "a rate of four waves",
    "--lr-schedule constant": "a constant rate",
    "--beta2 0.95": "a short memory",
    "--dropout 0": "no dropout",
    "--weight-decay 0": "no weight decay",
    "--regularisation constant": "constant dropout and decay",
    "--scale standardise": "standardised numbers",
    "--scale quantile": "all numbers by quantiles",
    "--scale robust": "all numbers robustly",
    "--patience-factor 0": "patience that does not grow",
    "--ensemble 1": "one network",
    "--calibrate temperature": "with a temperature",
}
ABLATION_EXTRA = {"adult": ["--effort", "quick"]}  # which would take a minute a run


# ---------------------------------------------------------------- what was measured

class Store:
    """Runs, a line each, and their probabilities.  A line that was cut off when somebody was killed counts for nothing."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.file = os.path.join(self.folder, "runs.jsonl")
        os.makedirs(os.path.join(self.folder, "probabilities"), exist_ok=True)
        self.runs = {}
        self.cut_off = False
        if os.path.exists(self.file):
            with open(self.file, encoding="utf-8") as lines:
                for line in lines:
                    self.cut_off = not line.endswith("\n")
                    try:
                        run = json.loads(line)
                    except ValueError:
                        continue
                    self.runs[self.name(run["key"])] = run

    @staticmethod
    def name(key):
        return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:20]

    def get(self, key):
        return self.runs.get(self.name(key))

    def put(self, key, result, probabilities=None):
        if probabilities is not None:
            np.save(self.probabilities_file(key), probabilities)
        self.runs[self.name(key)] = {"key": key, **result}
        with open(self.file, "a", encoding="utf-8") as lines:
            lines.write(("\n" if self.cut_off else "") + json.dumps({"key": key, **result}) + "\n")
        self.cut_off = False

    def probabilities_file(self, key):
        return os.path.join(self.folder, "probabilities", self.name(key) + ".npy")

    def probabilities(self, key):
        return np.load(self.probabilities_file(key))


# ---------------------------------------------------------------- tables, as the other tools want them

def part_file(options, table, part):
    for ending in (".csv", ".csv.gz"):
        path = os.path.join(options.data, table, part + ending)
        if os.path.exists(path):
            return path
    sys.exit(f"recipe.py: there is no {os.path.join(options.data, table, part)}.csv")


def read_part(options, table, part):
    """Names and rows of texts."""
    path = part_file(options, table, part)
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def read_labels(options, table, part):
    label, positive, _ = TABLES[table]
    names, rows = read_part(options, table, part)
    column = names.index(label)
    return np.array([row[column] == positive for row in rows], dtype=np.float64)


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


class Encoder:
    """Fitted on training rows: codes and gaps for trees; imputed, standardised and one-hot for networks."""

    def __init__(self, table, names, rows):
        label, _, codes = TABLES[table]
        self.columns = []  # index, levels of a category or None, median, mean, deviation
        for i, name in enumerate(names):
            cells = [row[i] for row in rows]
            present = [cell for cell in cells if cell not in MISSING]
            if name == label:
                continue
            if name in codes or not all(map(is_number, present)):
                self.columns.append((i, sorted(set(cells)), None, None, None))
            else:
                median = float(np.median([float(cell) for cell in present]))
                filled = np.array([median if cell in MISSING else float(cell) for cell in cells])
                self.columns.append((i, None, median, float(filled.mean()), float(filled.std()) or 1.0))

    def kinds(self):
        return ["q" if levels is None else "c" for _, levels, *_ in self.columns]

    def for_trees(self, rows):
        X = np.full((len(rows), len(self.columns)), np.nan, dtype=np.float32)
        for c, (i, levels, *_) in enumerate(self.columns):
            code = {} if levels is None else {level: k for k, level in enumerate(levels) if level not in MISSING}
            for r, row in enumerate(rows):
                if levels is not None:
                    X[r, c] = code.get(row[i], np.nan)
                elif row[i] not in MISSING:
                    X[r, c] = float(row[i])
        return X

    def for_networks(self, rows):
        parts = []
        for i, levels, median, mean, deviation in self.columns:
            if levels is None:
                values = np.array([median if row[i] in MISSING else float(row[i]) for row in rows])
                parts.append(((values - mean) / deviation)[:, None])
            else:
                code = {level: k for k, level in enumerate(levels)}
                hot = np.zeros((len(rows), len(levels)))
                for r, row in enumerate(rows):
                    if row[i] in code:
                        hot[r, code[row[i]]] = 1
                parts.append(hot)
        return np.concatenate(parts, axis=1).astype(np.float32)


class Data:
    """The three parts of a table for the other tools."""

    def __init__(self, options, table):
        names, rows = read_part(options, table, "train")
        self.encoder = Encoder(table, names, rows)
        self.rows = {part: read_part(options, table, part)[1] for part in ("train", "valid", "test")}
        self.y = {part: read_labels(options, table, part) for part in self.rows}


# ---------------------------------------------------------------- tools: the probabilities of the test rows

def fit_xgboost(data, seed, threads):
    import xgboost
    sets = {part: xgboost.DMatrix(data.encoder.for_trees(rows), label=data.y[part], feature_types=data.encoder.kinds(),
                                  enable_categorical=True, nthread=threads) for part, rows in data.rows.items()}
    settings = {"objective": "binary:logistic", "eval_metric": "logloss", "eta": 0.05, "tree_method": "hist", "nthread": threads,
                "seed": seed}
    booster = xgboost.train(settings, sets["train"], 1000, evals=[(sets["valid"], "valid")], early_stopping_rounds=50,
                            verbose_eval=False)
    return booster.predict(sets["test"], iteration_range=(0, booster.best_iteration + 1))


def fit_sklearn(data, seed, threads):
    import warnings
    import sklearn.neural_network
    del threads  # they are the libraries'
    warnings.simplefilter("ignore")  # it tells that 200 epochs, its default, were not enough
    network = sklearn.neural_network.MLPClassifier(random_state=seed)
    network.fit(data.encoder.for_networks(data.rows["train"]), data.y["train"])
    return network.predict_proba(data.encoder.for_networks(data.rows["test"]))[:, 1]


def fit_torch(data, seed, threads):
    """3 x 256 relu, Adam 0.001, batches of 256, at most 200 epochs; the best by log loss on the validation rows, and 20 without a
    better one end it."""
    import torch
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    X = {part: torch.from_numpy(data.encoder.for_networks(rows)) for part, rows in data.rows.items()}
    y = {part: torch.from_numpy(values.astype(np.float32))[:, None] for part, values in data.y.items()}
    widths = [X["train"].shape[1], 256, 256, 256]
    layers = [layer for a, b in zip(widths, widths[1:]) for layer in (torch.nn.Linear(a, b), torch.nn.ReLU())]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(256, 1))
    loss = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    best, since, weights = np.inf, 0, None
    for _ in range(200):
        for rows in torch.randperm(len(X["train"])).split(256):
            optimizer.zero_grad()
            loss(network(X["train"][rows]), y["train"][rows]).backward()
            optimizer.step()
        with torch.no_grad():
            valid = float(loss(network(X["valid"]), y["valid"]))
        since += 1
        if valid < best:
            best, since, weights = valid, 0, {name: value.clone() for name, value in network.state_dict().items()}
        if since == 20:
            break
    network.load_state_dict(weights)
    with torch.no_grad():
        return torch.sigmoid(network(X["test"])).numpy()[:, 0]


PEERS = {"xgboost": ("XGBoost", "xgboost", fit_xgboost), "torch": ("plain PyTorch MLP", "torch", fit_torch),
         "sklearn": ("scikit-learn's MLP", "sklearn", fit_sklearn)}
OURS = {"ours": ("Colonnade", []), "quick": ("Colonnade, quick", ["--effort", "quick"])}


def title(tool):
    return (OURS.get(tool) or PEERS.get(tool))[0]


def train_command(options, table, seed, out):
    label, positive, _ = TABLES[table]
    command = [options.program, "train", part_file(options, table, "train"), "--label", label, "--positive", positive, "--seed",
               str(seed), "--out", out, "--progress", "none", "--json"]
    return command + (["--threads", str(options.threads)] if options.threads else [])


def checked(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"recipe.py: {shlex.join(command)}: exit code {result.returncode}: {result.stderr.strip()[-400:]}")
    return result.stdout


def fit_ours(options, table, seed, extra):
    """Probabilities and the seconds of the whole train process."""
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        command = train_command(options, table, seed, run) + ["--valid", part_file(options, table, "valid"), *extra]
        begin = time.monotonic()
        checked(command)
        seconds = time.monotonic() - begin
        lines = checked([options.program, "predict", run, part_file(options, table, "test")]).splitlines()
    return np.array([float(line.split(",")[0]) for line in lines[1:]]), seconds


# ---------------------------------------------------------------- figures

def log_losses(p, y):
    p = np.clip(p.astype(np.float64), LEAST, 1 - LEAST)
    return -np.where(y > 0.5, np.log(p), np.log1p(-p))


class Scores:
    """One tool's probabilities of a table's test rows; AUC and log loss under any counts of the rows."""

    def __init__(self, p, y):
        self.losses = log_losses(p, y)
        self.order = np.argsort(p, kind="stable")
        ordered = p[self.order]
        self.starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        self.y = y[self.order]

    def auc(self, counts):
        """counts: samples x rows.  Ties count half."""
        counts = counts[:, self.order]
        P = np.add.reduceat(counts * self.y, self.starts, axis=1)
        N = np.add.reduceat(counts * (1 - self.y), self.starts, axis=1)
        below = np.cumsum(N, axis=1) - N
        return (P * (below + N / 2)).sum(axis=1) / (P.sum(axis=1) * N.sum(axis=1))

    def log_loss(self, counts):
        return counts @ self.losses / counts.sum(axis=1)


def resample(n, samples, seed):
    """In pieces, so that they fit in memory."""
    generator = np.random.default_rng(seed)
    for begin in range(0, samples, 100):
        m = min(100, samples - begin)
        rows = generator.integers(0, n, size=(m, n)) + n * np.arange(m)[:, None]
        yield np.bincount(rows.ravel(), minlength=m * n).reshape(m, n).astype(np.float64)


class Figures:
    """All tools on one table: figures of each seed, and of the mean over seeds under resampled rows."""

    def __init__(self, y, probabilities):
        """probabilities: tool -> seed -> p."""
        scores = {tool: [Scores(p, y) for p in by_seed.values()] for tool, by_seed in probabilities.items()}
        once = np.ones((1, len(y)))
        self.auc = {tool: np.array([s.auc(once)[0] for s in seeds]) for tool, seeds in scores.items()}
        self.log_loss = {tool: np.array([s.log_loss(once)[0] for s in seeds]) for tool, seeds in scores.items()}
        auc, log_loss = {tool: [] for tool in scores}, {tool: [] for tool in scores}
        for counts in resample(len(y), RESAMPLES, 1):
            for tool, seeds in scores.items():
                auc[tool].append(np.mean([s.auc(counts) for s in seeds], axis=0))
                log_loss[tool].append(np.mean([s.log_loss(counts) for s in seeds], axis=0))
        self.samples = {"auc": {tool: np.concatenate(x) for tool, x in auc.items()},
                        "log_loss": {tool: np.concatenate(x) for tool, x in log_loss.items()}}

    def difference(self, metric, ours, other):
        """Of the means over seeds, and its samples."""
        values = self.auc if metric == "auc" else self.log_loss
        samples = self.samples[metric]
        return values[ours].mean() - values[other].mean(), samples[ours] - samples[other]


def with_interval(difference, samples):
    low, high = np.percentile(samples, [2.5, 97.5])
    return f"{difference:+.4f} [{low:+.4f}, {high:+.4f}]"


def short(value):
    return f"{value:.4f}".lstrip("0")


# ---------------------------------------------------------------- running

class Budget:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds if seconds else None
        self.first = True

    def left(self):
        """The first run is always started, so that every call gets on."""
        first, self.first = self.first, False
        return first or self.end is None or time.monotonic() < self.end


def digest(program):
    if not os.access(program, os.X_OK):
        sys.exit(f"recipe.py: there is no {program}: build it, or name it with --program")
    with open(program, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def find_peers(asked):
    found = {}
    for tool, (_, module, _) in PEERS.items():
        try:
            found[tool] = str(importlib.import_module(module).__version__) if tool in asked else None
        except ImportError:
            print(f"recipe.py: {module} cannot be imported: {title(tool)} is left out", file=sys.stderr)
            found[tool] = None
    return {tool: version for tool, version in found.items() if version}


def test_key(options, table, tool, seed):
    version = options.digest if tool in OURS else options.peers[tool]
    return {"kind": "test", "table": table, "tool": tool, "version": version, "seed": seed}


def test_seeds(options, tool):
    if tool == "xgboost":
        return [1]  # it samples nothing, so its seed changes nothing
    return list(range(1, (options.seeds if tool in OURS else options.peer_seeds or options.seeds) + 1))


def run_test(options, store, data, key):
    table, tool, seed = key["table"], key["tool"], key["seed"]
    if tool in OURS:
        p, seconds = fit_ours(options, table, seed, OURS[tool][1])
    else:
        if table not in data:
            data.clear()
            data[table] = Data(options, table)
        begin = time.monotonic()
        p = PEERS[tool][2](data[table], seed, options.threads or len(os.sched_getaffinity(0)))
        seconds = time.monotonic() - begin
    store.put(key, {"seconds": None if options.untimed else round(seconds, 3)}, p)
    print(f"{table} {tool} seed {seed}: {seconds:.1f} s", file=sys.stderr)


def measure_tests(options, store, tools):
    budget, data = Budget(options.budget), {}
    for table, tool in itertools.product(options.tables, tools):
        for seed in test_seeds(options, tool):
            key = test_key(options, table, tool, seed)
            if not store.get(key):
                if not budget.left():
                    return
                run_test(options, store, data, key)


def split_key(options, table, variant, seed):
    extra = shlex.split(options.base) or ABLATION_EXTRA.get(table, [])
    return {"kind": "split", "table": table, "options": variant, "extra": extra, "version": options.digest, "seed": seed}


def run_split(options, store, key):
    with tempfile.TemporaryDirectory() as folder:
        command = train_command(options, key["table"], key["seed"], os.path.join(folder, "run"))
        begin = time.monotonic()
        result = json.loads(checked([*command, "--test-fraction", "0.25", "--valid-fraction", "0.2", *key["extra"],
                                     *shlex.split(key["options"])]))
    store.put(key, {"auc": result["test"]["auc"], "log_loss": result["test"]["log_loss"],
                    "seconds": None if options.untimed else round(time.monotonic() - begin, 3)})


def measure_splits(options, store, variants):
    """The default first, then a split after the other, so that whatever is done can be shown."""
    keys = [split_key(options, table, variant, seed) for seed in range(1, options.seeds + 1) for variant in ["", *variants]
            for table in options.tables]
    wanted, budget = [key for key in keys if not store.get(key)], Budget(options.budget)

    def work(key):
        if budget.left():
            run_split(options, store, key)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, wanted))
    print(f"{sum(1 for key in keys if store.get(key))} of {len(keys)} runs are done", file=sys.stderr)


# ---------------------------------------------------------------- tables

def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def tell_missing(options, what):
    options.missing = True
    print(f"recipe.py: {what} is not complete", file=sys.stderr)


def load_figures(options, store, tools):
    """Of the tables where all tools have all seeds."""
    figures = {}
    for table in options.tables:
        keys = {tool: {seed: test_key(options, table, tool, seed) for seed in test_seeds(options, tool)} for tool in tools}
        if all(store.get(key) for by_seed in keys.values() for key in by_seed.values()):
            p = {tool: {seed: store.probabilities(key) for seed, key in by_seed.items()} for tool, by_seed in keys.items()}
            figures[table] = Figures(read_labels(options, table, "test"), p)
        else:
            tell_missing(options, table)
    return figures


def seconds_text(options, store, table, tool):
    seconds = [store.get(test_key(options, table, tool, seed))["seconds"] for seed in test_seeds(options, tool)]
    timed = [value for value in seconds if value is not None]
    return f"{np.mean(timed):.1f}" if timed else ""


def figures_table(options, store, figures, tools):
    """Means over seeds; of ours also the least and the greatest AUC."""
    ours = tools[0]
    head = ["table", title(ours), "AUC, least and greatest", *(title(tool) for tool in tools[1:]), "seconds"]
    rows = []
    for table, of_table in figures.items():
        cells = {tool: f"{short(of_table.auc[tool].mean())} / {short(of_table.log_loss[tool].mean())}" for tool in tools}
        spread = f"{short(of_table.auc[ours].min())}, {short(of_table.auc[ours].max())}"
        rows.append([table, cells[ours], spread, *(cells[tool] for tool in tools[1:]), seconds_text(options, store, table, ours)])
    auc = {tool: np.mean([of_table.auc[tool].mean() for of_table in figures.values()]) for tool in tools}
    log_loss = {tool: np.mean([of_table.log_loss[tool].mean() for of_table in figures.values()]) for tool in tools}
    cells = {tool: f"{short(auc[tool])} / {short(log_loss[tool])}" for tool in tools}
    return markdown(head, rows + [["mean", cells[ours], "", *(cells[tool] for tool in tools[1:]), ""]])


def differences_table(figures, tools, metric):
    ours, others = tools[0], tools[1:]
    rows = []
    for table, of_table in figures.items():
        rows.append([table, *(with_interval(*of_table.difference(metric, ours, tool)) for tool in others)])
    all_of = {tool: [of_table.difference(metric, ours, tool) for of_table in figures.values()] for tool in others}
    means = [with_interval(np.mean([d for d, _ in all_of[tool]]), np.mean([s for _, s in all_of[tool]], axis=0)) for tool in others]
    name = "AUC" if metric == "auc" else "log loss"
    return markdown([name, *(f"less that of {title(tool)}" for tool in others)], rows + [["mean", *means]])


def tests_text(options, store, tools):
    figures = load_figures(options, store, tools)
    if not figures:
        sys.exit("recipe.py: nothing is measured for these tables and tools")
    seeds = f"{options.seeds} seeds" + (f" ({options.peer_seeds} of the other tools)" if options.peer_seeds else "")
    lines = [f"Test AUC / log loss, means of {seeds}:", "", *figures_table(options, store, figures, tools)]
    lines += [f"Differences, with 95 % intervals of a paired bootstrap over the test rows ({RESAMPLES} resamples):", ""]
    for metric in ("auc", "log_loss"):
        lines += differences_table(figures, tools, metric)
    return lines


def changes(options, store, variant, metric):
    """A row a table, a column a split; None where runs are missing."""
    values = np.empty((len(options.tables), options.seeds))
    for i, table in enumerate(options.tables):
        for seed in range(1, options.seeds + 1):
            run, usual = (store.get(split_key(options, table, v, seed)) for v in (variant, ""))
            if not run or not usual:
                return None
            values[i, seed - 1] = run[metric] - usual[metric]
    return values


def change_text(values):
    """Mean over tables; its standard error over splits, each of which has all tables."""
    of_split = values.mean(axis=0)
    error = of_split.std(ddof=1) / np.sqrt(len(of_split)) if len(of_split) > 1 else np.nan
    return f"{of_split.mean() * 1e4:+.0f} ± {error * 1e4:.0f}"


def ablation_text(options, store, variants):
    rows = []
    for variant, what in variants.items():
        auc, log_loss = (changes(options, store, variant, metric) for metric in ("auc", "log_loss"))
        if auc is None:
            tell_missing(options, variant)
            continue
        by_table = [f"{a * 1e4:+.0f} / {b * 1e4:+.0f}" for a, b in zip(auc.mean(axis=1), log_loss.mean(axis=1))]
        rows.append([what, f"`{variant}`", change_text(auc), change_text(log_loss), *by_table])
    usual = [[store.get(split_key(options, table, "", seed)) for seed in range(1, options.seeds + 1)] for table in options.tables]
    if not rows or not all(all(runs) for runs in usual):
        sys.exit("recipe.py: nothing is complete for these tables and seeds")
    level = [f"{short(np.mean([r['auc'] for r in runs]))} / {short(np.mean([r['log_loss'] for r in runs]))}" for runs in usual]
    head = ["changed", "option", "AUC", "log loss", *options.tables]
    what = f"Changes in units of 0.0001, AUC and log loss, means of {options.seeds} splits; ± the standard error over splits:"
    return [what, "", *markdown(head, [["nothing: the figures themselves", "", "", "", *level]] + rows)]


def write(options, lines):
    if not options.doc:
        print("\n".join(lines))
        return
    with open(options.doc, encoding="utf-8") as file:
        page = file.read()
    begin, end = (f"<!-- recipe.py {options.what}: {mark} -->" for mark in ("begin", "end"))
    if begin not in page or end not in page:
        sys.exit(f"recipe.py: {options.doc} lacks the marks {begin} and {end}")
    before, rest = page.split(begin)
    with open(options.doc, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n" + "\n".join(lines) + f"{end}{rest.split(end)[1]}")


# ---------------------------------------------------------------- the command line

def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="See the head of this file for examples.")
    parser.add_argument("what", choices=["final", "quick", "ablation"])
    parser.add_argument("--data", required=True, metavar="DIR", help="the folder of tables")
    parser.add_argument("--work", default="recipe-results", metavar="DIR", help="where results are kept [%(default)s]")
    parser.add_argument("--program", default=os.path.join(TOP, "colonnade"), metavar="FILE", help="the program [%(default)s]")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds, or splits, from 1 on [%(default)s]")
    parser.add_argument("--peer-seeds", type=int, metavar="N", help="... of the other tools [as many]")
    parser.add_argument("--only", metavar="TABLE[,...]", help="these tables")
    parser.add_argument("--tools", metavar="TOOL[,...]", 
                        help="final, quick: these tools, of " + ", ".join([*OURS, *PEERS]))
    parser.add_argument("--try", action="append", dest="tries", metavar="OPTIONS", default=[],
                        help="ablation: this variant in place of the parts")
    parser.add_argument("--base", default="", metavar="OPTIONS", help="ablation: of all runs, of the default too")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="start no run after so many seconds")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of a run [as many as allowed]")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="ablation: runs at a time [%(default)s]")
    parser.add_argument("--untimed", action="store_true", help="keep no times")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    parser.add_argument("--doc", metavar="FILE", help="write the tables between their marks in this page")
    options = parser.parse_args()
    options.missing = False
    options.tables = options.only.split(",") if options.only else [table for table in TABLES if table not in LARGE]
    for table in options.tables:
        if table and table not in TABLES and os.path.isdir(os.path.join(options.data, table)):
            TABLES[table] = OTHER
            if OTHER[0] not in read_part(options, table, "train")[0]:
                parser.error(f'{table} has no column "{OTHER[0]}"')
        if table not in TABLES:
            parser.error(f"{table} is none of {', '.join(TABLES)}")
    return options


def choose_tools(options):
    usual = ["ours", *PEERS] if options.what == "final" else ["quick", "sklearn"]
    asked = options.tools.split(",") if options.tools else usual
    options.peers = find_peers(asked)
    return [tool for tool in asked if tool in OURS or tool in options.peers]


def main():
    options = parse()
    options.program = os.path.abspath(options.program)
    options.digest = digest(options.program)
    store = Store(options.work)
    if options.what == "ablation":
        variants = {text: "tried" for text in options.tries} or PARTS
        if not options.show:
            measure_splits(options, store, variants)
        write(options, ablation_text(options, store, variants))
        return options.missing
    tools = choose_tools(options)
    if not options.show:
        measure_tests(options, store, tools)
    write(options, tests_text(options, store, tools))
    return options.missing


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
