#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `doctor` on this machine: a real affinity mask and, where cgroups can be written, a real quota decide the threads.
set -eu
top=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd)
colonnade=${COLONNADE:-$top/colonnade}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND OMP_THREAD_LIMIT COLONNADE_ISA
for name in SLURM_CPUS_PER_TASK SLURM_CPUS_ON_NODE SLURM_JOB_CPUS_PER_NODE PBS_NCPUS NCPUS PBS_NUM_PPN PBS_NP PBS_NODEFILE \
	LSB_DJOB_NUMPROC LSB_MCPU_HOSTS LSB_AFFINITY_HOSTFILE NSLOTS PE_HOSTFILE; do
	unset "$name"
done

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

# The batch systems' variables, by this machine's real name where they name hosts.
host=$(uname -n)
printf 'elsewhere 7 all.q UNDEFINED\n%s 1 all.q UNDEFINED\n' "$host" > "$work/slots"
printf '%s\nelsewhere\nelsewhere\n' "$host" > "$work/nodes"
for setting in SLURM_CPUS_PER_TASK=1 "SLURM_CPUS_PER_TASK=1(x2)" "SLURM_JOB_CPUS_PER_NODE=1(x2),36" SLURM_CPUS_ON_NODE=1 \
	NCPUS=1 PBS_NP=1 "PBS_NODEFILE=$work/nodes" LSB_DJOB_NUMPROC=1 "LSB_MCPU_HOSTS=elsewhere 7 $host 1" NSLOTS=1 \
	"PE_HOSTFILE=$work/slots"; do
	env "$setting" "$colonnade" doctor --json > "$work/json"
	expect "threads of $setting" 1 "$(field threads_allowed < "$work/json")"
done
NSLOTS=1 OMP_NUM_THREADS=2 "$colonnade" doctor > "$work/text"
more='^warning: (2 threads share 1 CPU|2 threads \(OMP_NUM_THREADS\), and the job has 1 \(NSLOTS=1\))'
no_openmp='^warning: 2 threads are allowed and the OpenMP runtime gives 1'
grep -qE "$more|$no_openmp" "$work/text" || fail "no warning of 2 threads in a job of one core"
grep -qF 'NSLOTS                      1  NSLOTS=1' "$work/text" || fail "NSLOTS is not among the rules"

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

# Two CPUs that the kernel calls hyperthreads of one core: its files are covered by others, for doctor alone.
siblings() { echo "/sys/devices/system/cpu/cpu$1/topology/thread_siblings_list"; }
pair=$(taskset -cp $$ 2> /dev/null | sed 's/.*: *//; s/-/,/' | cut -d, -f1,2)
if [ "$all" -gt 1 ] && [ -n "$pair" ] && [ -e "$(siblings "${pair%,*}")" ] && unshare -m true 2> /dev/null; then
	echo "$pair" > "$work/pair"
	# shellcheck disable=SC2016 # to be expanded by the inner shell
	taskset -c "$pair" unshare -m sh -c 'mount --bind "$1" "$2" && mount --bind "$1" "$3" && exec "$4" doctor' sh \
		"$work/pair" "$(siblings "${pair%,*}")" "$(siblings "${pair#*,}")" "$colonnade" > "$work/text" ||
		fail "doctor with hyperthreads"
	grep -q '^CPUs allowed  *2, of 1 core$' "$work/text" || fail "doctor does not count one core"
	grep -qE "^warning: 2 threads on 1 core: two hyperthreads|$no_openmp" "$work/text" ||
		fail "doctor does not warn of hyperthreads"
	echo "tried: hyperthreads"
else
	echo "not tried: hyperthreads (one CPU, or no mount namespace)"
fi

# A real quota of one CPU: the process is put into a directory below that which has it, as a step of a job is.
quota_test() { # DIRECTORY, FILE, LINE
	local directory=$1/colonnade-test-$$
	mkdir "$directory" 2> /dev/null || return 1
	if ! { [ -e "$directory/$2" ] && echo "$3" > "$directory/$2" && mkdir "$directory/step"; } 2> /dev/null; then
		rmdir "$directory"
		return 1
	fi
	(
		echo "$BASHPID" > "$directory/step/cgroup.procs"
		exec "$colonnade" doctor --json > "$work/json"
	) || fail "doctor in $directory"
	rmdir "$directory/step" "$directory"
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
