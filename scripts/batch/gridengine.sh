#!/bin/bash
# SPDX-License-Identifier: MIT
# Trains on one node of a Grid Engine cluster; a job that comes to its time limit or is about to be suspended goes back into the
# queue, and on from its checkpoint.
#
#   qsub scripts/batch/gridengine.sh DATA [options of colonnade train ...]
#   qsub -pe smp 64 -l h_rt=12:00:00 scripts/batch/gridengine.sh DATA ...          (options of qsub override the lines below)
#
# Results are in colonnade-run-JOBID of the directory that qsub was called in (qsub -v COLONNADE_OUT=run changes that), the log in
# colonnade-JOBID.log beside it.  Variables: COLONNADE, the program (default: the one on the PATH).  doc/cluster.md has the reasons.

#$ -N colonnade
#$ -S /bin/bash
#$ -cwd
# One process with many threads on one node: a parallel environment whose slots are all on one host (qconf -spl has the names).
# Ask for as many cores as the node has; `colonnade tune` shows what they are worth.
#$ -pe smp 16
#$ -l h_rt=4:00:00
# Before a suspension the program gets USR1, writes a checkpoint and ends with the code for which Grid Engine puts the job back into
# the queue, under the same number, so that it finds its run directory; so it does after a node failure (-r).  Before qdel ends the
# job there is USR2: a checkpoint is written, and nothing starts again.
#$ -notify
#$ -r y
#$ -j y
#$ -o $JOB_NAME-$JOB_ID.log
set -u

if [ $# -lt 1 ]; then
	echo "usage: qsub $0 DATA [options of colonnade train ...]" >&2
	exit 2
fi
: "${NSLOTS:?this is a job script: give it to qsub}"
data=$1
shift
run=${COLONNADE_OUT:-colonnade-run-$JOB_ID}

# As many threads as the job has cores, each on one of its own, neighbours first.  Only if the job's CPUs are all that it may use
# (nproc tells): where nobody keeps jobs apart, two of them would bind to the same cores.
export OMP_NUM_THREADS=$NSLOTS
smt=$(cat /sys/devices/system/cpu/smt/active 2> /dev/null || echo 0)
if [ "$(env -u OMP_NUM_THREADS nproc)" -le $((OMP_NUM_THREADS * (1 + smt))) ]; then
	export OMP_PLACES=cores OMP_PROC_BIND=close
fi
# Scratch files go to TMPDIR, which Grid Engine sets to a directory of the job's own on the node.

# The program ends before the time limit, the earlier the longer its checkpoints take to write.  (The soft limit s_rt sends a
# signal, but after it Grid Engine 8.1.9 puts a job back only once.)  Where compute nodes may not ask qstat, what was done since the
# last checkpoint is lost at the limit, and the job is to be submitted again.
seconds=$(qstat -j "$JOB_ID" 2> /dev/null | sed -n 's/^hard resource_list:.*[ ,]h_rt=\([0-9]\{1,\}\).*/\1/p')
limit=${seconds:+${seconds}s}

echo "job $JOB_ID on $(hostname), $NSLOTS threads, started again: ${RESTARTED:-0}, time limit ${limit:=none}: $data"
# Signals go to all processes of the job, which is this one from here on; 99 puts it back into the queue.
exec "${COLONNADE:-colonnade}" train "$data" --out "$run" --resume=auto --requeue-exit 99 --time-limit "$limit" \
	--progress lines "$@"
