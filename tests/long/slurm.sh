#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/batch/slurm.sh under a real Slurm of one node with 3 CPUs: the job trains, its threads are those of the allocation, and
# its model is that of a run outside; a job that gets the signal goes back into the queue and on from its checkpoint.  Skipped (77)
# where there is no Slurm or no root.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
export COLONNADE=${COLONNADE:-$top/colonnade}
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
	cat "$work"/*.log 2> /dev/null || true
	exit 1
}

unset OMP_NUM_THREADS
"$top/tests/long/mini_slurm.sh" start "$work/slurm" 3 > "$work/environment"
# shellcheck disable=SC1091 # written by mini_slurm.sh
. "$work/environment"
head -n 2001 "$top/examples/adult.csv" > "$work/data.csv"

cd "$work"
job=$(sbatch --parsable --cpus-per-task=3 --mem=0 --time=5 "$top/scripts/batch/slurm.sh" data.csv --recipe plain --epochs 3 \
	--dropout 0.1)
await_end() { # JOB
	for _ in $(seq 1200); do
		state=$(scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p')
		case $state in
		PENDING | RUNNING | CONFIGURING | COMPLETING | REQUEUED) sleep 0.5 ;;
		*) break ;;
		esac
	done
}
await_end "$job"
[ "$state" = COMPLETED ] || fail "the job ended as $state"
grep -q "job $job on .*, 3 threads" "colonnade-$job.log" || fail "the log does not tell of 3 threads"
grep -q '"threads_allowed": *3' "colonnade-run-$job/run.json" || fail "run.json does not tell of 3 threads"

# The signal comes as Slurm sends it before a time limit: to the step.
long=(--recipe plain --epochs 3000 --patience 0 --dropout 0.1 --hidden "64,32")
requeued=$(sbatch --parsable --cpus-per-task=3 --mem=0 --time=5 "$top/scripts/batch/slurm.sh" data.csv "${long[@]}")
for _ in $(seq 2400); do
	if [ -s "colonnade-run-$requeued/metrics.jsonl" ]; then break; fi
	sleep 0.25
done
scancel --signal=USR1 "$requeued"
await_end "$requeued"
[ "$state" = COMPLETED ] || fail "the requeued job ended as $state"
log=colonnade-$requeued.log
grep -q 'stopped by SIGUSR1' "$log" || fail "the log does not tell of the signal"
grep -q 'start 1: data.csv' "$log" || fail "the log does not tell of a second start"
grep -q 'goes on in epoch' "$log" || fail "the log does not tell that the run goes on"

unset SLURM_CONF
OMP_NUM_THREADS=2 "$COLONNADE" train data.csv --out outside --epochs 3 --dropout 0.1 --progress none
cmp outside/model.safetensors "colonnade-run-$job/model.safetensors" || fail "the model differs from that of a run outside"
OMP_NUM_THREADS=2 "$COLONNADE" train data.csv --out whole "${long[@]}" --progress none
cmp whole/model.safetensors "colonnade-run-$requeued/model.safetensors" || fail "the requeued job has another model"
echo "ok: jobs $job and $requeued"
