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
