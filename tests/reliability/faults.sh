#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# System calls made to fail one after the other, by strace: exit 0 only where every file is complete and right; after a failure the
# old file is as it was (or the new one whole in its place), no temporary file stays, and the exit code is 1 with a message.
# RELIABILITY=long: every call with every error; else the calls on files that are written, and interruptions.  Arguments: these of
# the commands below alone.
# Prints a table of what was done and found.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
shopt -s extglob
long=${RELIABILITY:-short}
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # which strace would be in the way of
strace -o trace true 2>/dev/null || { echo "strace is missing or not allowed here"; exit 77; }
options=(-f --seccomp-bpf)
strace "${options[@]}" -e trace=write -o trace true 2>/dev/null || options=(-f)

# ---- what is run: each has a folder of inputs and older outputs that it starts from, and the outputs of an undisturbed run
declare -A commands
head -n 101 "$examples/adult.csv" >table.csv
train="train --recipe plain table.csv --epochs 2 --hidden 8 --threads 1 --progress none"
commands[train]="$train --out out/run --json"
commands[again]="$train --out out/run --json --force"
commands[predict]="predict model table.csv --threads 1"
commands[replace]="predict model table.csv --threads 1 --keep age,sex --out out/p.csv"
commands[convert]="convert table.csv out/c.cache --threads 1"
commands[export]="export model --format onnx --out out/m.onnx"
commands[evaluate]="evaluate model table.csv --threads 1 --json"
commands[store]="evaluate out/m.safetensors table.csv --threads 1 --set-threshold f1"
commands[inspect]="inspect model --json"
# shellcheck disable=SC2086
"$colonnade" $train --seed 2 --out other 2>stderr || fail "the older run: $(cat stderr)"
cp other/model.safetensors model
for name in "${!commands[@]}"; do mkdir -p "old-$name/out"; done
cp -r other old-again/out/run
# A run that was stopped, to be gone on with for two epochs.
mkdir -p old-resume/out
slow="--hidden 256,256 --batch-size 4 --patience 0"
# shellcheck disable=SC2086
expect 75 'stopped by the time limit' $train --out old-resume/out/run $slow --epochs 1000000 --time-limit 100ms
commands[resume]="$train --out out/run $slow --epochs $(($(wc -l <old-resume/out/run/metrics.jsonl) + 2)) --resume"
echo "older predictions" >old-replace/out/p.csv
cp model old-store/out/m.safetensors
echo "an older model" >old-export/out/m.onnx
head -n 51 table.csv >half.csv
"$colonnade" convert half.csv old-convert/out/c.cache 2>stderr || fail "the older cache: $(cat stderr)"
for old in old-*; do cp table.csv model "$old"; done

fresh() { # NAME: the folder "job" as it is before the command
  rm -rf job
  cp -r "old-$1" job
}
# Times differ from run to run.
comparable() { sed -E 's/"(seconds|rows_per_second)": *[0-9.e+-]+/"\1":0/g; s/"finished": "[^"]*"/"finished": ""/' "$1"; }

# same_outputs A B: the same files with the same content
same_outputs() {
  local file
  [ "$(cd "$1" && find . -type f | sort)" = "$(cd "$2" && find . -type f | sort)" ] || return 1
  while read -r file; do
    case $file in
    */.lock) ;;
    */report.html) [ "$(tail -n 1 "$1/$file")" = "</html>" ] || return 1 ;; # it has times all over, and is whole
    *.json | *.jsonl | */stdout) [ "$(comparable "$1/$file")" = "$(comparable "$2/$file")" ] || return 1 ;;
    *) cmp -s "$1/$file" "$2/$file" || return 1 ;;
    esac
  done < <(cd "$1" && find . -type f)
}

# What is worth keeping (a model, predictions, a cache) is the old one or the new one, whole; and where there was one, one is left.
nothing_lost() { # NAME
  local file base kept=0 before=0
  [ -z "$(find job/out -name '*tmp*')" ] || { echo "a temporary file stays: $(find job/out -name '*tmp*')"; return 1; }
  before=$(find "old-$1/out" -name '*.safetensors' -o -name p.csv -o -name c.cache | wc -l)
  while read -r file; do
    base=$(basename "$file")
    find "old-$1/out" "new-$1/out" -name "$base" -exec cmp -s "$file" {} \; -print | grep -q . ||
      { echo "$file is neither the old one nor the new one"; return 1; }
    kept=1
  done < <(find job/out -name '*.safetensors' -o -name p.csv -o -name c.cache)
  [ "$before" -eq 0 ] || [ "$kept" -eq 1 ] || { echo "the old file is gone"; return 1; }
}

run_job() { # NAME TRACE-OPTIONS...: the exit code; stdout is a file among the outputs
  local name=$1
  shift
  fresh "$name"
  # shellcheck disable=SC2086
  (cd job && exec timeout 120 strace "${options[@]}" "$@" "$colonnade" ${commands[$name]} >out/stdout 2>stderr)
}

# must_be TRACE-LINE SYSCALL ERROR: what has to come of it: failure, success, or either.  An interrupted call is made again; one
# that writes is never passed over.  The lock's text is information, a checkpoint is tried again, as lines of metrics.jsonl are that
# a slow run writes before its end, and messages are not results.
# Standard output is stdio's, which gives up where a signal interrupts it; the program's handlers let calls be restarted.
must_be() {
  case $3:$2:$1 in
  EINTR:write:*'(1<'*) echo either ;;
  EINTR:@(read|pread64|write|pwrite64|fsync|close):*) echo success ;;
  EINTR:*) echo either ;;
  *out/run/.lock* | *checkpoint* | *'(2<'* | *:write:*metrics.jsonl*) echo either ;;
  *:@(write|pwrite64|fsync|fdatasync|rename|renameat|renameat2|ftruncate):*out*) echo failure ;;
  *:close:*) if was_written "$1"; then echo failure; else echo either; fi ;;
  *:openat:*'"out'*O_CREAT* | *:openat:*'"out'*O_DIRECTORY*) echo failure ;;
  *) echo either ;;
  esac
}

# was_written TRACE-LINE: of a close: something was written to what is closed, since it was last closed; it may have been opened
# again to be read
was_written() {
  local path=${1#*<} last
  last=$(sed '/(INJECTED)$/q' injected | grep -vF '(INJECTED)' | grep -F "<${path%%>*}>" | tail -n 1)
  grep -qE '^[0-9]+ +p?write(64)?\(' <<<"$last"
}

# try NAME SYSCALL N ERROR TRACE-LINE: the line is that of the undisturbed run, to be shown where the call was not reached.  What
# counts is the call that was made to fail: a slow machine writes metrics.jsonl in more pieces.  LLVM's OpenMP runtime opens a
# file or two more where a killed process of the same number left its own; it aborts where they fail, and the call is tried again.
runs=0 refusals=0 survived=0 findings=0
try() {
  local name=$1 call=$2 n=$3 error=$4 line=$5 must=success why="" code
  for _ in 1 2 3; do
    run_job "$name" -y -e trace="$call,write,pwrite64" -e inject="$call:error=$error:when=$n" -o "$scratch/injected"
    code=$?
    grep '(INJECTED)$' injected | grep -qE "__KMP_REGISTERED_LIB|/proc/[0-9]+/maps" || break
  done
  if grep -q '(INJECTED)$' injected; then
    line=$(grep -m 1 '(INJECTED)$' injected | sed -E 's/^[0-9]+ +//')
    must=$(must_be "$line" "$call" "$error")
  fi
  runs=$((runs + 1))
  case $code in
  0)
    survived=$((survived + 1))
    same_outputs job/out "new-$name/out" || why="exit 0 with other outputs"
    [ "$must" != failure ] || why="exit 0 although what was written may be lost"
    ;;
  1)
    refusals=$((refusals + 1))
    why=$(nothing_lost "$name")
    [ "$must" != success ] || why="exit 1 although it could be carried on: $(head -n 1 job/stderr)"
    [ -s job/stderr ] || [ "$call" = write ] || why="exit 1 without a word"
    ;;
  *) why="exit code $code: $(head -n 2 job/stderr)" ;;
  esac
  [ -z "$why" ] || {
    findings=$((findings + 1))
    [ "$findings" -gt 10 ] || fail "$name, $call $n fails with $error: $why [$line]"
  }
}

errors_of() { # SYSCALL: what it can fail with
  case $long:$1 in
  long:mmap | long:munmap) echo ENOMEM ;;
  long:write | long:pwrite64 | long:fsync | long:close | long:openat | long:rename | long:ftruncate) echo ENOSPC EIO EDQUOT EINTR ;;
  long:read | long:pread64) echo EIO EINTR ;;
  long:*) echo EIO ;;
  short:write | short:pwrite64 | short:fsync | short:close) echo ENOSPC EINTR ;;
  *) echo EIO ;;
  esac
}

# Not what the dynamic loader does.  brk is left out: where it fails the kernel returns the old break, which strace cannot.  In the
# short form files that are written, and what is read of the inputs.
wanted() { # TRACE-LINE LINE-NUMBER
  [ "$2" -gt "$loaded" ] || return
  [ "$long" = short ] || return 0
  case $1 in *out/* | *table.csv* | *'"model"'* | */model\>*) return 0 ;; *) return 1 ;; esac
}

printf '%-10s %6s %9s %9s %9s\n' command runs refused survived findings
names=(train again resume predict replace convert export evaluate store inspect)
[ "$long" = long ] || names=(again resume replace convert export evaluate store)
[ $# -eq 0 ] || names=("$@")
for name in "${names[@]}"; do
  run_job "$name" -y -e trace=file,desc,mmap,brk,munmap -o "$scratch/trace" || fail "$name: not even undisturbed: $(cat job/stderr)"
  mv job "new-$name"
  runs=0 refusals=0 survived=0 findings=0
  loaded=$(grep -nE '^[0-9]+ +munmap' trace | head -n 1 | cut -d : -f 1) # its last call gives its list of libraries back
  mapfile -t calls < <(sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' trace | sort -u)
  for call in "${calls[@]}"; do
    case $long:$call in
    *:execve | *:brk | *:poll | *:access | *:dup*) continue ;;
    short:@(openat|read|pread64|write|pwrite64|fsync|close|rename|renameat|renameat2|ftruncate) | long:*) ;;
    *) continue ;;
    esac
    n=0
    while read -r number line; do
      n=$((n + 1))
      wanted "$line" "$number" || continue
      for error in $(errors_of "$call"); do try "$name" "$call" "$n" "$error" "$line"; done
    done < <(grep -nE "^[0-9]+ +$call\(" trace | sed -E 's/^([0-9]+):[0-9]+ +/\1 /')
  done
  printf '%-10s %6d %9d %9d %9d\n' "$name" "$runs" "$refusals" "$survived" "$findings"
done

finish
