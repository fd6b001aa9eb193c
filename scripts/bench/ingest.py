#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast files are read into tables, beside the readers of pandas and XGBoost where these are installed.

    scripts/bench/ingest.py                  three rounds on a million rows, a minute on two cores, and the page's tables
    scripts/bench/ingest.py --rounds 1       one round; files are made by the first run and kept
    scripts/bench/ingest.py --rows 100000    smaller files

Needs a built program (--program, default ./colonnade) with libcolonnade.a beside it, and a C compiler.  The files lie in --work
(default ingest-files/ in the current folder): gen_csv's rows as CSV, the same compressed by gzip -1, as LibSVM text and as a
float32 .npy file.  They are read once before the first round, so that all come from memory.  Each round measures everybody in turn,
ours before and after the others; peers are a process a round, in which XGBoost reads twice.  Figures are medians.
"""
import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


# ---------------------------------------------------------------- peers, in a process of their own

def clocked(read):
    start = time.perf_counter()
    read()
    return time.perf_counter() - start


def measure_peers(path):
    """The seconds of each reader that can be imported, by name, and its version."""
    seconds, versions = {}, {}
    try:
        import numpy
        import pandas
        versions["pandas"] = pandas.__version__
        seconds["pandas `read_csv(dtype=float32)`"] = clocked(lambda: pandas.read_csv(path, dtype=numpy.float32))
        seconds["pandas `read_csv` without a type"] = clocked(lambda: pandas.read_csv(path))
    except ImportError:
        pass
    try:
        import xgboost
        versions["XGBoost"] = xgboost.__version__
        uri = without_header(path) + "?format=csv&label_column=0"
        for when in "first", "second":
            seconds[f"XGBoost `DMatrix` of CSV, {when} in its process"] = clocked(lambda: xgboost.DMatrix(uri))
    except ImportError:
        pass
    return {"seconds": seconds, "versions": versions}


# ---------------------------------------------------------------- files

def without_header(path):
    return path + ".rows"


def make_files(options):
    """The four forms of the table, and the rows without the header that XGBoost wants; those that are there are kept."""
    csv = os.path.join(options.work, f"rows-{options.rows}.csv")
    forms = {"csv": csv, "gz": csv + ".gz", "libsvm": csv + ".svm", "npy": csv + ".npy"}
    if not os.path.exists(csv):
        subprocess.run([options.tools["gen_csv"], csv + ".part", str(options.rows)], check=True)
        os.rename(csv + ".part", csv)
    if not os.path.exists(forms["gz"]):
        with open(forms["gz"], "wb") as out:
            subprocess.run(["gzip", "-1", "-c", csv], stdout=out, check=True)
    if not all(os.path.exists(path) for path in (forms["libsvm"], forms["npy"], without_header(csv))):
        write_forms(csv, forms)
    return forms


def write_forms(csv, forms):
    with open(csv, encoding="ascii") as rows, open(forms["libsvm"], "w", encoding="ascii") as libsvm, \
            open(forms["npy"], "wb") as npy, open(without_header(csv), "w", encoding="ascii") as bare:
        n_columns, n_rows = next(rows).count(",") + 1, 0
        packer, form = struct.Struct(f"<{n_columns}f"), " ".join(f"{i}:%s" for i in range(1, n_columns))
        npy.write(bytes(128))  # of the header, when the rows have been counted
        for n_rows, row in enumerate(rows, 1):
            cells = row.rstrip("\n").split(",")
            bare.write(row)
            libsvm.write(cells[0] + " " + form % tuple(cells[1:]) + "\n")
            npy.write(packer.pack(*map(float, cells)))
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({n_rows}, {n_columns}), }}"
        npy.seek(0)
        npy.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.ljust(117).encode("ascii") + b"\n")


def build_tools(options):
    """gen_csv and read_table, compiled anew where the library is newer."""
    library = os.path.join(os.path.dirname(os.path.abspath(options.program)), "libcolonnade.a")
    if not os.path.exists(library):
        sys.exit(f"ingest.py: there is no {library}: build it, or name the program beside it with --program")
    options.tools = {}
    for name, more in ("gen_csv", ["-lm"]), ("read_table", [library, "-fopenmp", "-lz", "-lm"]):
        options.tools[name] = os.path.join(options.work, name)
        source = os.path.join(HERE, name + ".c")
        subprocess.run([*os.environ.get("CC", "cc").split(), "-O2", "-I", os.path.join(TOP, "include"), source,
                        "-o", options.tools[name], *more], check=True)


# ---------------------------------------------------------------- rounds

def run_tool(options, *arguments):
    result = subprocess.run([options.tools["read_table"], *arguments], stdout=subprocess.PIPE, check=True)
    return float(result.stdout.split()[0])


def measure_round(options, forms, seconds):
    """Adds one more measurement to each list of `seconds`; returns the peers' versions."""
    def note(name, value):
        seconds.setdefault(name, []).append(value)
    for name in "csv", "gz":
        note(name, run_tool(options, forms[name], options.threads))
    note("zlib", run_tool(options, "--inflate", forms["gz"]))
    result = subprocess.run([options.python, os.path.abspath(__file__), "--peers", forms["csv"]], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=True, env={**os.environ, "OMP_NUM_THREADS": options.threads})
    peers = json.loads(result.stdout.splitlines()[-1])
    for name, value in peers["seconds"].items():
        note(name, value)
    for name in forms:
        note(name, run_tool(options, forms[name], options.threads))
    note("zlib", run_tool(options, "--inflate", forms["gz"]))
    return peers["versions"]


def tables(options, forms, seconds, versions):
    median = {name: statistics.median(values) for name, values in seconds.items()}
    size = {name: os.path.getsize(path) for name, path in forms.items()}
    doctor = json.loads(subprocess.run([options.program, "doctor", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    others = ", ".join(f"{name} {version}" for name, version in versions.items()) or "no other reader"
    yield (f"`scripts/bench/ingest.py`, {time.strftime('%Y-%m-%d')}: {options.rows:,} rows of 29 numbers with six decimals, "
           f"{size['csv'] / 1e6:.0f} MB, {options.threads} threads, {doctor['cpu']}; {others}; {options.rounds} rounds.")
    yield ""
    yield "| reader of CSV | seconds | MB/s | Colonnade is faster by |"
    yield "|---|---|---|---|"
    for name in ["csv", *(name for name in median if name.startswith(("pandas", "XGBoost")))]:
        ratio = f"{median[name] / median['csv']:.1f}" if name != "csv" else ""
        yield (f"| {'Colonnade' if name == 'csv' else name} | {median[name]:.3f} | {size['csv'] / median[name] / 1e6:.0f} | "
               f"{ratio} |")
    yield ""
    yield "| the same rows, read by Colonnade | MB | seconds | MB/s |"
    yield "|---|---|---|---|"
    names = {"csv": "CSV", "gz": "CSV by `gzip -1`", "zlib": "the same through zlib alone", "libsvm": "LibSVM text",
             "npy": "`.npy`"}
    for name, called in names.items():
        bytes_ = size["gz" if name == "zlib" else name]
        yield f"| {called} | {bytes_ / 1e6:.0f} | {median[name]:.3f} | {bytes_ / median[name] / 1e6:.0f} |"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="./colonnade", help="the program (default: ./colonnade)")
    parser.add_argument("--work", default="ingest-files", help="folder of the files that are read (default: ingest-files)")
    parser.add_argument("--rows", type=int, default=1000000, help="rows of each file (default: 1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--threads", default="2", help="threads of ours and of XGBoost (default: 2)")
    parser.add_argument("--peers", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
    return options


def main():
    options = parse()
    if options.peers:
        print(json.dumps(measure_peers(options.peers)))
        return
    os.makedirs(options.work, exist_ok=True)
    build_tools(options)
    forms, seconds, versions = make_files(options), {}, {}
    for name in forms:
        run_tool(options, forms[name], options.threads)
    for _ in range(options.rounds):
        versions = measure_round(options, forms, seconds)
    print("\n".join(tables(options, forms, seconds, versions)))


if __name__ == "__main__":
    main()
