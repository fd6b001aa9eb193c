#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs killed at every system call of a checkpoint's first write, of its replacement and of a run's end, and at random instants;
# checkpoints that cannot be written; a second signal in a slow step.  Whatever happens, what is in the run directory can be gone on
# from, and the run ends with the files of one that was never interrupted.
# RELIABILITY=long: every system call, 1000 random instants; else those on files, and 20.  Arguments: these of the parts calls,
# instants, failures and signals alone.  Prints what was done and found.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
long=${RELIABILITY:-short}
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # which strace would be in the way of
strace -o trace true 2>/dev/null || { echo "strace is missing or not allowed here"; exit 77; }
options=(-f --seccomp-bpf)
strace "${options[@]}" -e trace=write -o trace true 2>/dev/null || options=(-f)

head -n 401 "$examples/adult.csv" >table.csv
train="train --recipe plain table.csv --hidden 16 --dropout 0.1 --epochs 4 --patience 0 --batch-size 64 --threads 1 --progress none"
timeless() { sed -E 's/"(seconds|rows_per_second)": ?[^,}]*//g; /"(finished|out|resume|checkpoint-every|time-limit)":/d' "$1"; }
# shellcheck disable=SC2086
"$colonnade" $train --out whole 2>stderr || fail "the run to compare with: $(cat stderr)"
# shellcheck disable=SC2086
"$colonnade" $train --epochs 1500 --out longer 2>stderr || fail "the longer run to compare with: $(cat stderr)"

# same_run DIR WHAT: it is finished, and has the files of the run that was not interrupted.
same_run() {
  cmp -s "$1/model.safetensors" whole/model.safetensors || fail "$2: another model"
  for file in metrics.jsonl run.json; do
    diff <(timeless "$1/$file") <(timeless "whole/$file") >difference || fail "$2: $file: $(head -n 4 difference)"
  done
  equal "$2: files" "$(find "$1" -type f -printf '%f\n' | sort | tr '\n' ' ')" \
    ".lock metrics.jsonl model.safetensors report.html run.json "
}
# finish_run DIR WHAT: goes on to the end.
finish_run() {
  # shellcheck disable=SC2086
  "$colonnade" $train --out "$1" --resume=auto 2>stderr || fail "$2: cannot be gone on with: $(head -n 2 stderr)"
  same_run "$1" "$2"
}

wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }
parts=("$@")
[ $# -gt 0 ] || parts=(calls instants failures signals)

# ---- killed at every system call: what each of the three does, from which directory, and what it ends with
declare -A arguments=([first]="--time-limit 1ms" [replacement]="--resume --time-limit 1ms" [end]="--resume")
declare -A codes=([first]=75 [replacement]=75 [end]=0)
mkdir before-first
# shellcheck disable=SC2086
"$colonnade" $train --out before-replacement/run --time-limit 1ms 2>/dev/null || mkdir before-replacement
# shellcheck disable=SC2086
"$colonnade" $train --out before-replacement/run --time-limit 1ms 2>stderr
equal "exit code of a run to be gone on with" $? 75
cp -r before-replacement before-end
if [ "$long" = long ]; then calls=all; else calls='write fsync rename renameat unlink unlinkat ftruncate'; fi
# killed_at CALL N NAME: whether the process was killed there.  With --seccomp-bpf strace would not inject a signal.
killed_at() {
  # shellcheck disable=SC2086
  strace -f -o trace -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
    "$colonnade" $train --out job/run ${arguments[$3]}
  [ $? -eq 137 ]
} 2>/dev/null

wants calls && printf '%-12s %6s %6s %10s\n' killed calls kills finished
for name in first replacement end; do
  wants calls || break
  rm -rf job && cp -r "before-$name" job
  # shellcheck disable=SC2086
  strace "${options[@]}" -o trace "$colonnade" $train --out job/run ${arguments[$name]} 2>stderr
  equal "exit code of the $name" $? "${codes[$name]}"
  sed -E 's/^[0-9]+ +//' trace | grep -nE '^[a-z0-9_]+\(' | sed -E 's/^[0-9]+:([a-z0-9_]+)\(.*/\1/' >names
  kills=0
  finished=0
  while read -r count call; do
    [ "$calls" = all ] || [[ " $calls " == *" $call "* ]] || continue
    for ((n = 1; n <= count; n++)); do
      rm -rf job && cp -r "before-$name" job
      killed_at "$call" "$n" "$name" && kills=$((kills + 1))
      if [ "$name" != first ] && [ ! -s job/run/checkpoint.safetensors ] && [ ! -s job/run/model.safetensors ]; then
        fail "$name, $call $n: the checkpoint is lost"
      fi
      before=$failures
      finish_run job/run "$name, killed at $call $n"
      [ "$failures" -eq "$before" ] && finished=$((finished + 1))
    done
  done < <(sort names | uniq -c | grep -vE ' (execve|exit_group)$')
  printf '%-12s %6d %6d %10d\n' "$name" "$(wc -l <names)" "$kills" "$finished"
  [ "$kills" -gt 0 ] || fail "$name: nothing was killed"
done

# ---- killed at random instants, the later the more of a run was killed already
instants=0
wants instants && instants=20
wants instants && [ "$long" = long ] && instants=1000
kills=0
runs=0
while [ $kills -lt $instants ]; do
  code=137
  here=0
  rm -rf job
  while [ $code -eq 137 ]; do
    # shellcheck disable=SC2086
    "$colonnade" $train --epochs 1500 --out job --resume=auto --checkpoint-every 2ms 2>stderr &
    runner=$!
    sleep "$(awk -v most=$((20 + 3 * here)) -v draw=$RANDOM 'BEGIN { print most * draw / 32768000 }')"
    kill -9 $runner 2>/dev/null
    code=0
    wait $runner 2>/dev/null || code=$?
    [ $code -ne 137 ] || kills=$((kills + 1)) here=$((here + 1))
  done
  equal "exit code of a run that was killed $here times" $code 0
  runs=$((runs + 1))
  cmp -s job/model.safetensors longer/model.safetensors || fail "a run that was killed $here times has another model"
  diff <(timeless job/metrics.jsonl) <(timeless longer/metrics.jsonl) >difference || fail "metrics: $(head -n 4 difference)"
done
wants instants && echo "random instants: $kills kills of $runs runs, all finished with the same model"

# ---- checkpoints that cannot be written are told and tried again, and the run ends as if nothing had been
for error in ENOSPC EIO EDQUOT; do
  wants failures || break
  for call in write fsync rename; do
    rm -rf job && mkdir job && : >job/metrics.jsonl
    path=()
    [ $call = write ] && path=(-P job/metrics.jsonl) # messages are written, too
    # shellcheck disable=SC2086
    strace "${options[@]}" -o trace ${path[@]+"${path[@]}"} -e "trace=$call" -e "inject=$call:error=$error:when=2..4" \
      "$colonnade" $train --epochs 1500 --out job --checkpoint-every 1ms 2>stderr
    equal "exit code with $call failing ($error)" $? 0
    holds "$call failing ($error)" '^note: (no checkpoint could be written: )?cannot write job/' stderr
    cmp -s job/model.safetensors longer/model.safetensors || fail "$call failing ($error): another model"
  done
done

# ---- at a signal or a time limit: exit code 1, and the older checkpoint as it was
if wants failures; then
  rm -rf job && cp -r before-replacement job
  before=$(sha256sum <job/run/checkpoint.safetensors)
  # shellcheck disable=SC2086
  strace "${options[@]}" -o trace -e trace=rename -e inject=rename:error=ENOSPC \
    "$colonnade" $train --out job/run --resume --time-limit 1ms 2>stderr
  equal "exit code of a last checkpoint that cannot be written" $? 1
  holds "a last checkpoint that cannot be written" \
    '^colonnade: stopped by the time limit, and the checkpoint could not be written: .*No space' stderr
  equal "the older checkpoint" "$(sha256sum <job/run/checkpoint.safetensors)" "$before"
  finish_run job/run "after a last checkpoint that could not be written"
fi

# ---- results that cannot be written: exit code 1, and the checkpoint stays until they can
for n in 1 2; do # run.json, model
  wants failures || break
  rm -rf job && cp -r before-end job
  # shellcheck disable=SC2086
  strace "${options[@]}" -o trace -e trace=rename -e "inject=rename:error=ENOSPC:when=$n+" \
    "$colonnade" $train --out job/run --resume 2>stderr
  equal "exit code of results that cannot be written" $? 1
  [ -s job/run/checkpoint.safetensors ] || fail "the checkpoint went away without its results"
  finish_run job/run "after results that could not be written"
done

# ---- a second signal once the results are written, with the checkpoint gone or going: nothing is said of it
wants signals || finish
rm -rf job && cp -r before-end job
# The first comes as the record is renamed, the second a slow disk later, as the checkpoint is removed.
# shellcheck disable=SC2086
strace -f -o trace -e trace=rename,unlink,fsync -e inject=rename:signal=TERM:when=1 -e inject=fsync:delay_enter=60000 \
  -e inject=unlink:signal=USR1 \
  "$colonnade" $train --out job/run --resume 2>stderr
equal "exit code of a second signal at the end" $? 75
holds "a second signal at the end" 'ended at once by a second signal, SIGUSR1; the results are written' stderr
# shellcheck disable=SC2086
expect 0 'job/run is finished: job/run/model.safetensors' $train --out job/run --resume=auto
same_run job/run "after a second signal at the end"

# ---- a second signal in a step of about a second: the process ends at once, and the checkpoint is as it was
head -n 20001 "$examples/adult.csv" >large.csv
slow="train large.csv --hidden 1024,1024 --batch-size all --threads 1 --progress none --checkpoint-every never --out slow"
# shellcheck disable=SC2086
"$colonnade" $slow --time-limit 1ms 2>stderr
equal "exit code of a run of slow steps" $? 75
for _ in $(seq 10); do # a try in which the step ends between the signals, and so with a new checkpoint, says nothing
  before=$(sha256sum <slow/checkpoint.safetensors)
  : >stderr # else the try before is seen here
  # shellcheck disable=SC2086
  "$colonnade" $slow --resume 2>>stderr &
  runner=$!
  until grep -q 'goes on in epoch' stderr || ! kill -0 $runner 2>/dev/null; do sleep 0.05; done
  kill -TERM $runner
  sleep 0.15
  kill -USR1 $runner 2>/dev/null
  wait $runner
  equal "exit code of a second signal" $? 75
  grep -q 'ended at once' stderr && break
done
holds "a second signal" 'ended at once by a second signal, SIGUSR1; the last checkpoint is intact' stderr
equal "the checkpoint before a second signal" "$(sha256sum <slow/checkpoint.safetensors)" "$before"
finish
