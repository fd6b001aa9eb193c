#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The numbers that tests/test_measures.c compares with are still what scikit-learn says: to 1e-12, beside a number near 1.
set -eu
data=${top_srcdir:?}/tests/data
for python in python3 /usr/bin/python3 ''; do
  [ -z "$python" ] || ! "$python" -c 'import sklearn' 2>/dev/null || break
done
if [ -z "$python" ]; then
  echo "skipped: there is no python3 with scikit-learn (python3-sklearn)"
  exit 77
fi
"$python" - "$data" <<'PYTHON'
import pathlib
import subprocess
import sys

data = pathlib.Path(sys.argv[1])
kept = (data / "metrics_sklearn.txt").read_text().split("\n")
command = [sys.executable, data / "metrics_sklearn.py"]
made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")


def same(a, b):
    try:
        return abs(float(a) - float(b)) <= 1e-12 * max(1, abs(float(b)))
    except ValueError:
        return a == b


bad = [(a, b) for a, b in zip(kept, made) if len(a.split()) != len(b.split()) or not all(map(same, a.split(), b.split()))]
if len(kept) != len(made) or bad:
    sys.exit(f"{len(kept)} lines are kept, {len(made)} made; those that differ begin with {bad[:3]}")
print(f"{len(kept)} lines are the same")
PYTHON
