#!/bin/bash
# SPDX-License-Identifier: MIT
# k-fold cross-validation on a Slurm cluster: a job for each fold, and one that puts their results together.
#
#   array=$(sbatch --parsable --array=1-5 scripts/batch/slurm-crossval.sh DATA FOLDER [options of colonnade crossval ...])
#   sbatch --dependency=afterok:"$array" scripts/batch/slurm-crossval.sh DATA FOLDER [the same options]
#
# Another number of folds: --array=1-10 and --folds 10 among the options; with --repeats 3, too, --array=1-30.  --array=1-30%4 runs
# four at a time.  FOLDER gets the folds' files, predictions.csv and crossval.json; the log of the second job,
# colonnade-crossval-JOBID.log, has the table.  A fold that is there is not done again, so that after a failure the same two lines
# do what is missing.  A fold has no checkpoint: --time must do for one, and one that is stopped begins anew, ten times at most.
# Variables: COLONNADE, the program (default: the one on the PATH).  doc/cluster.md has the reasons.

#SBATCH --job-name=colonnade-crossval
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
# CPUs are cores, not hyperthreads, of which two share a core's arithmetic.
#SBATCH --hint=nomultithread
#SBATCH --mem=8G
#SBATCH --time=04:00:00
# %j is a number of its own for every fold; what was requeued goes on in the same file.
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=USR1@60
set -u

if [ $# -lt 2 ]; then
	echo "usage: sbatch [--array=1-FOLDS] $0 DATA FOLDER [options of colonnade crossval ...]" >&2
	exit 2
fi
: "${SLURM_JOB_ID:?this is a job script: give it to sbatch}"
colonnade=${COLONNADE:-colonnade}

# ---- The same lines stand in every script for Slurm, which runs a copy of the script alone: nothing lies beside it to be sourced.
# An element of an array by its own name: one of them has the number of the whole array as SLURM_JOB_ID.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
# As many threads as the task has cores, each on one of its own, neighbours first.  Only if the job's CPUs are all that it may use
# (nproc tells): where nobody keeps jobs apart, two of them would bind to the same cores.
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
smt=$(cat /sys/devices/system/cpu/smt/active 2> /dev/null || echo 0)
if [ "$(env -u OMP_NUM_THREADS nproc)" -le $((OMP_NUM_THREADS * (1 + smt))) ]; then
	export OMP_PLACES=cores OMP_PROC_BIND=close
fi
# What does not fit in memory goes through scratch files in TMPDIR: on a disk of the node, if the cluster names one to each job.
[ -z "${SLURM_TMPDIR:-}" ] || export TMPDIR=$SLURM_TMPDIR
# What is left of the time limit: the program ends before it, the earlier the longer its checkpoints take to write.
end=$(SLURM_TIME_FORMAT=%s squeue --noheader --jobs="$job" --format=%e)
now=$(date +%s)
limit=none
[[ ! $end =~ ^[0-9]+$ ]] || limit=$((end > now ? end - now : 1))s
# step [OPTIONS OF srun] PROGRAM ARGUMENTS: ends the script with its exit code.  75 says that it stopped early with a checkpoint:
# the job goes back into the queue, unless somebody has cancelled it.  srun takes --cpus-per-task over from sbatch only before
# Slurm 22.05 and from 23.11 on.
step() {
	echo "job $job on $(hostname), $OMP_NUM_THREADS threads, start ${SLURM_RESTART_COUNT:-0}, time limit $limit: $*"
	srun --cpus-per-task="$OMP_NUM_THREADS" "$@"
	local code=$?
	if [ "$code" -eq 75 ] && [ "$(squeue --noheader --jobs="$job" --format=%T)" != COMPLETING ]; then
		scontrol requeue "$job" # the last act: it ends the script
	fi
	exit "$code"
}
# ----

data=$1 folder=$2
shift 2
if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
	step "$colonnade" crossval "$data" --out "$folder" --merge "$@"
fi
if [ "${SLURM_RESTART_COUNT:-0}" -ge 10 ]; then
	echo "fold $SLURM_ARRAY_TASK_ID was stopped ten times: it needs more time than the job has (sbatch --time)" >&2
	exit 1
fi
step "$colonnade" crossval "$data" --out "$folder" --fold "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_MAX" --progress lines "$@"
