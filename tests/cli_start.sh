#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From the start of the process to the first step on a small table: fewer than 40 calls to the file system.
. "${top_srcdir:?}/tests/cli_testing.sh"

command -v strace >/dev/null || { echo "skipped: there is no strace"; exit 77; }
trace=$scratch/trace
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # it cannot look for leaks while it is traced
strace -f -o "$trace" -e trace=%file,%desc "$colonnade" train "$examples/cvd.csv" --recipe textbook --out "$scratch/run" \
  --progress lines 2>"$scratch/messages" || {
  grep -qi 'ptrace' "$scratch/messages" && { echo "skipped: processes cannot be traced here"; exit 77; }
  fail "training under strace: $(tail -n 3 "$scratch/messages")"
}

grep -q 'libomp' "$trace" && { echo "skipped: LLVM's OpenMP runtime looks at every CPU by some two hundred calls"; exit 77; }

# The first line of the table of epochs is written behind the first step; its line in metrics.jsonl waits.  What maps memory is no
# call to the file system.
sed -n '/"epoch\|"  *1  /q; p' "$trace" | grep -vE ' (mmap|mprotect|munmap)\(|resumed>|^[0-9]+ +[+-]' >"$scratch/start"
grep -q 'metrics.jsonl' "$scratch/start" || fail "the trace lacks the start: $(tail -n 3 "$trace")"

# By name: what a network file system would be asked, those of the loader of shared libraries among them; but sanitizers look at
# themselves before the program begins.
by_name=$(grep -cE ' (execve|access|open|openat|stat|newfstatat|lstat|mkdir|readlink|readlinkat|rename|unlink)\(' "$scratch/start")
if [ "$by_name" -ge 40 ] && ! grep -qE 'lib[at]san|"/proc/self/(maps|environ|cmdline)"' "$scratch/start"; then
  fail "$by_name calls by name: $(cat "$scratch/start")"
fi

# All of the program's own: its first call looks whether the standard streams are open.
own=$(sed -n '/ p\{0,1\}poll(.*fd=2/,$p' "$scratch/start" | wc -l)
if [ "$own" -eq 0 ] || [ "$own" -ge 40 ]; then
  fail "$own calls of the program's own: $(cat "$scratch/start")"
fi

finish
