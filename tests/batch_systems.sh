#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scripts of scripts/batch for Slurm, PBS Pro, LSF and Grid Engine, really run, with stand-ins for the batch systems: a copy of
# the script alone is started with the job's variables, killed by the system's signals, and started again where the system would do
# so by the script's own directives; it ends with the model of a run that was never interrupted.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
export COLONNADE=${COLONNADE:-$top/colonnade}
batch=$top/scripts/batch
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL -- "-$pid" 2> /dev/null || true; rm -rf "$work"' EXIT
fail() {
	echo "failed: $*"
	tail -n 30 "$work"/*.log 2> /dev/null || true
	exit 1
}
unset OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND
mkdir "$work/bin" "$work/spool"
cd "$work"
head -n 1001 "$top/examples/adult.csv" > data.csv

# ---------------------------------------------------------------- stand-ins

stand_in() { # NAME, with its script on standard input
	{ echo '#!/usr/bin/env bash'; cat; } > "bin/$1"
	chmod +x "bin/$1"
}
export PATH=$work/bin:$PATH STAND_IN=$work
# The CPUs that the job may use, for the scripts: few, so that threads are bound, unless a test says otherwise.
echo 1 > cpus
stand_in nproc <<'SCRIPT'
cat "$STAND_IN/cpus"
SCRIPT
# srun: its options and the places of the step are kept, and its process becomes the program.
stand_in srun <<'SCRIPT'
options=
while [[ ${1:-} == --* ]]; do options+=" $1"; shift; done
echo "$$" > "$STAND_IN/step"
echo "options:$options; ${OMP_NUM_THREADS:-} threads, ${OMP_PLACES:-free} ${OMP_PROC_BIND:-}; TMPDIR ${TMPDIR:-}" \
	>> "$STAND_IN/srun.log"
exec "$@"
SCRIPT
# squeue: when the job ends (in %s, if SLURM_TIME_FORMAT says so), and its state.
stand_in squeue <<'SCRIPT'
echo "$*" >> "$STAND_IN/squeue.log"
case $* in
*%e*) [ "${SLURM_TIME_FORMAT:-}" = %s ] && cat "$STAND_IN/end" ;;
*%T*) cat "$STAND_IN/state" ;;
esac
SCRIPT
# scontrol requeue: ends the script that called it.
stand_in scontrol <<'SCRIPT'
echo "$*" >> "$STAND_IN/requeued"
kill -TERM "$PPID"
SCRIPT
# qstat of Grid Engine (-j), and of PBS (-f), where lines are folded after some 78 characters.
stand_in qstat <<'SCRIPT'
if [ "$*" = "-j ${JOB_ID:-}" ]; then
	printf 'job_number:                 %s\n' "$JOB_ID"
	printf 'hard resource_list:         h_vmem=9,h_rt=%s,x_h_rt=9\n' "$(cat "$STAND_IN/h_rt")"
	exit
fi
[ "$*" = "-f $PBS_JOBID" ] || exit 1
printf 'Job Id: %s\n    Job_Name = colonnade\n    Resource_List.select = 1:ncpus=2:mpiprocs=1\n\t:ompthreads=2\n' "$PBS_JOBID"
printf '    Resource_List.walltime = %s\n' "$(cat "$STAND_IN/walltime")"
printf '    Variable_List = PBS_O_HOME=/,\n\tResource_List.walltime = 9\n'
SCRIPT
stand_in qsub <<'SCRIPT'
[ ! -e "$STAND_IN/no-qsub" ] || { echo "qsub: no jobs from here" >&2; exit 1; }
printf '%s\n' "$@" > "$STAND_IN/submitted"
echo 78.server
SCRIPT

# ---------------------------------------------------------------- jobs

# The options are in a file, so that the last start can be given an end; nothing else tells it from those before it, which are
# interrupted long before theirs.
options() { # EPOCHS
	printf '%s\n' 'recipe = plain' 'hidden = 16,8' 'dropout = 0.1' 'patience = 0' "epochs = $1" > train.conf
}
lines() { if [ -e "$run/metrics.jsonl" ]; then wc -l < "$run/metrics.jsonl"; else echo 0; fi; }
# The value of a directive of the script, as "Q" of '#BSUB -Q "75"'.
directive() { # PREFIX NAME
	sed -n "s/^#$1 -\{1,2\}$2[ =]*\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$script"
}
# Copies a script to where nothing else is, under another name, as batch systems do.
submit() { # SCRIPT RUN
	script=$work/spool/job-script
	cp "$batch/$1" "$script"
	run=$2
	from=$work
	options 50000
}
# Starts the job, in the directory where the system would, as a process group of its own: setsid becomes the script.
start() { # [NAME=VALUE ...] [ARGUMENTS ...]
	before=$(lines)
	local variables=()
	while [[ ${1:-} =~ ^[A-Z_]+= ]]; do variables+=("$1"); shift; done
	(cd "$from" && exec setsid env "${variables[@]}" bash "$script" "$@") >> "job-$run.log" 2>&1 < /dev/null &
	pid=$!
}
# Until it has trained a few epochs since then.
await_epochs() {
	while [ "$(lines)" -lt $((before + 3)) ]; do
		kill -0 "$pid" 2> /dev/null || fail "$run ended before it was interrupted"
		sleep 0.02
	done
}
await_end() {
	code=0
	wait "$pid" || code=$?
	pid=
}
interrupt() { # SIGNAL: to all processes of the job
	await_epochs
	kill "-$1" -- "-$pid"
	await_end
}
# The last start ends soon; the model is that of a run which was never interrupted.
last_epochs() { options $(($(lines) + 3)); }
same_model() {
	[ "$code" -eq 0 ] || fail "$run: the last start ended with $code"
	"$COLONNADE" train data.csv --config train.conf --out whole --force --progress none 2> /dev/null
	cmp "whole/model.safetensors" "$run/model.safetensors" || fail "$run: another model than that of a run never interrupted"
}
expect() { # WHAT EXPECTED GOT
	[ "$2" = "$3" ] || fail "$run, $1: expected \"$2\", got \"$3\""
}
openmp=$("$COLONNADE" doctor --json | sed -n 's/^ *"openmp": *\([a-z]*\).*/\1/p')
threads() { # N: were allowed; a build without OpenMP has one
	[ "$openmp" = true ] || return 0
	grep -q "\"threads_allowed\": *$1," "$run/run.json" || fail "$run: the run did not get $1 threads"
}

# ---------------------------------------------------------------- Slurm

step_signal() { # SIGNAL: to the step alone, as --signal=USR1@60 and a pre-emption do
	await_epochs
	kill "-$1" "$(cat step)"
	await_end
}
slurm=(SLURM_JOB_ID=77 SLURM_CPUS_PER_TASK=2 SLURM_TMPDIR="$work/spool")
echo NONE > end
echo RUNNING > state
submit slurm.sh colonnade-run-77
for count in 0 1; do
	signal=USR1
	[ $count -eq 0 ] || signal=TERM
	start "${slurm[@]}" SLURM_RESTART_COUNT=$count data.csv --config train.conf
	step_signal $signal
	expect "requeued after $signal" "requeue 77" "$(cat requeued)"
	rm requeued
done
grep -q "options: --cpus-per-task=2; 2 threads, cores close; TMPDIR $work/spool" srun.log || fail "$(tail -n 1 srun.log)"
grep -q '^#SBATCH --requeue$' "$script" || fail "slurm.sh is not to be requeued"
# The end of its time, which squeue tells; of this job, in seconds.
echo $(($(date +%s) + 1)) > end
echo 1000 > cpus
start "${slurm[@]}" SLURM_RESTART_COUNT=2 data.csv --config train.conf
await_end
expect "requeued at the time limit" "requeue 77" "$(cat requeued)"
grep -q 'stopped by the time limit' "job-$run.log" || fail "slurm.sh does not know the time limit"
grep -q -- '--jobs=77 --format=%e' squeue.log || fail "squeue was not asked for the job"
grep -q "; 2 threads, free ; TMPDIR" srun.log || fail "threads are bound where others run, too"
rm requeued
# Cancelled: not to be started again.
echo NONE > end
echo COMPLETING > state
start "${slurm[@]}" data.csv --config train.conf
step_signal TERM
expect "exit code of a cancelled job" 75 "$code"
[ ! -e requeued ] || fail "a cancelled job was requeued"
echo RUNNING > state
echo 1 > cpus
last_epochs
start "${slurm[@]}" SLURM_RESTART_COUNT=3 data.csv --config train.conf
await_end
same_model
threads 2
# The node was taken away when all was done.
start "${slurm[@]}" data.csv --config train.conf
await_end
expect "exit code of a finished run" 0 "$code"

# On several nodes: the same words, by another program.
submit slurm-mpi.sh colonnade-run-70
options 3
: > srun.log
start SLURM_JOB_ID=70 SLURM_CPUS_PER_TASK=2 data.csv --config train.conf
await_end
expect "srun" "options: --cpus-per-task=2 --cpu-bind=cores --wait=60; 2 threads, cores close; TMPDIR ${TMPDIR:-}" \
	"$(cat srun.log)"
same_model

# Folds: an element of the array is requeued by its own name, also the one whose job number is that of the array.
submit slurm-crossval.sh folds
array=(SLURM_ARRAY_JOB_ID=52 SLURM_ARRAY_TASK_MAX=3 SLURM_CPUS_PER_TASK=1)
folds=(--recipe plain --hidden 8 --epochs 2 --folds 3)
for k in 1 2; do
	start "${array[@]}" SLURM_JOB_ID=$((52 + k)) SLURM_ARRAY_TASK_ID=$k data.csv folds "${folds[@]}"
	await_end
	expect "exit code of fold $k" 0 "$code"
done
start SLURM_JOB_ID=60 SLURM_CPUS_PER_TASK=1 data.csv folds "${folds[@]}"
await_end
expect "exit code of the merging job while a fold is missing" 2 "$code"
echo $(($(date +%s) - 5)) > end # beyond its time, which some clusters allow
stand_in stopped <<'SCRIPT'
exit 75
SCRIPT
start "${array[@]}" SLURM_JOB_ID=52 SLURM_ARRAY_TASK_ID=3 COLONNADE=stopped data.csv folds "${folds[@]}"
await_end
echo NONE > end
grep -q 'job 52_3 on .*, time limit 1s: ' job-folds.log || fail "folds: no job 52_3 with a time limit of a second"
expect "requeued" "requeue 52_3" "$(cat requeued)"
grep -q -- '--jobs=52_3 --format=%T' squeue.log || fail "squeue was asked for the array"
start "${array[@]}" SLURM_JOB_ID=52 SLURM_ARRAY_TASK_ID=3 SLURM_RESTART_COUNT=10 data.csv folds "${folds[@]}"
await_end
expect "exit code of a fold that was stopped ten times" 1 "$code"
[ ! -e folds/fold-3-of-3.json ] || fail "folds: a fold that was stopped ten times was begun again"
start "${array[@]}" SLURM_JOB_ID=52 SLURM_ARRAY_TASK_ID=3 SLURM_RESTART_COUNT=9 data.csv folds "${folds[@]}"
await_end
start SLURM_JOB_ID=60 SLURM_CPUS_PER_TASK=1 data.csv folds "${folds[@]}"
await_end
expect "exit code of the merging job" 0 "$code"
"$COLONNADE" crossval data.csv --out whole-folds "${folds[@]}" --progress none > table 2> /dev/null
for file in crossval.json predictions.csv; do cmp whole-folds/$file folds/$file || fail "folds: another $file"; done
grep -qxF "$(head -n 3 table | tail -n 1)" job-folds.log || fail "the merging job's log has no table"

# A search: the jobs of the array leave the winner to the one behind them.
if "$COLONNADE" search --help > /dev/null 2>&1; then
	submit slurm-search.sh search
	trials=(--recipe plain --strategy random --trials 3 --hidden 8 --epochs 2)
	for k in 1 2; do
		start SLURM_ARRAY_JOB_ID=90 SLURM_JOB_ID=$((90 + k)) SLURM_ARRAY_TASK_ID=$k data.csv search "${trials[@]}"
		await_end
		expect "exit code of job $k" 0 "$code"
		[ ! -e search/best ] || fail "search: a job of the array trains the winner"
	done
	start SLURM_JOB_ID=99 data.csv search "${trials[@]}"
	await_end
	expect "exit code of the last job" 0 "$code"
	"$COLONNADE" search data.csv --out whole-search "${trials[@]}" --progress none > table 2> /dev/null
	cmp whole-search/best/model.safetensors search/best/model.safetensors || fail "search: another winner"
fi

# ---------------------------------------------------------------- PBS Pro

pbs=(PBS_JOBID=75.server PBS_O_WORKDIR="$work" PBS_QUEUE=workq NCPUS=2 COLONNADE_DATA=data.csv COLONNADE_CONFIG=train.conf)
echo 04:00:00 > walltime
submit pbs.sh colonnade-run-75
from=/ # a job of PBS starts in the home directory
start "${pbs[@]}"
interrupt TERM
expect "exit code after a pre-emption" 75 "$code"
expect "PBS starts it again" y "$(directive PBS r)"
[ ! -e submitted ] || fail "a job that PBS starts again has submitted another one"
grep -q 'time limit 14400s' "$run.log" || fail "pbs.sh does not know the walltime"
# The end of its time: another job takes over, with what qsub was told.
echo 00:00:01 > walltime
start "${pbs[@]}"
await_end
expect "exit code at the time limit" 0 "$code"
grep -q 'goes on as job 78.server' "$run.log" || fail "the log does not name the next job"
expect "what qsub was told" "-q workq -l walltime=00:00:01 -l select=1:ncpus=2:mpiprocs=1:ompthreads=2 -v \
COLONNADE=$COLONNADE,COLONNADE_DATA=data.csv,COLONNADE_OUT=$run,COLONNADE_CONFIG=train.conf $script" "$(xargs < submitted)"
IFS=, read -ra next < <(grep ^COLONNADE= submitted)
echo 04:00:00 > walltime
last_epochs
start PBS_JOBID=78.server PBS_O_WORKDIR="$work" PBS_QUEUE=workq NCPUS=2 "${next[@]}"
await_end
same_model
threads 2
# Where jobs may not submit jobs, the log says what to do.
submit pbs.sh closed
touch no-qsub
echo 00:00:01 > walltime
start "${pbs[@]}" COLONNADE_OUT=closed
await_end
expect "exit code without qsub" 75 "$code"
grep -q 'submit it again with COLONNADE_OUT=closed' closed.log || fail "the log does not say how to go on"

# ---------------------------------------------------------------- LSF

lsf=(LSB_JOBID=79 LSB_DJOB_NUMPROC=2 COLONNADE_DATA=data.csv COLONNADE_CONFIG=train.conf)
submit lsf.sh colonnade-run-79
for signal in "$(directive BSUB wa)" USR2; do # the warning, and the time limit itself
	start "${lsf[@]}"
	interrupt "$signal"
	expect "LSF starts it again after $signal" "$(directive BSUB Q)" "$code"
done
start "${lsf[@]}"
interrupt TERM # bkill, ten seconds after INT, which is ignored in what a script starts in the background
expect "exit code after bkill" 143 "$code"
last_epochs
start "${lsf[@]}"
await_end
same_model
threads 2

# ---------------------------------------------------------------- Grid Engine

engine=(JOB_ID=80 JOB_NAME=colonnade NSLOTS=2)
echo 14400 > h_rt
submit gridengine.sh colonnade-run-80
for signal in USR1 USR2; do # before a suspension; before qdel's end, after which nothing is started again whatever the code is
	start "${engine[@]}" data.csv --config train.conf
	interrupt $signal
	expect "exit code after $signal" 99 "$code"
done
grep -q '^#\$ -notify$' "$script" || fail "gridengine.sh is not warned"
echo 1 > h_rt
start "${engine[@]}" RESTARTED=1 data.csv --config train.conf
await_end
expect "exit code at the time limit" 99 "$code"
grep -q 'started again: 1, time limit 1s' "job-$run.log" || fail "gridengine.sh does not know the time limit"
echo > h_rt
last_epochs
start "${engine[@]}" RESTARTED=1 data.csv --config train.conf
await_end
same_model
threads 2

# ---------------------------------------------------------------- all of them

# What stands in every script for Slurm is the same, and so is how threads are bound in all.
part() { sed -n "/^$1/,/^$2\$/p" "$3"; }
for script in "$batch"/slurm-*.sh; do
	cmp <(part '# ---- The same' '# ----' "$batch/slurm.sh") <(part '# ---- The same' '# ----' "$script") ||
		fail "$script: not the same lines as in slurm.sh"
done
for script in "$batch"/{slurm*,pbs,lsf,gridengine}.sh; do
	cmp <(part smt= 'fi' "$batch/slurm.sh") <(part smt= 'fi' "$script") || fail "$script: threads are bound in another way"
	bash "$script" > usage 2>&1 && fail "$script: runs outside of a job"
	grep -qE 'usage: |give it to (sbatch|qsub|bsub)' usage || fail "$script: $(cat usage)"
done
echo ok
