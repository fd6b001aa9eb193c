#!/bin/bash
# SPDX-License-Identifier: MIT
# Trains on several nodes of a Slurm cluster, one rank of colonnade-mpi a socket, each with as many threads as the socket has cores.
#
#   sbatch scripts/batch/slurm-mpi.sh DATA [options of colonnade train ...]
#   sbatch --nodes=8 --ntasks-per-node=4 --cpus-per-task=32 scripts/batch/slurm-mpi.sh DATA ...
#
# Results are in colonnade-run-JOBID of the directory that sbatch was called in (COLONNADE_OUT changes that), which the nodes must
# share; the log is in colonnade-mpi-JOBID.log beside it.  The model is that of one node, byte for byte.
# Variables: COLONNADE, the program (default: colonnade-mpi on the PATH; configure --with-mpi makes it); SLURM_MPI_TYPE, how srun
# starts ranks (`srun --mpi=list` has the choices: pmix for Open MPI, pmi2 for MPICH and its kin), if the cluster's default does not
# fit.  doc/cluster.md has the reasons, doc/scaling.md how many nodes are worth it.

# What was loaded to build it, with its version:
#   module purge && module load gcc/12.2 openmpi/4.1

#SBATCH --job-name=colonnade-mpi
#SBATCH --nodes=2
# A rank a socket, with its cores: two sockets of 16 cores.  (Where sockets are cut into NUMA domains: a rank a domain.)
#SBATCH --ntasks-per-node=2
#SBATCH --ntasks-per-socket=1
#SBATCH --cpus-per-task=16
# Cores, not hyperthreads; --hint would rule out srun's --cpu-bind.
#SBATCH --threads-per-core=1
# Whole nodes: what others run there would hold up every rank of every step.
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=04:00:00
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
# All ranks get the signal, or some of them a little later: they agree on the step after which they stop.
#SBATCH --signal=USR1@60
set -u

if [ $# -lt 1 ]; then
	echo "usage: sbatch $0 DATA [options of colonnade train ...]" >&2
	exit 2
fi
: "${SLURM_JOB_ID:?this is a job script: give it to sbatch}"
colonnade=${COLONNADE:-colonnade-mpi}

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
# Each rank is bound to cores of its own, and its threads to one of these each.
export OMP_PLACES=cores OMP_PROC_BIND=close
# Ranks that outlive one that crashed would wait for it until the time limit; those of a regular end need a moment of their own.
step --cpu-bind=cores --wait=60 "$colonnade" train "$data" --out "${COLONNADE_OUT:-colonnade-run-$SLURM_JOB_ID}" --resume=auto \
	--time-limit "$limit" --progress lines "$@"
