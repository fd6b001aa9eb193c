#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# colonnade export as a command: what it writes where, and what it refuses.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
expect 0 '' train --recipe plain "$examples/cvd.csv" --out run --epochs 2 --hidden 3 --progress none

# ---- a model file or its run directory, to a file or standard output, the same bytes
for format in onnx c json; do
  expect 0 '' export run --format "$format"
  cp stdout "of-run.$format"
  [ -s "of-run.$format" ] || fail "$format: nothing on standard output"
  equal "standard error of $format" "$(cat stderr)" ''
  for options in '' '--out -'; do
    # shellcheck disable=SC2086
    expect 0 '' export run/model.safetensors --format "$format" $options
    cmp -s stdout "of-run.$format" || fail "$format $options: other bytes"
  done
  echo older >"file.$format"
  expect 0 '' export run --format "$format" --out "file.$format"
  equal "standard output of $format --out" "$(cat stdout)" ''
  cmp -s "file.$format" "of-run.$format" || fail "$format --out: other bytes"
done
cmp -s of-run.onnx of-run.c && fail "onnx and c are the same"
holds "JSON" '^\{"format":4,"kind":"model","label":\{"column":"cvd",' of-run.json
printf 'format = c\nout = configured.c\n' >config
expect 0 '' export run --config config
cmp -s configured.c of-run.c || fail "by a config file: other bytes"
[ -z "$(find . -name '*tmp*')" ] || fail "a temporary file stays"

# ---- --out is none of the files that a command reads, by whatever path or link, and nothing is touched
cp "$examples/cvd.csv" new.csv
ln -s run/model.safetensors soft && ln new.csv hard && ln -s "$PWD" here
printf 'out = settings\n' >settings
before=$(sha256sum run/* new.csv hard settings && stat -c %i new.csv && readlink soft)
while IFS='|' read -r arguments read_file; do
  # shellcheck disable=SC2086
  expect 2 "would overwrite $read_file, which ${arguments%% *} reads; choose another --out" $arguments
  one_line
done <<'LIST'
predict run new.csv --out new.csv|new.csv
predict run new.csv --out ./here/run/../new.csv|new.csv
predict run new.csv --out hard|new.csv
predict run hard --out new.csv|hard
predict run new.csv --out run/model.safetensors|run/model.safetensors
predict soft new.csv --out run/model.safetensors|soft
predict run new.csv --out soft|run/model.safetensors
predict run new.csv --config settings|settings
export run --format json --out run/model.safetensors|run/model.safetensors
export soft --format c --out here/soft|soft
export run --format c --out run/run.json|run/run.json
report run --out run/run.json|run/run.json
report here/run --out run/metrics.jsonl|here/run/metrics.jsonl
LIST
# shellcheck disable=SC2094 # it is not written
"$colonnade" predict run - --out new.csv <new.csv 2>stderr
equal "exit code of --out that is standard input" $? 2
holds "--out that is standard input" 'would overwrite standard input, which predict reads' stderr
equal "files that are read" "$(sha256sum run/* new.csv hard settings && stat -c %i new.csv && readlink soft)" "$before"
for options in '--out new.out' '--out -' '--out /dev/null'; do
  # shellcheck disable=SC2086
  expect 0 '' predict run new.csv $options
done
expect 0 '' report run --out run/report.html

# ---- wrong usage
expect 2 'export wants --format: onnx, c or json' export run
one_line
expect 2 '--format: "pmml" is not one of onnx, c, json' export run --format pmml
one_line
expect 2 'MODEL' export --format c
expect 2 'too many' export run run --format c
expect 2 '--hidden' export run --format c --hidden 3

# ---- no model, a damaged one, a checkpoint: the older file stays
echo older >older.c
expect 1 'nowhere' export nowhere --format c --out older.c
head -c 1000 run/model.safetensors >short.safetensors
expect 1 'short.safetensors' export short.safetensors --format c --out older.c
one_line
expect 1 'not a Colonnade model' export "$examples/cvd.csv" --format onnx --out older.c
expect 1 '' export run --format c --out nowhere/model.c
holds "a folder that is not there" 'nowhere/model\.c.*No such file or directory' stderr
expect 1 '' export run --format c --out .
equal "the older file" "$(cat older.c)" older
if [ "$(id -u)" -ne 0 ]; then # root may write anywhere
  mkdir readonly
  cp older.c readonly/
  chmod a-w readonly
  expect 1 'Permission denied' export run --format c --out readonly/older.c
  equal "the older file in a folder that cannot be written" "$(cat readonly/older.c)" older
  chmod u+w readonly
fi

finish
