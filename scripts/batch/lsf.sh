#!/bin/bash
# SPDX-License-Identifier: MIT
# Trains on one node of an LSF cluster; a job that comes to its time limit goes back into the queue, and on from its checkpoint.
# bsub reads the script from its standard input, and hands the environment on, so that variables stand for arguments:
#
#   COLONNADE_DATA=train.csv bsub < scripts/batch/lsf.sh
#   COLONNADE_DATA=train.csv COLONNADE_CONFIG=train.conf bsub -n 64 -W 12:00 < scripts/batch/lsf.sh
#
# COLONNADE_DATA    the table
# COLONNADE_CONFIG  file with the options of colonnade train, a line each: hidden = 256,256 (default: none)
# COLONNADE_OUT     run directory (default: colonnade-run-JOBID of the directory that bsub was called in); the log is beside it
# COLONNADE         the program (default: the one on the PATH)
# doc/cluster.md has the reasons.

#BSUB -J colonnade
# One process with many threads on one node.  Ask for as many cores as the node has; `colonnade tune` shows what they are worth.
#BSUB -n 16
#BSUB -R "span[hosts=1]"
#BSUB -R "rusage[mem=8GB]"
#BSUB -W 4:00
# Five minutes before the time limit the program gets USR1, writes a checkpoint and ends with 75, with which LSF puts the job back
# into the queue, under the same number, so that it finds its run directory; so it does after a node failure (-r).
#BSUB -wa USR1
#BSUB -wt 5
#BSUB -Q "75"
#BSUB -r
#BSUB -o /dev/null
set -u

: "${LSB_JOBID:?this is a job script: give it to bsub, by <}"
data=${COLONNADE_DATA:?COLONNADE_DATA=TABLE bsub < lsf.sh}
run=${COLONNADE_OUT:-colonnade-run-$LSB_JOBID}
options=(--progress lines)
[ -z "${COLONNADE_CONFIG:-}" ] || options+=(--config "$COLONNADE_CONFIG")
exec >> "$run.log" 2>&1 # LSF drops the output of a start that is followed by another one

# As many threads as the job has cores, each on one of its own, neighbours first.  Only if the job's CPUs are all that it may use
# (nproc tells): where nobody keeps jobs apart, two of them would bind to the same cores.
export OMP_NUM_THREADS=${LSB_DJOB_NUMPROC:-1}
smt=$(cat /sys/devices/system/cpu/smt/active 2> /dev/null || echo 0)
if [ "$(env -u OMP_NUM_THREADS nproc)" -le $((OMP_NUM_THREADS * (1 + smt))) ]; then
	export OMP_PLACES=cores OMP_PROC_BIND=close
fi
# Scratch files go to TMPDIR: if the cluster makes each job a folder on a disk of the node, export TMPDIR=ITS_NAME here.

# A signal goes to all processes of the job; the program writes its checkpoint, and the script waits for it.  INT and TERM are
# bkill's: what the user ended is not to start again, so that the exit code is another one.
killed=no
trap 'killed=yes' INT TERM
trap : USR1 USR2
echo "job $LSB_JOBID on $(hostname), $OMP_NUM_THREADS threads: $data"
"${COLONNADE:-colonnade}" train "$data" --out "$run" --resume=auto "${options[@]}"
code=$?
if [ "$code" -eq 75 ] && [ "$killed" = yes ]; then
	code=143
fi
exit "$code"
