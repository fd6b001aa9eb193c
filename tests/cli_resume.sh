#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs that are interrupted, by signals, a time limit, kill -9 and full disks, go on from their checkpoint and end with the files of
# a run that was never interrupted; what is not that run is refused by name, and nothing is ever started over silently.
. "${top_srcdir:?}/tests/cli_testing.sh"
. "$top_srcdir/tests/cli_interrupted.sh"
head -n 1501 "$examples/adult.csv" >"$scratch/data.csv"
cd "$scratch" || exit 1
options=(--epochs 60 --batch-size 32 --patience 0 --dropout 0.2 --hidden "64,32" --lr-schedule cosine --progress none)
endless=(--epochs 1000000 --patience 0 --hidden "64,32" --progress none)

# start_endless DIR [options]: in the background, with $runner, until it trains.
start_endless() {
  rm -f "$1/metrics.jsonl"
  "$colonnade" train --recipe plain data.csv --out "$@" "${endless[@]}" 2>"$scratch/stderr" &
  runner=$!
  await "$1/metrics.jsonl" "$runner"
}
# interrupt DIR [options]: an endless run, and SIGTERM while it trains.
interrupt() {
  start_endless "$@"
  kill -TERM "$runner"
  wait "$runner"
  equal "exit code of $1 after SIGTERM" $? 75
}

expect 0 '' train --recipe plain data.csv --out whole "${options[@]}"

# ---- every signal: exit code 75, a checkpoint, and the rest of the run is the same
names=(TERM INT USR1 USR2 XCPU)
# shellcheck disable=SC2016 # for the other shell
[ "$(bash -c 'kill -HUP $$; echo ignored' 2>/dev/null)" = ignored ] || names+=(HUP)
for name in "${names[@]}"; do
  rm -rf stopped
  start_endless stopped
  kill "-$name" "$runner"
  wait "$runner"
  equal "exit code of SIG$name" $? 75
  holds "SIG$name" "^colonnade: stopped by SIG$name in epoch [0-9]+, after step [0-9]+; stopped/checkpoint.safetensors is " stderr
  equal "files after SIG$name" "$(find stopped -type f -printf '%f\n' | sort | tr '\n' ' ')" \
    ".lock checkpoint.safetensors metrics.jsonl "
done
epochs=$(($(wc -l <stopped/metrics.jsonl) + 2))
expect 0 'goes on in epoch' train --recipe plain data.csv --out stopped "${endless[@]}" --epochs $epochs --resume --threads 1
expect 0 '' train --recipe plain data.csv --out unstopped "${endless[@]}" --epochs $epochs
equal "model of a run that was stopped by signals" "$(sha stopped/model.safetensors)" "$(sha unstopped/model.safetensors)"

(trap '' HUP && exec "$colonnade" train --recipe plain data.csv --out hung "${endless[@]}" 2>stderr) &
runner=$!
await hung/metrics.jsonl $runner
kill -HUP $runner
lines=$(wc -l <hung/metrics.jsonl)
until [ "$(wc -l <hung/metrics.jsonl)" -gt "$lines" ] || ! kill -0 $runner 2>/dev/null; do sleep 0.05; done
kill -TERM $runner
wait $runner
holds "SIGHUP where it is ignored" 'stopped by SIGTERM' stderr

# ---- before the first step there is nothing to save
mkfifo table
"$colonnade" train --recipe plain table --out early "${endless[@]}" 2>stderr &
runner=$!
exec 3>table
head -n 3 data.csv >&3
await early/.lock "$runner"
kill -TERM "$runner"
wait "$runner"
equal "exit code of a signal while rows are read" $? 75
exec 3>&-
holds "a signal while rows are read" 'stopped by SIGTERM before the first step: nothing was done' stderr
[ ! -e early ] || fail "a run that was stopped before it began leaves a directory"

# ---- a run cut into pieces
cut_off_by_limits pieces ' in epoch [0-9]+, after step ' --recipe plain data.csv "${options[@]}"
expect 9 'stopped by the time limit' train --recipe plain data.csv --out limited "${endless[@]}" --time-limit 200ms --requeue-exit 9

kill_at_random killed --recipe plain data.csv "${options[@]}"

# ---- what is not the same run is refused by name
interrupt changed
before=$(sha changed/checkpoint.safetensors)
expect 2 '--lr was 0.001, is 0.01: changed/checkpoint.safetensors is of another run' \
  train --recipe plain data.csv --out changed "${endless[@]}" \
  --resume --lr 0.01
expect 2 '--hidden was 64,32, is 64: ' train --recipe plain data.csv --out changed "${endless[@]}" --resume=auto --hidden 64
expect 2 '--seed was 1, is 2: ' train --recipe plain data.csv --out changed "${endless[@]}" --resume=auto --seed 2
expect 2 '--label was income, is sex: ' train --recipe plain data.csv --out changed "${endless[@]}" --resume=auto --label sex
expect 2 '--ignore was not given, is age: ' train --recipe plain data.csv --out changed "${endless[@]}" --resume=auto --ignore age
sed 's/^39,/38,/' data.csv >other.csv
expect 2 'training table was ' train --recipe plain other.csv --out changed "${endless[@]}" --resume
expect 2 'changed holds an unfinished run; go on with --resume' train --recipe plain data.csv --out changed "${endless[@]}"
expect 2 '--force and --resume cannot both be given' train --recipe plain data.csv --out changed "${endless[@]}" --force --resume
equal "a checkpoint after refusals" "$(sha changed/checkpoint.safetensors)" "$before"

# ---- unless it is allowed by name: what is new holds from there on, and the record says so to the end
cp -r changed allowed
expect 2 '--allow-change: "hidden" cannot differ in a run that goes on; what can: data, valid, test, ' \
  train --recipe plain data.csv --out allowed "${endless[@]}" --resume --hidden 64 --allow-change hidden
one_line
expect 2 '--allow-change is for a run that goes on: it needs --resume' \
  train --recipe plain data.csv --out new "${endless[@]}" --allow-change lr
expect 2 'is of another run; start a new one with --force or another --out, or go on with --allow-change dropout' \
  train --recipe plain data.csv --out allowed "${endless[@]}" --resume --lr 0.01 --dropout 0.1 --allow-change lr
equal "a checkpoint after a change that was not allowed" "$(sha allowed/checkpoint.safetensors)" "$before"
expect 75 'note: goes on although learning_rate was 0.001, is 0.01' train --recipe plain data.csv --out allowed "${endless[@]}" \
  --resume=auto --lr 0.01 --allow-change lr --time-limit 1ms
expect 2 '--lr was 0.01, is 0.001' train --recipe plain data.csv --out allowed "${endless[@]}" --resume
expect 2 'go on all the same: --allow-change data' train --recipe plain other.csv --out allowed "${endless[@]}" --resume --lr 0.01
expect 75 'note: goes on although training table was ' train --recipe plain other.csv --out allowed "${endless[@]}" \
  --resume --lr 0.01 --allow-change data,lr --time-limit 1ms
epochs=$(($(wc -l <allowed/metrics.jsonl) + 1))
expect 0 '' train --recipe plain other.csv --out allowed "${endless[@]}" --epochs $epochs --resume --lr 0.01
holds "the record of a run that was changed" '"allow-change": "lr,data",' allowed/run.json
expect 2 '--lr was 0.01, is 0.001: allowed/run.json' train --recipe plain other.csv --out allowed "${endless[@]}" \
  --epochs $epochs --resume=auto --allow-change lr
expect 0 'allowed is finished' train --recipe plain other.csv --out allowed "${endless[@]}" --epochs $epochs --resume=auto --lr 0.01
expect 0 '' train --recipe plain data.csv --out begun --epochs 1 --progress none --resume=auto --allow-change lr
holds "the record of a run that began" '"allow-change": null,' begun/run.json

# ---- regularisation that fades over the epochs is another one where there are more
fading=(--recipe plain data.csv --out fading "${endless[@]}" --weight-decay 0.1 --regularisation flat-cosine)
expect 75 'stopped by the time limit' train "${fading[@]}" --time-limit 1ms
expect 2 '--epochs was 1000000, is 1000' train "${fading[@]}" --epochs 1000 --resume
expect 75 'goes on although epochs was 1000000, is 900000' \
  train "${fading[@]}" --epochs 900000 --resume --allow-change epochs --time-limit 1ms

# ---- a checkpoint of hundreds of columns with tables of levels
awk 'BEGIN {
  for (c = 0; c < 300; c++) printf "c%d,", c
  print "y"
  for (i = 0; i < 100; i++) { for (c = 0; c < 300; c++) printf "l%d,", (i + c) % 5; print i % 2 }
}' >levels.csv
levels=(--recipe plain levels.csv --out levels --one-hot-levels 1 --hidden 2 --epochs 1000000 --patience 0 --progress none)
expect 75 'stopped by the time limit' train "${levels[@]}" --time-limit 1ms
expect 75 'goes on in epoch' train "${levels[@]}" --time-limit 1ms --resume

# ---- a table that has got more rows, with the default recipe; but no other level in the place of one
head -n 2001 "$examples/adult.csv" >few.csv
head -n 2101 "$examples/adult.csv" >more.csv
sed 's/,Sales,/,Trade,/' more.csv >renamed.csv
grown=(--out grown --effort quick --ensemble 1 --hidden 8 --epochs 100000 --patience 0 --ignore native-country --progress none)
expect 75 'stopped by the time limit' train few.csv "${grown[@]}" --time-limit 200ms
expect 2 'go on all the same: --allow-change data' train more.csv "${grown[@]}" --resume
expect 75 'note: goes on although training table was ' train more.csv "${grown[@]}" --resume --allow-change data --time-limit 1ms
expect 2 'levels of categories was ' train renamed.csv "${grown[@]}" --resume --allow-change data
awk 'BEGIN { srand(3); print "a,b,y"; for (i = 0; i < 7000; i++) { a = rand(); b = rand(); print a "," b "," (a > b) } }' >even.csv
head -n 5001 even.csv >fewer.csv
rates=(--out rates --effort quick --ensemble 1 --hidden 8 --epochs 100000 --patience 0 --progress none)
expect 75 'stopped by the time limit' train fewer.csv "${rates[@]}" --time-limit 200ms
expect 75 'note: goes on although scaling_rate was 3' train even.csv "${rates[@]}" --resume --allow-change data --time-limit 1ms
awk 'BEGIN { srand(4); print "a,b,y"; for (i = 0; i < 10100; i++) { a = rand(); b = rand(); print a "," b "," (a > b) } }' >most.csv
head -n 9001 most.csv >fewer.csv
crossing=(--valid-fraction 0 --out crossing --effort quick --hidden 8 --epochs 1000 --progress none)
expect 75 'stopped by the time limit' train fewer.csv "${crossing[@]}" --time-limit 200ms
expect 75 'note: goes on although learning_rate was 0.04' train most.csv "${crossing[@]}" --resume --allow-change data \
  --time-limit 1ms
holds "rates of more rows" 'goes on although dropout was 0.3' stderr

# ---- where a mini-batch is all rows, so is a block: more rows are told as such, and may be allowed
head -n 51 even.csv >small.csv
small=(--recipe plain small.csv --out small "${endless[@]}" --progress none)
expect 0 '' train --recipe plain small.csv --out ended --epochs 1 --progress none
expect 75 'stopped by the time limit' train "${small[@]}" --time-limit 1ms
head -n 61 even.csv >small.csv
expect 2 'DATA has changed (fingerprint' train --recipe plain small.csv --out ended --epochs 1 --progress none --resume=auto
expect 2 'block_size was 40, is 48; go on all the same: --allow-change data' train "${small[@]}" --resume
expect 2 '--block-size was 40, is 24' train "${small[@]}" --resume --allow-change data --block-size 24
expect 75 'note: goes on although block_size was 40, is 48' train "${small[@]}" --resume --allow-change data --time-limit 1ms
expect 75 'goes on in epoch' train "${small[@]}" --resume --time-limit 1ms
# where the rows are the same somebody gave it
expect 75 '' train "${small[@]}" --force --block-size 8 --time-limit 1ms
expect 2 'the checkpoint is of another training: block_size was 8, is 48' train "${small[@]}" --resume --allow-change data
! grep -q 'go on all the same' "$scratch/stderr" || fail "a block size that was given may follow from the rows"

cp data.csv elsewhere.csv
epochs=$(($(wc -l <changed/metrics.jsonl) + 1))
mv changed renamed
expect 0 '' \
  train --recipe plain elsewhere.csv --out renamed "${endless[@]}" --epochs $epochs --resume --threads 2 --json \
  --checkpoint-every never

# ---- a run that started from the model of its own directory, which is in `previous` until it is finished
expect 0 '' train --recipe plain data.csv --out tuned "${endless[@]}" --epochs 1
interrupt tuned --force --init tuned
expect 0 '' train --recipe plain data.csv --out tuned "${endless[@]}" --init ./tuned/model.safetensors --resume \
  --epochs $(($(wc -l <tuned/metrics.jsonl) + 1))
[ ! -e tuned/previous ] || fail "a finished run keeps the one that it started from"

# ---- nothing to continue; a finished run
expect 2 'there is nothing to continue in nowhere: it has no checkpoint' train --recipe plain data.csv --out nowhere --resume
[ ! -e nowhere ] || fail "a run that could not be continued leaves a directory"
expect 2 'there is nothing to continue in whole: the run is finished' \
  train --recipe plain data.csv --out whole "${options[@]}" --resume
before=$(sha whole/run.json)
expect 0 'whole is finished: whole/model.safetensors' \
  train --recipe plain data.csv --out whole "${options[@]}" --resume=auto --threads 2
expect 2 '--dropout was 0.2, is 0.3: whole/run.json' \
  train --recipe plain data.csv --out whole "${options[@]}" --resume=auto --dropout 0.3
expect 2 'DATA has changed (fingerprint ' train --recipe plain other.csv --out whole "${options[@]}" --resume=auto
# Seeds that are one and the same number as a double.
cvd=(train "$examples/cvd.csv" --recipe textbook --epochs 2 --progress none --out seeded)
expect 0 '' "${cvd[@]}" --seed 18446744073709551615
expect 0 'seeded is finished' "${cvd[@]}" --seed 18446744073709551615 --resume=auto
expect 2 '--seed was 18446744073709551615, is 18446744073709551614: seeded/run.json' \
  "${cvd[@]}" --seed 18446744073709551614 --resume=auto
expect 0 '' "${cvd[@]}" --json --force
cp stdout seeded.json
expect 0 'seeded is finished' "${cvd[@]}" --json --resume=auto
cmp seeded.json stdout || fail "a finished run prints another result: $(cat stdout)"
held=(train data.csv --recipe plain --epochs 2 --valid-fraction 0 --test-fraction 0.2 --ensemble 2 --progress none --json)
expect 0 '' "${held[@]}" --out held
sed 's/"out":"held"/"out":"moved"/' stdout >held.json
mv held moved
expect 0 'moved is finished' "${held[@]}" --out moved --resume=auto
cmp held.json stdout || fail "a finished run with rows held back prints another result: $(cat stdout)"
printf x >>moved/model.safetensors
expect 1 'moved/model.safetensors: ' "${held[@]}" --out moved --resume=auto
equal "the record of a finished run" "$(sha whole/run.json)" "$before"

# ---- a damaged checkpoint is refused, and nothing is started over
interrupt damaged
cp damaged/checkpoint.safetensors intact
size=$(stat -c %s intact)
for start in --resume --resume=auto; do
  printf 'X' | dd of=damaged/checkpoint.safetensors bs=1 seek=$((size - 100)) conv=notrunc status=none
  expect 1 'it was damaged: its checksum is' train --recipe plain data.csv --out damaged "${endless[@]}" $start
  head -c $((size - 1)) intact >damaged/checkpoint.safetensors
  expect 1 'was it cut short?' train --recipe plain data.csv --out damaged "${endless[@]}" $start
  cp whole/model.safetensors damaged/checkpoint.safetensors
  expect 1 'it holds a model, not a checkpoint' train --recipe plain data.csv --out damaged "${endless[@]}" $start
  cp intact damaged/checkpoint.safetensors
done
expect 1 'it holds a checkpoint, not a model' predict intact data.csv

# ---- what a killed process leaves behind goes away; what is not ours stays
touch damaged/.checkpoint.safetensors.tmp-99999 damaged/.model.safetensors.tmp-1-2 damaged/.mine.tmp-1
epochs=$(($(wc -l <damaged/metrics.jsonl) + 1))
expect 0 '' train --recipe plain data.csv --out damaged "${endless[@]}" --epochs $epochs --resume
equal "files after a resumed run" "$(find damaged -type f -printf '%f\n' | sort | tr '\n' ' ')" \
  ".lock .mine.tmp-1 metrics.jsonl model.safetensors report.html run.json "

# ---- killed between the model and the removal of the checkpoint: nothing is left to do but that
cp -r damaged late
cp intact late/checkpoint.safetensors
expect 0 'late is finished' train --recipe plain data.csv --out late "${endless[@]}" --epochs $epochs --resume
[ ! -e late/checkpoint.safetensors ] || fail "a finished run keeps its checkpoint"

# ---- a run that ended before its first checkpoint, and could not write its record: it is trained again, and kept once
short=(train data.csv --recipe plain --epochs 2 --progress none)
expect 0 '' "${short[@]}" --out complete
mkdir short && ln -s nowhere/run.json short/run.json
expect 1 'cannot write short/run.json: ' "${short[@]}" --out short
equal "model of a run without a record" "$(sha short/model.safetensors)" "$(sha complete/model.safetensors)"
rm short/run.json
cp -r short another
expect 2 'short holds an unfinished run (a model without run.json); go on with --resume=auto' "${short[@]}" --out short
expect 2 'there is nothing to continue in short: it has no checkpoint' "${short[@]}" --out short --resume
expect 0 '' "${short[@]}" --out short --resume=auto
equal "its model" "$(sha short/model.safetensors)" "$(sha complete/model.safetensors)"
equal "its files" "$(ls short)" "$(ls complete)"
expect 0 'short is finished' "${short[@]}" --out short --resume=auto
before=$(sha another/model.safetensors)
expect 0 'note: what was in another before is in another/previous' "${short[@]}" --out another --resume=auto --seed 2
equal "a model without a record of another run" "$(sha another/previous/model.safetensors)" "$before"
# Killed between the record and the model.
rm short/model.safetensors
expect 0 '' "${short[@]}" --out short --resume=auto
equal "model of a run that was killed behind its record" "$(sha short/model.safetensors)" "$(sha complete/model.safetensors)"

# ---- --force starts an unfinished run over, also after an interruption of its own
interrupt forced
mkdir replaced && cp whole/* replaced
interrupt forced --force
epochs=$(($(wc -l <forced/metrics.jsonl) + 1))
expect 0 '' train --recipe plain data.csv --out forced "${endless[@]}" --epochs $epochs --resume
[ ! -e forced/previous ] || fail "a forced run that was interrupted keeps what it replaced: $(ls forced/previous)"

# ---- divergence: exit code 4, with the layer, the step and the feature; --recover repeats the epoch, and tells
wild=(--lr 1e6 --optimizer sgd --hidden 8 --epochs 3 --progress none)
expect 4 'the feature with the largest values is "' train --recipe plain data.csv --out wild "${wild[@]}"
expect 0 'epoch 1 starts again with half the learning rate (1 of 100 times)' \
  train --recipe plain data.csv --out wild "${wild[@]}" --recover 100
recoveries=$(sed -n 's/^  "recoveries": \([0-9]*\),$/\1/p' wild/run.json)
[ "$recoveries" -ge 1 ] || fail "run.json tells of $recoveries recoveries"
equal "recoveries in metrics.jsonl" "$(grep -c "\"recoveries\":$recoveries}" wild/metrics.jsonl)" 3
expect 4 '--recover did not help' train --recipe plain data.csv --out wild "${wild[@]}" --recover $((recoveries - 1)) --force

# ---- durations
for text in 0 5 5x -1s 1e3s ''; do
  expect 2 '--time-limit' train --recipe plain data.csv --out durations --time-limit "$text"
done
finish
