#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# colonnade-mpi under mpirun: the model of one process for any number of ranks and threads; signals, kill -9, errors and exit codes.
#
#   MPIRUN="mpirun --oversubscribe" COLONNADE_MPI=.../colonnade-mpi COLONNADE=.../colonnade top_srcdir=... bash tests/mpi.sh
#
# RANKS and THREADS: what to go through ("2 3" and "1 2").  Without COLONNADE_MPI the test is skipped.
[ -n "${COLONNADE_MPI:-}" ] || exit 77
. "${top_srcdir:?}/tests/cli_testing.sh"
. "$top_srcdir/tests/cli_interrupted.sh"
read -ra mpirun <<<"${MPIRUN:-mpirun}"
read -ra all_ranks <<<"${RANKS:-2 3}"
read -ra all_threads <<<"${THREADS:-1 2}"
n_examples=0
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 TMPDIR=${TMPDIR:-/tmp}
cp "$COLONNADE_MPI" "$scratch/ranks" # under a name of its own, by which its processes are found
head -n 3001 "$examples/adult.csv" >"$scratch/data.csv"
cd "$scratch" || exit 1

# with RANKS arguments...: under mpirun; what the launcher itself says is left out of stderr's checks by their patterns.
with() {
  local ranks=$1
  shift
  timeout 120 "${mpirun[@]}" -n "$ranks" "$scratch/ranks" "$@" >stdout 2>stderr
}

# rank_pid N: the process of rank N.
rank_pid() {
  local process
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe" 2>/dev/null)" = "$scratch/ranks" ] || continue
    tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qE "^(OMPI_COMM_WORLD_RANK|PMI_RANK|PMIX_RANK)=$1\$" || continue
    basename "$process"
    return
  done
}
processes_left() {
  local process n=0
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe" 2>/dev/null)" != "$scratch/ranks" ] || n=$((n + 1))
  done
  echo $n
}

# A network whose mini-batches are worth sharing: all ranks have a part in every step.
shared=(--recipe plain --hidden "192,128" --batch-size 1024 --epochs 3 --dropout 0.1 --optimizer adam)
"$colonnade" train data.csv "${shared[@]}" --out whole --progress none 2>/dev/null
whole=$(sha whole/model.safetensors)

# ---- the same bits
for ranks in "${all_ranks[@]}"; do
  for threads in "${all_threads[@]}"; do
    with "$ranks" train data.csv "${shared[@]}" --out run --force --threads "$threads"
    equal "exit code of $ranks ranks" $? 0
    equal "model of $ranks ranks of $threads threads" "$(sha run/model.safetensors)" "$whole"
    [ "$ranks" -eq 1 ] || holds "ranks that share" "; $ranks ranks share every mini-batch" stderr
  done
done
# Clipping needs another exchange; blocks that no rank has the same number of; members side by side; one block, which nobody shares.
n=0
for options in "--clip-norm 0.1 --block-size 100" "--ensemble 2 --valid-fraction 0.25 --weight-decay 0.1" "--block-size 1024"; do
  n=$((n + 1))
  read -ra more <<<"$options"
  "$colonnade" train data.csv "${shared[@]}" "${more[@]}" --out alone --force --progress none 2>/dev/null
  with 3 train data.csv "${shared[@]}" "${more[@]}" --out run --force --progress none
  equal "model with $options" "$(sha run/model.safetensors)" "$(sha alone/model.safetensors)"
done
# untimed FILE: of metrics.jsonl, without times, in any order.
count() { if [ -e "$1" ]; then grep -c . "$1"; else echo 0; fi; }
untimed() { sed 's/"seconds".*//' "$1" | sort; }
head -n 801 data.csv >few.csv
quick=(--effort quick --epochs 2 --ensemble 4)
"$colonnade" train few.csv "${quick[@]}" --out alone --force --progress none 2>/dev/null
for ranks in "${all_ranks[@]}"; do
  with "$ranks" train few.csv "${quick[@]}" --out run --force --threads 1
  equal "model of the default recipe, $ranks ranks" "$(sha run/model.safetensors)" "$(sha alone/model.safetensors)"
  equal "epochs of the default recipe, $ranks ranks" "$(untimed run/metrics.jsonl)" "$(untimed alone/metrics.jsonl)"
  [ "$ranks" -eq 1 ] || holds "members of ranks" "; $ranks members at a time" stderr
done
# Ranks train the small networks that decide whether there are bins as they train the others.
decided=(--hidden 16 --epochs 2)
"$colonnade" train data.csv "${decided[@]}" --out alone --force --progress none 2>alone.err
with 3 train data.csv "${decided[@]}" --out run --force --threads 1 --progress none
equal "model behind small networks" "$(sha run/model.safetensors)" "$(sha alone/model.safetensors)"
holds "small networks" 'the log loss of small networks on ' stderr
equal "what small networks say" "$(grep 'small networks' stderr)" "$(grep 'small networks' alone.err)"
# Those that select columns are trained by the first rank.
head -n 1501 data.csv | awk -F, -v copies=3 -f "$top_srcdir/tests/beside_noise.awk" >wide.csv
selected=(--hidden 16 --epochs 4 --progress none)
"$colonnade" train wide.csv "${selected[@]}" --out alone --force 2>alone.err
with 3 train wide.csv "${selected[@]}" --out run --force --threads 2
equal "model of selected columns" "$(sha run/model.safetensors)" "$(sha alone/model.safetensors)"
holds "selected columns" ' columns are left out ' stderr
equal "columns" "$(grep 'left out' stderr)" "$(grep 'left out' alone.err)"
# The first member that fails is told of, whoever trained it.
failing=(--recipe plain --ensemble 4 --epochs 3 --optimizer sgd --lr 1000 --progress none)
"$colonnade" train data.csv "${failing[@]}" --out alone --force 2>alone.err
equal "exit code of members that diverge" $? 4
with 3 train data.csv "${failing[@]}" --out run --force
equal "exit code of ranks' members that diverge" $? 4
equal "message of members that diverge" "$(grep ^colonnade: stderr)" "$(grep ^colonnade: alone.err)"

# ---- predict, evaluate, crossval
"$colonnade" train data.csv --recipe plain --hidden 512,512 --epochs 1 --out wide --progress none 2>/dev/null
(cat data.csv && tail -n +2 data.csv && tail -n +2 data.csv) >more.csv
"$colonnade" predict wide more.csv >alone.csv 2>/dev/null
with 3 predict wide more.csv --threads 1 --out ranks.csv
equal "exit code of predict" $? 0
cmp alone.csv ranks.csv || fail "predict: other probabilities"
"$colonnade" evaluate wide more.csv --json >alone.json 2>/dev/null
with 2 evaluate wide more.csv --threads 1 --json
cmp alone.json stdout || fail "evaluate: other measures"
folds=(--folds 2 "${shared[@]}" --epochs 1 --progress none)
"$colonnade" crossval data.csv "${folds[@]}" --out folds-alone >/dev/null 2>&1
with 2 crossval data.csv "${folds[@]}" --out folds
cmp folds-alone/predictions.csv folds/predictions.csv || fail "crossval: other predictions"

# ---- errors: the exit code of rank 0, said once
with 2 train nosuch.csv --out none
equal "exit code of a missing table" $? 1
equal "messages of a missing table" "$(grep -c '^colonnade: cannot open nosuch.csv' stderr)" 1
with 2 train data.csv --bogus
equal "exit code of an unknown option" $? 2
sed '3s/[^,]*$/maybe/' data.csv >bad.csv
with 2 train bad.csv --out none
equal "exit code of a bad table" $? 3
with 2 train data.csv "${shared[@]}" --optimizer sgd --lr 100000 --out none --force
equal "exit code of a divergence" $? 4
with 2 predict wide data.csv --out /dev/full
equal "exit code of a full device" $? 1
with 2 tune data.csv
equal "exit code of tune" $? 2
holds tune "^colonnade: tune starts processes of its own" stderr
with 3 doctor
holds doctor "^ranks +3, with [0-9]+, [0-9]+, [0-9]+ threads" stdout
with 2 --version
equal "lines of --version" "$(wc -l <stdout)" 1

# ---- signals: a checkpoint at one step, exit code 75, and any other number of ranks ends with the same bytes
endless=(--recipe plain --hidden "192,128" --batch-size 1024 --patience 0 --dropout 0.1 --progress none --threads 1)
start() { # DIR RANKS
  rm -rf "$1"
  timeout 120 "${mpirun[@]}" -n "$2" "$scratch/ranks" train data.csv "${endless[@]}" --epochs 100000 --out "$1" >stdout 2>stderr &
  runner=$!
  await "$1/metrics.jsonl" $runner
}
for who in launcher 0 1; do
  start stopped 2
  if [ "$who" = launcher ]; then target=$(ps -o pid= --ppid $runner | head -n 1); else target=$(rank_pid "$who"); fi
  kill -USR1 "${target:-$runner}"
  wait $runner
  code=$?
  # MPICH's mpirun that was signalled itself loses the ranks' code now and then, where the machine is busy.
  [ "$who" != launcher ] || [ $code -ne 0 ] || ! "${mpirun[0]}" --version 2>&1 | grep -q HYDRA || code=75
  equal "exit code after SIGUSR1 to $who" "$code" 75
  holds "SIGUSR1 to $who" "^colonnade: stopped by SIGUSR1 in epoch [0-9]+, after step [0-9]+; stopped/checkpoint" stderr
done
# A signal that all ranks are sent is one, also where a step takes longer than two signals are apart: rank 1 is held within one.
start stopped 2
first=$(rank_pid 0)
second=$(rank_pid 1)
kill -STOP "$second"
sleep 0.3 # the first one waits for it by now
kill -USR1 "$first"
sleep 0.3
kill -USR1 "$second"
kill -CONT "$second"
wait $runner
equal "exit code after SIGUSR1 to both ranks" $? 75
holds "SIGUSR1 to both ranks" "^colonnade: stopped by SIGUSR1 in epoch [0-9]+, after step [0-9]+; stopped/checkpoint" stderr
epochs=$(($(wc -l <stopped/metrics.jsonl) + 2))
with 3 train data.csv "${endless[@]}" --epochs $epochs --out stopped --resume
equal "exit code of --resume" $? 0
"$colonnade" train data.csv "${endless[@]}" --epochs $epochs --out unstopped 2>/dev/null
equal "model of a run gone on with by more ranks" "$(sha stopped/model.safetensors)" "$(sha unstopped/model.safetensors)"

# Members of an ensemble, stopped at a rank that trains one, killed, and ended by one process.
members=(--effort quick --ensemble 4 --epochs 200 --patience 0 --progress none --checkpoint-every 50ms --threads 1)
"$colonnade" train few.csv "${members[@]}" --out ended 2>/dev/null
for who in 1 0; do
  timeout 120 "${mpirun[@]}" -n 3 "$scratch/ranks" train few.csv "${members[@]}" --out cut --resume=auto >stdout 2>stderr &
  runner=$!
  lines=$(count cut/metrics.jsonl)
  until [ "$(count cut/metrics.jsonl)" -gt $((lines + 4)) ] || ! kill -0 $runner 2>/dev/null; do sleep 0.02; done
  signal=USR1
  [ $who -eq 1 ] || signal=KILL
  kill -$signal "$(rank_pid $who)"
  wait $runner
  code=$?
  [ $who -eq 0 ] || equal "exit code of members after SIGUSR1 to rank 1" $code 75
  [ $code -ne 0 ] || fail "the members had ended before $signal"
done
with 2 train few.csv "${members[@]}" --out cut --resume
equal "exit code of members gone on with" $? 0
equal "model of members that were cut off" "$(sha cut/model.safetensors)" "$(sha ended/model.safetensors)"
equal "epochs of members that were cut off" "$(untimed cut/metrics.jsonl)" "$(untimed ended/metrics.jsonl)"

start stopped 3
kill -TERM "$(rank_pid 2)"
wait $runner
equal "exit code after SIGTERM to rank 2" $? 75
epochs=$(($(wc -l <stopped/metrics.jsonl) + 2))
"$colonnade" train data.csv "${endless[@]}" --epochs $epochs --out stopped --resume 2>/dev/null
equal "exit code of --resume by one process" $? 0
"$colonnade" train data.csv "${endless[@]}" --epochs $epochs --out unstopped --force 2>/dev/null
equal "model of a run gone on with by one process" "$(sha stopped/model.safetensors)" "$(sha unstopped/model.safetensors)"

# ---- kill -9: nobody stays behind, and the last checkpoint is good
for victim in 0 1; do
  rm -rf killed
  timeout 120 "${mpirun[@]}" -n 2 "$scratch/ranks" train data.csv "${endless[@]}" --epochs 100000 --checkpoint-every 50ms \
    --out killed >stdout 2>stderr &
  runner=$!
  await killed/checkpoint.safetensors $runner
  kill -KILL "$(rank_pid $victim)"
  wait $runner
  code=$?
  { [ $code -ne 0 ] && [ $code -ne 75 ] && [ $code -ne 124 ]; } || fail "exit code $code after kill -9 of rank $victim"
  for _ in $(seq 100); do
    [ "$(processes_left)" -gt 0 ] || break
    sleep 0.1
  done
  equal "processes left after kill -9 of rank $victim" "$(processes_left)" 0
  epochs=$(($(wc -l <killed/metrics.jsonl) + 2))
  with 2 train data.csv "${endless[@]}" --epochs $epochs --out killed --resume
  equal "exit code of --resume after kill -9" $? 0
  "$colonnade" train data.csv "${endless[@]}" --epochs $epochs --out unstopped --force 2>/dev/null
  equal "model after kill -9 of rank $victim" "$(sha killed/model.safetensors)" "$(sha unstopped/model.safetensors)"
done
# ---- the examples of the man page, word for word, but for srun's, which wants a cluster
mkdir bin
cp "$scratch/ranks" bin/colonnade-mpi
printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v "${mpirun[0]}")" >bin/mpirun # MPICH's looks for its helpers beside itself
chmod +x bin/mpirun
while IFS= read -r line; do
  PATH=$scratch/bin:$PATH timeout 300 bash -c "$line" >stdout 2>stderr </dev/null || fail "$line: exit code $?: $(tail -n 3 stderr)"
  n_examples=$((n_examples + 1))
done < <(examples_of "$top_srcdir/doc/man/colonnade-mpi.1" | grep '^mpirun')
[ "$n_examples" -gt 0 ] || fail "colonnade-mpi(1) has no examples of mpirun"
finish
