#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `doctor` on this machine: a real affinity mask and, where cgroups can be written, a real quota decide the threads.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
colonnade=${COLONNADE:-$top/colonnade}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND OMP_THREAD_LIMIT COLONNADE_ISA
for name in SLURM_CPUS_PER_TASK SLURM_JOB_CPUS_PER_NODE PBS_NCPUS NCPUS LSB_DJOB_NUMPROC NSLOTS; do unset "$name"; done

failures=0
fail() {
	echo "failed: $*"
	failures=$((failures + 1))
}
field() { # NAME: of the JSON on standard input
	sed -n "s/^  \"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
}
expect() { # WHAT, EXPECTED, GOT
	[ "$2" = "$3" ] || fail "$1: expected $2, got $3"
}

"$colonnade" doctor > "$work/text"
for word in "CPU  " "instruction sets" "threads allowed" "affinity mask" "cgroup quota" OMP_PLACES OMP_PROC_BIND "FMA peak" \
	"huge pages" "MPI: not built" "zlib: "; do
	grep -qF "$word" "$work/text" || fail "doctor says nothing of: $word"
done

"$colonnade" doctor --json > "$work/json"
if command -v python3 > /dev/null; then
	python3 -m json.tool "$work/json" > /dev/null || fail "--json is not JSON"
fi

# LLVM's OpenMP runtime registers itself under the number of the process; one that was killed meanwhile leaves no text there.
threads=$("$colonnade" doctor --json | field threads_allowed)
for bytes in 0 1024; do
	[ -w /dev/shm ] || break
	# shellcheck disable=SC2016 # to be expanded by the inner shell, whose number the program takes over
	sh -c 'object=/dev/shm/__KMP_REGISTERED_LIB_$$_$(id -u); echo "$object" > "$1"; head -c "$2" /dev/zero > "$object"
		exec "$3" doctor --json' sh "$work/object" $bytes "$colonnade" > "$work/json" ||
		fail "a namesake was killed while its runtime began and left $bytes bytes: exit $?"
	expect "threads after such a namesake" "$threads" "$(field threads_allowed < "$work/json")"
	rm -f "$(cat "$work/object")"
done

# OMP_NUM_THREADS wins outright; a value that is none is an error.
OMP_NUM_THREADS=3 "$colonnade" doctor --json > "$work/json"
expect "threads of OMP_NUM_THREADS=3" 3 "$(field threads_allowed < "$work/json")"
expect "rule of OMP_NUM_THREADS=3" OMP_NUM_THREADS "$(field threads_rule < "$work/json")"
code=0
OMP_NUM_THREADS=many "$colonnade" doctor > /dev/null 2> "$work/error" || code=$?
expect "exit code of OMP_NUM_THREADS=many" 2 "$code"
# LLVM's OpenMP runtime says nothing: the value is refused before it has seen it.  (libgomp comments on it before main begins.)
expect "message of OMP_NUM_THREADS=many" 'colonnade: OMP_NUM_THREADS: "many" is not a number of threads' \
	"$(grep -v -e '^libgomp: ' -e '^$' "$work/error")"
SLURM_CPUS_PER_TASK=1 "$colonnade" doctor --json > "$work/json"
expect "threads of SLURM_CPUS_PER_TASK=1" 1 "$(field threads_allowed < "$work/json")"

# An instruction set can be chosen; one that is unknown is an error.
COLONNADE_ISA=generic "$colonnade" doctor --json > "$work/json"
expect "the instruction set" generic "$(field isa < "$work/json")"
code=0
COLONNADE_ISA=abacus "$colonnade" doctor > /dev/null 2> "$work/error" || code=$?
expect "the exit code of an unknown instruction set" 2 "$code"

# A real mask of one CPU, also where the OpenMP runtime has bound the first thread before it was asked.
if command -v taskset > /dev/null; then
	cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
	taskset -c "$cpu" "$colonnade" doctor --json > "$work/json"
	expect "threads on one CPU" 1 "$(field threads_allowed < "$work/json")"
else
	echo "not tried: there is no taskset"
fi
all=$("$colonnade" doctor --json | field threads_allowed)
OMP_PROC_BIND=close OMP_PLACES=threads "$colonnade" doctor --json > "$work/json"
expect "threads where the runtime binds them" "$all" "$(field threads_allowed < "$work/json")"

# A real quota of one CPU: the process is put into a directory of its own.
quota_test() { # DIRECTORY, FILE, LINE
	local directory=$1/colonnade-test-$$
	mkdir "$directory" 2> /dev/null || return 1
	if ! { [ -e "$directory/$2" ] && echo "$3" > "$directory/$2"; } 2> /dev/null; then
		rmdir "$directory"
		return 1
	fi
	(
		echo "$BASHPID" > "$directory/cgroup.procs"
		exec "$colonnade" doctor --json > "$work/json"
	) || fail "doctor in $directory"
	rmdir "$directory"
	expect "threads under a quota of one CPU" 1 "$(field threads_allowed < "$work/json")"
	if [ "$all" -gt 1 ]; then
		expect "rule under a quota of one CPU" "cgroup quota" "$(field threads_rule < "$work/json")"
	fi
}
if quota_test /sys/fs/cgroup/cpu cpu.cfs_quota_us 100000 || quota_test /sys/fs/cgroup/cpu,cpuacct cpu.cfs_quota_us 100000 ||
	quota_test /sys/fs/cgroup cpu.max "100000 100000"; then
	echo "tried: a real quota"
else
	echo "not tried: a quota (cgroups cannot be written here)"
fi
[ "$failures" -eq 0 ]
