#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Trains on a workstation or server without a batch system; survives the end of the terminal session.
#
#   scripts/batch/workstation.sh DATA RUN_DIRECTORY [options of colonnade train ...] &
#
# Everything is written to RUN_DIRECTORY.log, which a further start appends to.  Start it again with the same words after a reboot
# or a kill: a finished run says so and ends with 0, an unfinished one carries on from its last checkpoint (--checkpoint-every).
# Ends with the exit code of colonnade: 75 means stopped early by a signal or a time limit.
#
# Variables: COLONNADE         the program (default: the one built in this tree, else the one on the PATH)
#            OMP_NUM_THREADS   threads (default: all cores that this process may use; `colonnade doctor` says why)
# OMP_PLACES and OMP_PROC_BIND are left as they are: on a machine that others use too, binding threads to cores makes them wait for
# whoever else is bound there.  On a machine of your own, OMP_PLACES=cores OMP_PROC_BIND=close may be a little faster.  What is best
# can be measured, and set for this script:  eval "$(colonnade tune --shell DATA --hidden ...)"
set -eu

if [ $# -lt 2 ]; then
	echo "usage: $0 DATA RUN_DIRECTORY [options of colonnade train ...]" >&2
	exit 2
fi
data=$1
run=${2%/}
shift 2

here=$(cd "$(dirname "$0")/../.." && pwd)
colonnade=${COLONNADE:-$here/colonnade}
[ -x "$colonnade" ] || colonnade=colonnade
if ! command -v "$colonnade" > /dev/null; then
	echo "$0: there is no colonnade here; build it (./configure && make) or set COLONNADE" >&2
	exit 1
fi

# A model and a record without a checkpoint beside them are a finished run: the checkpoint is removed when both are in place.
if [ -e "$run/model.safetensors" ] && [ -e "$run/run.json" ] && [ ! -e "$run/checkpoint.safetensors" ]; then
	echo "$run is finished: $run/model.safetensors"
	exit 0
fi

# From here on the terminal may go away: its hang-up is ignored, and nothing is read from or written to it.
log=$run.log
echo "Training into $run; the log is $log"
trap '' HUP
exec < /dev/null >> "$log" 2>&1

note() { printf '%s %s: %s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$(basename "$0")" "$*"; }

if [ -z "${OMP_NUM_THREADS:-}" ]; then
	OMP_NUM_THREADS=$("$colonnade" doctor --json | sed -n 's/^ *"threads_allowed": *\([0-9]*\).*/\1/p')
	[ -n "$OMP_NUM_THREADS" ] || OMP_NUM_THREADS=$(nproc)
	export OMP_NUM_THREADS
fi

# The program runs beside this script, which passes signals on: it writes a checkpoint and ends with 75.
child=
interrupted=no
# shellcheck disable=SC2317 # called by the traps
pass_on() {
	interrupted=yes
	[ -z "$child" ] || kill -"$1" "$child" 2> /dev/null || true
}
trap 'pass_on TERM' TERM INT
trap 'pass_on USR1' USR1
note "start on $(hostname), $OMP_NUM_THREADS threads: $data"
"$colonnade" train "$data" --out "$run" --progress lines --resume=auto "$@" &
child=$!
[ "$interrupted" = no ] || kill -TERM "$child" # one that came before there was anybody to pass it on to

# A signal ends `wait` early with a code of its own; 127 is the answer where the program's code was already given.
code=0
while :; do
	interrupted=no
	answer=0
	wait "$child" || answer=$?
	[ "$answer" -eq 127 ] || code=$answer
	[ "$interrupted" = yes ] || break
done
case $code in
0) note "finished: $run/model.safetensors" ;;
75) note "stopped early; start this script again to carry on" ;;
*) note "colonnade ended with exit code $code" ;;
esac
exit "$code"
