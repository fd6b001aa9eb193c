#!/bin/bash
# SPDX-License-Identifier: MIT
# Trains on one node of a Slurm cluster.
#
#   sbatch scripts/batch/slurm.sh DATA [options of colonnade train ...]
#   sbatch --cpus-per-task=64 --time=12:00:00 scripts/batch/slurm.sh DATA ...     (options of sbatch override the lines below)
#
# Results are in colonnade-run-JOBID of the directory that sbatch was called in (COLONNADE_OUT changes that), the log in
# colonnade-JOBID.log beside it.  Variables: COLONNADE, the program (default: the one on the PATH).

# One process with many threads: one task.  Ask for as many cores as the node has; `colonnade tune` shows what they are worth.
#SBATCH --job-name=colonnade
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=8G
#SBATCH --time=04:00:00
# The log of a job that was requeued goes on in the same file.
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
# After a node failure or a preemption Slurm starts the job again, under the same number, so that it finds its run directory.
#SBATCH --requeue
# Two minutes before the time limit (Slurm may be up to a minute early) the program gets a signal, writes a checkpoint and ends with
# 75; the job then goes back into the queue, and goes on where it was.  Larger networks on slow file systems may want more.
#SBATCH --signal=USR1@120
set -u

if [ $# -lt 1 ]; then
	echo "usage: sbatch $0 DATA [options of colonnade train ...]" >&2
	exit 2
fi
data=$1
shift
colonnade=${COLONNADE:-colonnade}
run=${COLONNADE_OUT:-colonnade-run-${SLURM_JOB_ID:?this is a job script: give it to sbatch}}

# A requeued job may have finished just before it was taken off its node.
if [ -e "$run/model.safetensors" ] && [ ! -e "$run/checkpoint.safetensors" ]; then
	echo "$run is finished"
	exit 0
fi

# The cores that the job owns, each thread on its own, neighbours first.
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
export OMP_PLACES=cores
export OMP_PROC_BIND=close
# Or measure first, for at most 30 seconds of the job, how many threads this table and network are worth and whether to bind them;
# give tune the network of your options:
#   eval "$(srun --cpus-per-task="$OMP_NUM_THREADS" "$colonnade" tune --shell "$data" --hidden 256,256)"
# From Slurm 22.05 to 23.02 srun does not take --cpus-per-task over from sbatch: a step would get one core for all its threads.
export SRUN_CPUS_PER_TASK=$OMP_NUM_THREADS

echo "job $SLURM_JOB_ID on $(hostname), $OMP_NUM_THREADS threads, start ${SLURM_RESTART_COUNT:-0}: $data"
srun --cpus-per-task="$OMP_NUM_THREADS" "$colonnade" train "$data" --out "$run" --progress lines --resume=auto "$@"
code=$?

# 75: stopped early with a checkpoint saved.  The job goes back into the queue; this must be the last act, as it ends the script.
if [ "$code" -eq 75 ]; then
	scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
