#!/bin/bash
# SPDX-License-Identifier: MIT
# Trains on one node of a PBS Pro (OpenPBS) cluster; a job that comes to its time limit submits its successor, which goes on from
# its checkpoint, and one that is pre-empted is started again by PBS.  qsub hands a script no arguments: variables stand for them.
#
#   qsub -v COLONNADE_DATA=train.csv scripts/batch/pbs.sh
#   qsub -v COLONNADE_DATA=train.csv,COLONNADE_CONFIG=train.conf -l select=1:ncpus=64:mpiprocs=1:ompthreads=64:mem=32gb \
#        -l walltime=12:00:00 scripts/batch/pbs.sh
#
# COLONNADE_DATA    the table
# COLONNADE_CONFIG  file with the options of colonnade train, a line each: hidden = 256,256 (default: none)
# COLONNADE_OUT     run directory (default: colonnade-run-JOBID of the directory that qsub was called in); the log is beside it
# COLONNADE         the program (default: the one on the PATH)
# doc/cluster.md has the reasons.

#PBS -N colonnade
#PBS -S /bin/bash
# One process with many threads on one node.  Ask for as many cores as the node has; `colonnade tune` shows what they are worth.
#PBS -l select=1:ncpus=16:mpiprocs=1:ompthreads=16:mem=8gb
#PBS -l walltime=04:00:00
# After a node failure or a pre-emption PBS starts the job again, under the same number, so that it finds its run directory.
#PBS -r y
#PBS -j oe
set -u

: "${PBS_JOBID:?this is a job script: give it to qsub}"
cd "${PBS_O_WORKDIR:?}" || exit 1 # a job starts in the home directory
data=${COLONNADE_DATA:?qsub -v COLONNADE_DATA=TABLE}
run=${COLONNADE_OUT:-colonnade-run-${PBS_JOBID%%.*}}
colonnade=${COLONNADE:-colonnade}
options=(--progress lines)
[ -z "${COLONNADE_CONFIG:-}" ] || options+=(--config "$COLONNADE_CONFIG")
exec >> "$run.log" 2>&1 # PBS delivers its own files at the end alone, and those of the last start

# As many threads as the job has cores, each on one of its own, neighbours first.  Only if the job's CPUs are all that it may use
# (nproc tells): where nobody keeps jobs apart, two of them would bind to the same cores.
export OMP_NUM_THREADS=${NCPUS:-1}
smt=$(cat /sys/devices/system/cpu/smt/active 2> /dev/null || echo 0)
if [ "$(env -u OMP_NUM_THREADS nproc)" -le $((OMP_NUM_THREADS * (1 + smt))) ]; then
	export OMP_PLACES=cores OMP_PROC_BIND=close
fi
# Scratch files go to TMPDIR, which PBS sets to a directory of the job's own on the node.

# attribute NAME: of this job; qstat folds long lines.
attribute() {
	qstat -f "$PBS_JOBID" | awk -v name="$1" '
		/^\t/ && found { printf "%s", substr($0, 2) }
		!/^\t/ { found = $1 == name }
		found && !/^\t/ { sub(/^[^=]*= /, ""); printf "%s", $0 }'
}
# The program ends before the time limit, the earlier the longer its checkpoints take to write: at the limit itself PBS leaves ten
# seconds between TERM and KILL (kill_delay), and does not start the job again.
walltime=$(attribute Resource_List.walltime)
limit=none
[[ ! $walltime =~ ^([0-9]+):([0-9]+):([0-9]+)$ ]] ||
	limit=$((10#${BASH_REMATCH[1]} * 3600 + 10#${BASH_REMATCH[2]} * 60 + 10#${BASH_REMATCH[3]}))s

# A signal goes to all processes of the job.  The program writes its checkpoint; the script waits for it, and knows that PBS has
# taken the job away, to start it again (-r y) or because of qdel.
taken=no
trap 'taken=yes' TERM INT USR1 USR2
echo "job $PBS_JOBID on $(hostname), $OMP_NUM_THREADS threads, time limit $limit: $data"
"$colonnade" train "$data" --out "$run" --resume=auto --time-limit "$limit" "${options[@]}"
code=$?

# 75: stopped early with a checkpoint saved.  A job cannot requeue itself (qrerun is for operators), so another one takes over.
if [ "$code" -eq 75 ] && [ "$taken" = no ]; then
	variables=COLONNADE=$colonnade,COLONNADE_DATA=$data,COLONNADE_OUT=$run
	[ -z "${COLONNADE_CONFIG:-}" ] || variables+=,COLONNADE_CONFIG=$COLONNADE_CONFIG
	resources=(-l "walltime=$walltime")
	select=$(attribute Resource_List.select)
	[ -z "$select" ] || resources+=(-l "select=$select")
	account=$(attribute Account_Name)
	[ -z "$account" ] || resources+=(-A "$account")
	if next=$(qsub -q "${PBS_QUEUE:-}" "${resources[@]}" -v "$variables" "$0"); then
		echo "goes on as job $next"
		exit 0
	fi
	echo "qsub refuses: submit it again with COLONNADE_OUT=$run, and it goes on"
fi
exit "$code"
