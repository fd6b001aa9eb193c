#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a fresh clone to a trained network: installs what is missing, builds here, trains on examples/adult.csv.
# Says what it does, stops at the first error, and can be run again: each time into a new run directory.  Options are those of
# train: `scripts/quickstart.sh --effort quick` trains for a tenth of the time.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

step() { printf '\n== %s\n' "$*"; }

step "1/3 A C compiler with OpenMP, make and zlib"
install_build_packages
echo "All there: $(${CC:-cc} --version | head -n 1)"

step "2/3 Build"
if [ ! -f config.status ] || [ configure -nt config.status ]; then
	echo "./configure"
	./configure > configure.log || { tail -n 20 configure.log; exit 1; }
fi
jobs=$(nproc)
echo "make -j$jobs"
make -j"$jobs" > make.log 2>&1 || { tail -n 40 make.log; exit 1; }
./colonnade --version

step "3/3 Train on examples/adult.csv: who earned more than 50 000 dollars in 1994? A fifth of the rows is kept for the test"
run=colonnade-run-quickstart
n=1
while [ -e "$run" ]; do
	n=$((n + 1))
	run=colonnade-run-quickstart-$n
done
echo "./colonnade train examples/adult.csv --test-fraction 0.2 --out $run${*:+ $*}"
./colonnade train examples/adult.csv --test-fraction 0.2 --out "$run" "$@"

cat <<END

== Done
The metrics of the test rows, which the training never saw, are above.  In $run are
  report.html         curves, calibration, columns, options: a page for a browser
  model.safetensors   the model, with everything it needs to read new tables
  metrics.jsonl       a line for each epoch
  run.json            options, data, threads, and the final metrics
Next:
  ./colonnade predict $run examples/adult.csv | head
  ./colonnade inspect $run
END
