#!/bin/bash
# SPDX-License-Identifier: MIT
# Trains on one node of a Slurm cluster; a job that is pre-empted or comes to its time limit goes back into the queue, and on from
# its checkpoint.
#
#   sbatch scripts/batch/slurm.sh DATA [options of colonnade train ...]
#   sbatch --cpus-per-task=64 --time=12:00:00 scripts/batch/slurm.sh DATA ...     (options of sbatch override the lines below)
#
# Results are in colonnade-run-JOBID of the directory that sbatch was called in (COLONNADE_OUT changes that), the log in
# colonnade-JOBID.log beside it.  Variables: COLONNADE, the program (default: the one on the PATH).  doc/cluster.md has the reasons.

# One process with many threads: one task.  Ask for as many cores as the node has; `colonnade tune` shows what they are worth.
#SBATCH --job-name=colonnade
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=16
# CPUs are cores, not hyperthreads, of which two share a core's arithmetic.
#SBATCH --hint=nomultithread
#SBATCH --mem=8G
#SBATCH --time=04:00:00
# The log of a job that was requeued goes on in the same file.
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
# After a node failure or a pre-emption Slurm starts the job again, under the same number, so that it finds its run directory.
#SBATCH --requeue
# A minute before the time limit (Slurm may be another minute early) and, on some clusters, before a pre-emption the program gets a
# signal, writes a checkpoint and ends with 75.  As a rule it has done so by itself, by the time limit below.
#SBATCH --signal=USR1@60
set -u

if [ $# -lt 1 ]; then
	echo "usage: sbatch $0 DATA [options of colonnade train ...]" >&2
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

data=$1
shift
# Or measure first, for at most 30 seconds of the job, how many threads this table and network are worth and whether to bind them;
# give tune the network of your options:
#   eval "$(srun --cpus-per-task="$OMP_NUM_THREADS" "$colonnade" tune --shell "$data" --hidden 256,256)"
step "$colonnade" train "$data" --out "${COLONNADE_OUT:-colonnade-run-$SLURM_JOB_ID}" --resume=auto --time-limit "$limit" \
	--progress lines "$@"
