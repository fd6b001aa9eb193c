#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tune: what it measures with, that it says the same as a table and for eval, that time and cores are bounded, misuse.
. "${top_srcdir:?}/tests/cli_testing.sh"
unset OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND

net=(--inputs 2 --rows 10 --hidden "3,3" --batch-size all)

# tuned SECONDS arguments...: measures, and as a machine that does something else may need longer, for twice the time until it was
# enough.  `on` is put before the program, `to` is where its results go.
on=() to=$scratch/stdout
tuned() {
  local seconds=$1
  shift
  while :; do
    ${on[@]+"${on[@]}"} "$colonnade" tune --seconds "$seconds" "$@" >"$to" 2>"$scratch/stderr"
    code=$?
    if [ "$code" -ne 2 ] || ! grep -q 'give --seconds more' "$scratch/stderr" || [ "$seconds" -ge 1000 ]; then break; fi
    seconds=$((2 * seconds))
  done
  return "$code"
}

# ---- one thread leaves nothing to choose: the lines are known, and unset what was set before
tuned 1 --shell --threads 1 "${net[@]}"
equal "exit code with --shell" $? 0
lines=$(cat "$scratch/stdout")
holds "what is told while measuring" '^measuring 1 setting, for at most [0-9]+ s$' "$scratch/stderr"
equal "the lines for one thread" "$lines" "export OMP_NUM_THREADS=1
unset OMP_PLACES
export OMP_PROC_BIND=false"
# shellcheck disable=SC2034 # for the program that eval starts
OMP_PLACES=cores OMP_PROC_BIND=close OMP_NUM_THREADS=2
export OMP_PLACES OMP_PROC_BIND OMP_NUM_THREADS
eval "$lines"
"$colonnade" doctor --json >"$scratch/doctor"
holds "the threads of what follows eval" '"threads_allowed": 1,' "$scratch/doctor"
holds "the places of what follows eval" '"omp_places": null' "$scratch/doctor"
holds "the binding of what follows eval" '"omp_proc_bind": "false"' "$scratch/doctor"
unset OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND

# ---- units that are auto are told as those they come to
tuned 1 --threads 1 --recipe default --inputs 5 --rows 256
holds "units by the recipe" '^network   5-256-256-256-1, relu, adamw, batch 256, 256 rows$' "$scratch/stdout"

# ---- the table marks one row, and the lines below it set what that row says
tuned 2 --threads 2 "${net[@]}"
equal "exit code with a table" $? 0
holds "the network" '^network   2-3-3-1, relu, adamw, one batch, 10 rows$' "$scratch/stdout"
holds "the machine" '^machine   [0-9]+ CPUs? on [0-9]+ cores?; 2 threads allowed \(--threads\)' "$scratch/stdout"
marked=$(awk '/<- best$/ {print $1, $2, $3}' "$scratch/stdout")
equal "rows marked as best" "$(grep -c -- '<- best$' "$scratch/stdout")" 1
sed -n '/^\(export\|unset\) /p' "$scratch/stdout" >"$scratch/lines"
got=$(
  set -eu
  export OMP_PLACES=sockets
  # shellcheck source=/dev/null
  . "$scratch/lines"
  bash -c 'echo "$OMP_NUM_THREADS ${OMP_PLACES--} $OMP_PROC_BIND"'
)
equal "what the lines set" "$got" "$marked"
equal "threads measured" "$(awk '$1 ~ /^[0-9]+$/ {print $1}' "$scratch/stdout" | sort -u | tr '\n' ' ')" "1 2 "
awk '$1 == 2 && !/uses 1/ {bad = 1} END {exit bad}' "$scratch/stdout" ||
  fail "ten rows are one block, and the table does not say that two threads are one: $(cat "$scratch/stdout")"

# ---- the shape is the table's: features after encoding, rows after the split
tuned 2 "$examples/adult.csv" --threads 1 --json --hidden 4
holds "features of the table" '"inputs": 107,' "$scratch/stdout"
holds "rows of the table" '"rows": 39073,' "$scratch/stdout"
tuned 2 "$examples/adult.csv" --threads 1 --json --hidden 4 --ignore fnlwgt,education --valid-fraction 0
holds "features of fewer columns" '"inputs": 90,' "$scratch/stdout"
holds "rows of the whole table" '"rows": 48842,' "$scratch/stdout"

# ---- and so are networks, embeddings and whatever else train has; the recipe is train's
awk 'BEGIN { print "a,b,k,y"; for (i = 0; i < 400; i++) print i % 97 "," i * 59 % 211 ",k" i % 30 "," i % 3 % 2 }' \
  >"$scratch/small.csv"
of_train=("$scratch/small.csv" --one-hot-levels 8 --level-rows 5 --hidden "8,8" --bins 6 --embedding both)
"$colonnade" train "${of_train[@]}" --epochs 0 --out "$scratch/run" 2>"$scratch/train" >/dev/null
network=$(sed -n 's/^network *\([0-9-]*\), .*; an ensemble of \([0-9]*\).*/\1 \2/p' "$scratch/train")
tuned 2 --threads 2 "${of_train[@]}" --epochs 0 --out nowhere --report=false
equal "the network of train" "$(sed -n 's/^network *\([0-9-]*\), .*; \([0-9]*\) of them.*/\1 \2/p' "$scratch/stdout")" "$network"
awk '$1 == 2 && /uses 1/ {bad = 1} END {exit bad}' "$scratch/stdout" || fail "networks side by side use one of two threads"
tuned 1 --threads 1 "$scratch/small.csv" --recipe plain --hidden 8 --json
holds "one network" '"members": 1,' "$scratch/stdout"
expect 2 'it must be a single network' tune "$scratch/small.csv" --init "$scratch/run"
"$colonnade" train "${of_train[@]}" --epochs 0 --ensemble 1 --out "$scratch/one" --progress none >/dev/null 2>&1
tuned 1 --threads 1 "$scratch/small.csv" --recipe plain --init "$scratch/one" --json --valid "$scratch/small.csv"
holds "rows with a file of their own to validate" '"rows": 400,' "$scratch/stdout"
holds "the first inputs of a model to start from" "\"first_inputs\": ${network%%-*}," "$scratch/stdout"

# ---- the limits: OMP_NUM_THREADS, the affinity mask, and a first thread that OMP_PLACES has bound
OMP_NUM_THREADS=1 tuned 1 --json "${net[@]}"
holds "a limit by OMP_NUM_THREADS" '"threads_allowed": 1,' "$scratch/stdout"
holds "its name" '"threads_rule": "OMP_NUM_THREADS"' "$scratch/stdout"
if command -v taskset >/dev/null; then
  on=(taskset -c "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')")
  tuned 1 --json "${net[@]}"
  on=()
  holds "CPUs of the affinity mask" '"cpus": 1,' "$scratch/stdout"
  holds "a limit by the affinity mask" '"threads_allowed": 1,' "$scratch/stdout"
fi
cpus() { sed -n 's/^  "cpus": \([0-9]*\),/\1/p' "$scratch/stdout"; }
tuned 1 --threads 1 --json "${net[@]}"
free=$(cpus)
OMP_PLACES=threads OMP_PROC_BIND=close tuned 1 --threads 1 --json "${net[@]}"
equal "CPUs where the first thread is bound" "$(cpus)" "$free"
SLURM_CPUS_PER_TASK=1 tuned 1 --json "${net[@]}"
holds "a limit by Slurm" '"threads_rule": "(SLURM_CPUS_PER_TASK|affinity mask)"' "$scratch/stdout"
if [ "$free" -gt 1 ]; then
  holds "others may be bound there" '"may_bind": false' "$scratch/stdout"
fi

# ---- started by a process that ignores the ends of its children
if env --ignore-signal=CHLD true 2>/dev/null; then
  on=(env --ignore-signal=CHLD)
  tuned 1 --shell --threads 1 "${net[@]}"
  equal "exit code where SIGCHLD is ignored" $? 0
  on=()
fi

# ---- misuse, failures, and too little time
while IFS='|' read -r arguments text; do
  # shellcheck disable=SC2086
  expect 2 "$text" tune $arguments
  one_line
done <<LIST
--shell --json|--shell and --json cannot both be given
--threads 0|--threads: "0" is not
--seconds 0|--seconds: "0" is not
--hidden 3,x|--hidden: "3,x" is not
--epochs 3|--epochs says something about DATA, and there is none
--model x|tune has no such option
a b|one argument too many
$examples/cvd.csv --inputs 3|DATA and --inputs cannot both be given
$examples/cvd.csv --rows 3|DATA and --rows cannot both be given
--label x|--label says something about DATA, and there is none
- --config -|DATA and --config cannot both be standard input
LIST
expect 1 'cannot open' tune "$scratch/none.csv"
[ ! -s "$scratch/stdout" ] || fail "a failure prints something"
expect 3 'there is no column "nobody"' tune "$examples/cvd.csv" --label nobody
OMP_NUM_THREADS=many expect 2 'OMP_NUM_THREADS: "many" is not' tune
expect 2 'give --seconds more' tune --seconds 0.01 --shell "${net[@]}"
[ ! -s "$scratch/stdout" ] || fail "with too little time --shell prints lines"
# An epoch of this takes a minute of a core; what was computed tells whether it was ended, and a clock might tell of other programs.
TIMEFORMAT='%U %S'
{ time expect 2 'give --seconds more' tune --seconds 1 --inputs 4000 --rows 20000 --hidden 4000,4000,4000 --batch-size all 2>&3; } \
  3>&2 2>"$scratch/cpu"
awk '{exit !($1 + $2 < 20)}' "$scratch/cpu" || fail "a measurement that takes long is not ended: $(cat "$scratch/cpu") s"
to=/dev/full tuned 1 --threads 1 "${net[@]}"
equal "exit code with a full device" $? 1

finish
