#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ensembles through the program: runs that are interrupted in any member end with the files of a run that was never interrupted, and
# the same model for any number of threads and instruction set.
. "${top_srcdir:?}/tests/cli_testing.sh"
. "$top_srcdir/tests/cli_interrupted.sh"
head -n 1201 "$examples/adult.csv" >"$scratch/data.csv"
cd "$scratch" || exit 1
options=(--ensemble 3 --epochs 12 --batch-size 32 --patience 0 --dropout 0.2 --hidden "32,16" --lr-schedule cosine
  --calibrate temperature --progress none)

expect 0 '' train --recipe plain data.csv --out whole "${options[@]}"
for member in 0 1 2; do
  equal "lines of member $member" "$(grep -c "^{\"member\":$member,\"epoch\":" whole/metrics.jsonl)" 12
done
holds "run.json" '^  "members": 3,$' whole/run.json
holds "run.json" '^    "ensemble": 3,$' whole/run.json
expect 0 '' inspect whole
holds "inspect" '^ensemble: 3 members of ' stdout
holds "inspect" '^calibration: logits are divided by the temperature [0-9.]+$' stdout
holds "run.json" '^  "temperature": [0-9.]+,$' whole/run.json
expect 0 '' inspect whole --json
equal "members of inspect --json" "$(grep -c '"epochs_run"' stdout)" 3
expect 0 '' evaluate whole data.csv --json

# ---- cut off in any member
cut_off_by_limits pieces ' in epoch [0-9]+ of member [123] of 3, after step [0-9]+[,;]' --recipe plain data.csv "${options[@]}"
kill_at_random killed --recipe plain data.csv "${options[@]}"

# ---- another number of members is another run
expect 75 'stopped by the time limit in epoch ' \
  train --recipe plain data.csv --out changed "${options[@]}" --epochs 100000 --time-limit 100ms
expect 2 '--ensemble was 3, is 4: changed/checkpoint.safetensors is of another run' \
  train --recipe plain data.csv --out changed "${options[@]}" \
  --epochs 100000 --ensemble 4 --resume
expect 2 '--ensemble: "0" is not a whole number from 1 to 64' train --recipe plain data.csv --out changed --ensemble 0
expect 2 '--calibrate was temperature, is none: ' train --recipe plain data.csv --out changed "${options[@]}" --epochs 100000 \
  --calibrate none --resume
expect 2 'the model to start from is an ensemble of 3 members' train --recipe plain data.csv --out changed --force --init whole

# ---- members and epochs that are chosen from the rows are named as they were chosen
head -n 801 data.csv >few.csv # too few for small networks before the first step
expect 75 ' of member 1 of 16, after step ' \
  train few.csv --out chosen --progress none --time-limit 1ms
expect 75 ' of member 1 of 16, after step ' \
  train few.csv --out chosen --progress none --time-limit 1ms --resume

# ---- what small networks have decided before a training is not decided again when it goes on; the time limit is heard by them, too
# stopped_behind_small_networks DIR options...: at the first checkpoint.
stopped_behind_small_networks() {
  local directory=$1
  shift
  expect 75 'stopped by the time limit before the first step: nothing was done, and nothing is lost; to get beyond it' \
    train "$@" --out "$directory" --time-limit 1ms
  [ ! -e "$directory" ] || fail "a time limit before the first step leaves $directory"
  "$colonnade" train "$@" --out "$directory" --threads 1 --checkpoint-every 1ms >stdout 2>stderr &
  await "$directory/checkpoint.safetensors" $!
  kill -TERM $!
  wait $!
  equal "exit code of $directory" $? 75
}
decided=(data.csv --hidden 16 --epochs 12 --progress none)
expect 0 'note: numbers scaled by their quantiles get bins: the log loss of small networks on ' train "${decided[@]}" --out bins
expect 0 '' inspect bins
holds "inspect" '^piecewise embeddings: of 3 numbers, ' stdout
stopped_behind_small_networks bins_too "${decided[@]}"
holds "a run that is stopped" 'the log loss of small networks on ' stderr
expect 0 'goes on in epoch' train "${decided[@]}" --out bins_too --resume --threads 3
! grep -q 'small networks' stderr || fail "a training that goes on tries again whether there are bins"
expect 0 'bins_too is finished' train "${decided[@]}" --out bins_too --resume=auto
! grep -q 'small networks' stderr || fail "a finished run tries again whether there are bins"
equal "model with bins of a run that was stopped" "$(sha bins_too/model.safetensors)" "$(sha bins/model.safetensors)"

head -n 1501 "$examples/adult.csv" | awk -F, -v copies=3 -f "$top_srcdir/tests/beside_noise.awk" >wide.csv
selected=(wide.csv --hidden 16 --epochs 4 --progress none)
expect 0 'columns are left out (--feature-selection=false keeps all): the log loss of small networks on ' \
  train "${selected[@]}" --out selected
expect 0 '' inspect selected
! grep -q 'native-country_2' stdout || fail "the model knows a column that says nothing"
expect 0 '' check wide.csv
! grep -q 'small networks' stdout stderr || fail "check trains networks"
stopped_behind_small_networks selected_too "${selected[@]}"
holds "a run that is stopped" 'columns are left out ' stderr
expect 0 'goes on in epoch' train "${selected[@]}" --out selected_too --resume --threads 3
! grep -q 'small networks' stderr || fail "a training that goes on selects columns again"
expect 0 'selected_too is finished' train "${selected[@]}" --out selected_too --resume=auto
! grep -q 'small networks' stderr || fail "a finished run selects columns again"
equal "model of a run that was stopped" "$(sha selected_too/model.safetensors)" "$(sha selected/model.safetensors)"
cut -d, -f42 --complement wide.csv >without.csv # native-country_2
expect 0 '' predict selected wide.csv --out with_all.csv
expect 0 '' predict selected without.csv --out without_one.csv
cmp with_all.csv without_one.csv || fail "what is predicted depends on a column that was left out"
expect 0 '' train "${selected[@]}" --out kept --feature-selection=false
expect 0 '' inspect kept
holds "inspect" 'native-country_2' stdout

# ---- the same model on any instruction set
isas=$("$colonnade" doctor --json | sed -n '/"isas"/,/]/p' | sed -n 's/^ *"\([a-z0-9]*\)",\{0,1\}$/\1/p')
for isa in $isas; do
  COLONNADE_ISA=$isa expect 0 '' train --recipe plain data.csv --out isa "${options[@]}" --force --threads 5
  equal "model by $isa" "$(sha isa/model.safetensors)" "$(sha whole/model.safetensors)"
done

# ---- one member is a single network, as if the option did not exist
expect 0 '' train --recipe plain data.csv --out one --ensemble 1 --epochs 2 --progress none
expect 0 '' train --recipe plain data.csv --out single --epochs 2 --progress none
equal "model of one member" "$(sha one/model.safetensors)" "$(sha single/model.safetensors)"
! grep -q member one/metrics.jsonl || fail "lines of a single network name a member"

# ---- a calibrated network keeps its weights; without rows to fit to there is nothing to calibrate by, and a note
expect 0 '' train --recipe plain data.csv --out calibrated --epochs 2 --progress none --calibrate temperature
weights() { tail -c 4000 "$1/model.safetensors" | sha256sum; }
equal "weights of a calibrated model" "$(weights calibrated)" "$(weights single)"
expect 0 'needs rows that are not trained on' train --recipe plain data.csv --out uncalibrated --epochs 1 --valid-fraction 0 \
  --calibrate temperature
holds "inspect" '^  "temperature": 1,$' uncalibrated/run.json

# ---- what standard error shows
expect 0 'member 2/2' train --recipe plain data.csv --out shown --ensemble 2 --epochs 2 --progress lines --calibrate temperature \
  --threads 1
holds "progress" '^data      1200 rows to train on in 5 folds, of which each member validates on one' stderr
holds "progress" '; an ensemble of 2$' stderr
holds "progress" '^4 epochs of 2 members in .*; temperature [0-9.]+$' stderr

# ---- members side by side: every line names its member, every epoch of every member is there once
expect 0 'kernels' train --recipe plain data.csv --out lanes "${options[@]}" --progress lines --threads 3
equal "model of lanes" "$(sha lanes/model.safetensors)" "$(sha whole/model.safetensors)"
equal "epochs" "$(grep -o '"member":[0-9]*,"epoch":[0-9]*' lanes/metrics.jsonl | sort -u | wc -l)" 36
equal "lines" "$(wc -l <lanes/metrics.jsonl)" 36
if grep -q '; 3 members at a time$' stderr; then
  holds "progress" '^member   epoch  train loss' stderr
  for member in 1 2 3; do
    equal "lines of member $member" "$(grep -c "^   $member/3  *[0-9]* " stderr)" 12
  done
else
  grep -q ' of 1 allowed' stderr || fail "three threads train no three members at a time: $(cat stderr)"
fi
finish
