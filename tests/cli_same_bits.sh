#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One training, one model file, to the byte: for 1, 2, 3, 5 and 8 threads and every instruction set of this CPU, with dropout and
# Adam, and 257 rows in 65 blocks, so that 8 threads are used.  SAME_BITS_ROWS=N takes N rows, or "all" of them,
# else 4000 rows.
# The last line of output is the hash, to be compared between builds.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
colonnade=${COLONNADE:-$top/colonnade}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Isolated from the caller's choice: this test makes its own.
unset COLONNADE_ISA OMP_NUM_THREADS
data=$work/data.csv
if [ "${SAME_BITS_ROWS:-4000}" = all ]; then
	cp "$top/examples/adult.csv" "$data"
	epochs=3
else
	head -n "$((${SAME_BITS_ROWS:-4000} + 1))" "$top/examples/adult.csv" > "$data"
	epochs=4
fi

# Everything that the plain recipe can, and the default one, which has what the plain one has not: embeddings, values of levels,
# input factors, a start from the data, members that leave out folds; small networks that decide whether there are bins.  Others
# select columns, of a table that has more.
plain=(--recipe plain --epochs "$epochs" --batch-size 257 --block-size 4 --hidden "96,48" --dropout 0.2 --optimizer adam
	--activation gelu)
default=(--recipe default --one-hot-levels 6 --epochs 1 --batch-size 257 --block-size 33 --hidden "40,24"
	--calibrate temperature)

# And what neither has: bins, and an alpha a unit; teams of threads on several blocks, and a batch that is one.
learnt=(--recipe default --epochs 2 --ensemble 2 --batch-size 257 --block-size 33 --hidden "40,24" --embedding both --bins 20
	--parametric-activation --activation mish)
at_once=(--recipe plain --epochs 2 --batch-size 200 --block-size 200 --hidden "40,24" --embedding piecewise
	--parametric-activation)

wide=$work/wide.csv
head -n 1501 "$top/examples/adult.csv" | awk -F, -v copies=3 -f "$top/tests/beside_noise.awk" > "$wide"
selected=(--recipe default --epochs 4 --batch-size 257 --hidden 16)

# hash_of SEED NAME=VALUE...: the hash of the model that `options` give in this environment
hash_of() {
	local seed=$1
	shift
	rm -rf "$work/run"
	env "$@" "$colonnade" train "$data" --out "$work/run" "${options[@]}" --seed "$seed" --progress none \
		> "$work/output" 2>&1 ||
		{ cat "$work/output" >&2; return 1; }
	sha256sum < "$work/run/model.safetensors" | cut -d ' ' -f 1
}

failures=0
compare() { # NAME=VALUE...
	local got
	got=$(hash_of 7 "$@")
	if [ "$got" = "$expected" ]; then
		echo "same: $*"
	else
		echo "DIFFERENT: $* gives $got, one thread $expected (${options[*]})"
		failures=$((failures + 1))
	fi
}

isas=$("$colonnade" doctor | sed -n 's/^instruction sets *\(.*\); in use.*/\1/p' | tr ',' '\n' | grep -v 'not on this CPU')
[ -n "$isas" ] || { echo "doctor names no instruction set"; exit 1; }

# All of them; leaves the hash in `expected`.
compare_all() {
	expected=$(hash_of 7 OMP_NUM_THREADS=1)
	for threads in 2 3 5 8; do
		compare "OMP_NUM_THREADS=$threads"
	done
	compare OMP_NUM_THREADS=2 OMP_PROC_BIND=close OMP_PLACES=cores
	for isa in $isas; do
		compare "COLONNADE_ISA=$isa" OMP_NUM_THREADS=3
	done
	# Another seed gives another model, so that the hash tells models apart.
	if [ "$(hash_of 8 OMP_NUM_THREADS=1)" = "$expected" ]; then
		echo "SAME: seeds 7 and 8 (${options[*]})"
		failures=$((failures + 1))
	fi
}

options=("${plain[@]}")
compare_all
of_plain=$expected
options=("${default[@]}")
compare_all
of_default=$expected
options=("${learnt[@]}")
compare_all
of_learnt=$expected
options=("${at_once[@]}")
compare_all
of_at_once=$expected
options=("${selected[@]}")
data=$wide
compare_all
grep -q ' columns are left out ' "$work/output" || { echo "no columns were selected"; exit 1; }
[ "$failures" -eq 0 ] || exit 1
echo "$of_plain $of_default $of_learnt $of_at_once $expected" | sha256sum | cut -d ' ' -f 1
