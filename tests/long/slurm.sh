#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scripts of scripts/batch for Slurm under a real Slurm of two nodes with 3 CPUs each: the one-node script trains Adult with the
# threads of the allocation, and its model is that of a run outside; a job that is stopped twenty times, by the signal before the
# time limit or pre-empted by another job, goes back into the queue each time and ends with the bytes of a run never stopped; five
# folds of an array and the job that merges them are crossval; jobs of an array that share a search find what one finds; ranks on
# two nodes train the model of one process.  Skipped (77) where there is no Slurm or no root.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
export COLONNADE=${COLONNADE:-$top/colonnade}
mpi=${COLONNADE_MPI:-$(dirname "$COLONNADE")/colonnade-mpi}
batch=$top/scripts/batch
for program in slurmctld slurmd munged sbatch srun; do
	command -v "$program" > /dev/null || { echo "skipped: there is no $program"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "skipped: starting Slurm needs root"; exit 77; }

work=$(mktemp -d)
chmod 755 "$work"
finish() {
	"$top/tests/long/mini_slurm.sh" stop "$work/slurm"
	rm -rf "$work"
}
trap finish EXIT
fail() {
	echo "failed: $*"
	tail -n 40 "$work"/*.log 2> /dev/null || true
	exit 1
}

unset OMP_NUM_THREADS
"$top/tests/long/mini_slurm.sh" start "$work/slurm" 3 2 > "$work/environment"
# shellcheck disable=SC1091 # written by mini_slurm.sh
. "$work/environment"
cp "$top/examples/adult.csv" "$work/adult.csv"
head -n 2001 "$work/adult.csv" > "$work/data.csv"
cd "$work"

# ---------------------------------------------------------------- waiting for jobs

await() { # WHAT COMMAND ...: until it succeeds, for two minutes
	local what=$1
	shift
	for _ in $(seq 600); do
		if "$@"; then return 0; fi
		sleep 0.2
	done
	fail "waited in vain: $what"
}
state() { # JOB: COMPLETED, ... of all elements of an array
	scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | sort -u | xargs
}
ended() { # JOB
	case $(state "$1") in *PENDING* | *RUNNING* | *CONFIGURING* | *COMPLETING* | *REQUEUED*) return 1 ;; esac
}
completed() { # JOB
	await "end of job $1" ended "$1"
	[ "$(state "$1")" = COMPLETED ] || fail "job $1 ended as $(state "$1")"
}
lines() { if [ -e "$1" ]; then wc -l < "$1"; else echo 0; fi; } # FILE
stops() { [ "$(grep -c 'stopped by SIG' "$2")" -eq "$1" ]; }    # COUNT LOG
longer() { [ "$(lines "$1")" -gt "$2" ]; }                     # FILE LINES

# ---------------------------------------------------------------- jobs that the other ones run beside, on the second node

small=(--cpus-per-task=1 --mem=0 --nodelist=n2)
# A first signal and a last epoch are not known before: the number of epochs is in a file.
options() { printf '%s\n' 'recipe = plain' 'hidden = 64,32' 'dropout = 0.1' 'patience = 0' "epochs = $1" > train.conf; }
options 1000000
stopped=$(sbatch --parsable --cpus-per-task=3 --mem=0 --time=30 --nodelist=n1 "$batch/slurm.sh" data.csv --config train.conf)

adult=(--recipe plain --epochs 3 --dropout 0.1)
one=$(sbatch --parsable --cpus-per-task=3 --mem=0 --time=5 --nodelist=n2 "$batch/slurm.sh" adult.csv "${adult[@]}")

folds=(--recipe plain --hidden 16 --epochs 4 --folds 5)
array=$(sbatch --parsable "${small[@]}" --time=5 --array=1-5 "$batch/slurm-crossval.sh" data.csv folds "${folds[@]}")
merge=$(sbatch --parsable "${small[@]}" --time=5 --dependency=afterok:"$array" "$batch/slurm-crossval.sh" data.csv folds \
	"${folds[@]}")

# An element that is stopped goes back into the queue, and no other one: of the folds of this array each could run for hours.
endless=$(sbatch --parsable "${small[@]}" --time=5 --array=1-2 "$batch/slurm-crossval.sh" data.csv endless --recipe plain \
	--hidden 16 --epochs 1000000 --patience 0 --folds 2)

search=
if "$COLONNADE" search --help > /dev/null 2>&1; then
	trials=(--recipe plain --strategy random --trials 6 --hidden 16 --epochs 4)
	search=$(sbatch --parsable "${small[@]}" --time=5 --array=1-3 "$batch/slurm-search.sh" data.csv search "${trials[@]}")
	refit=$(sbatch --parsable "${small[@]}" --time=5 --dependency=afterok:"$search" "$batch/slurm-search.sh" data.csv search \
		"${trials[@]}")
fi

# ---------------------------------------------------------------- stopped twenty times

log=colonnade-$stopped.log
metrics=colonnade-run-$stopped/metrics.jsonl
before=0
for count in $(seq 20); do
	await "epochs of start $((count - 1))" longer "$metrics" $((before + 2))
	if [ $((count % 5)) -eq 0 ]; then
		sbatch --partition=high --nodelist=n1 --cpus-per-task=3 --mem=0 --output=/dev/null --wrap true > /dev/null
	else
		scancel --signal=USR1 "$stopped" # to the step, as before the time limit
	fi
	if [ "$count" -eq 20 ]; then
		await "the last stop" stops 20 "$log"
		options $(($(lines "$metrics") + 50)) # for the last start, which is some seconds away
	fi
	await "start $count" grep -q "start $count, time limit [0-9]*s: " "$log"
	before=$(lines "$metrics")
done
completed "$stopped"
expected="$(printf 'SIGUSR1\n%.0s' {1..16})"$'\n'"$(printf 'SIGTERM\n%.0s' {1..4})"
[ "$(sed -n 's/.*stopped by \(SIG[A-Z0-9]*\) .*/\1/p' "$log" | sort -r)" = "$expected" ] || fail "the log tells of other signals"

# ---------------------------------------------------------------- what the others have done

completed "$one"
grep -q "job $one on .*, 3 threads" "colonnade-$one.log" || fail "the log does not tell of 3 threads"
grep -q '"threads_allowed": *3' "colonnade-run-$one/run.json" || fail "run.json does not tell of 3 threads"
completed "$array"
completed "$merge"
[ "$(grep -l 'AUC  .* to ' colonnade-crossval-*.log)" = "colonnade-crossval-$merge.log" ] ||
	fail "the merging job's log has no table"

# The element whose job number is that of the array is the last; the other one waits for its CPU or runs on.
await "the second fold" grep -q "job ${endless}_2 on .*, start 0" colonnade-crossval-*.log
await "the data" grep -q 'the label is' "$(grep -l "job ${endless}_2 on" colonnade-crossval-*.log)" # signals are heeded from there
scancel --signal=USR1 "${endless}_2"
await "its second start" grep -q "job ${endless}_2 on .*, start 1" colonnade-crossval-*.log
! grep -q "job ${endless}_1 on .*, start 1" colonnade-crossval-*.log || fail "the whole array was requeued"
# Cancelled is cancelled.
scancel "$endless"
await "end of array $endless" ended "$endless"
sleep 8 # as long as what is requeued waits
[ "$(state "$endless")" = CANCELLED ] || fail "a cancelled array is $(state "$endless")"

if [ -n "$search" ]; then
	completed "$search"
	completed "$refit"
fi

# ---------------------------------------------------------------- ranks on two nodes

ranks=
if [ -x "$mpi" ]; then
	# Open MPI's ranks cannot be on two nodes that are one machine: pmix would make one folder twice.
	place=(--nodes=2 --ntasks-per-node=1) type=pmi2
	if ldd "$mpi" | grep -q libmpi.so; then
		place=(--nodes=1 --ntasks-per-node=2 --ntasks-per-socket=2) type=pmix
	fi
	sed 's/^epochs .*/epochs = 1000000/; s/^hidden .*/hidden = 128,128/' train.conf > ranks.conf
	echo 'batch-size = 512' >> ranks.conf
	ranks=$(SLURM_MPI_TYPE=$type COLONNADE=$mpi sbatch --parsable "${place[@]}" --cpus-per-task=1 --time=5 \
		"$batch/slurm-mpi.sh" data.csv --config ranks.conf)
	metrics=colonnade-run-$ranks/metrics.jsonl
	await "epochs of several ranks" longer "$metrics" 3
	scancel --signal=USR1 "$ranks"
	await "their stop" stops 1 "colonnade-mpi-$ranks.log"
	sed -i "s/^epochs .*/epochs = $(($(lines "$metrics") + 50))/" ranks.conf
	completed "$ranks"
	grep -q "start 1, time limit" "colonnade-mpi-$ranks.log" || fail "the ranks were not started again"
	[ "$(grep -c '2 ranks share every mini-batch' "colonnade-mpi-$ranks.log")" -eq 2 ] ||
		fail "the log does not tell of 2 ranks"
fi

# ---------------------------------------------------------------- the same without Slurm

unset SLURM_CONF
export OMP_NUM_THREADS=2
same() { # OUTSIDE INSIDE
	cmp "$1" "$2" || fail "$2 is not what a run outside gives"
}
"$COLONNADE" train data.csv --config train.conf --out whole --progress none
same whole/model.safetensors "colonnade-run-$stopped/model.safetensors"
"$COLONNADE" train adult.csv --out adult "${adult[@]}" --progress none
same adult/model.safetensors "colonnade-run-$one/model.safetensors"
"$COLONNADE" crossval data.csv --out whole-folds "${folds[@]}" --progress none > /dev/null
for file in crossval.json predictions.csv; do same whole-folds/$file folds/$file; done
if [ -n "$search" ]; then
	"$COLONNADE" search data.csv --out whole-search "${trials[@]}" --progress none > /dev/null
	for file in best.conf best/model.safetensors; do same whole-search/$file search/$file; done
fi
if [ -n "$ranks" ]; then
	"$COLONNADE" train data.csv --config ranks.conf --out one --progress none
	same one/model.safetensors "colonnade-run-$ranks/model.safetensors"
fi
[ -n "$search" ] || echo "not tried: search (this program has none)"
[ -n "$ranks" ] || echo "not tried: several nodes (there is no $mpi)"
echo "ok: stopped and requeued 20 times"
