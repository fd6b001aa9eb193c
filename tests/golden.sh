#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Files of every version that was released are read for ever: the models and the cache in tests/golden give the predictions that
# are kept beside them, to the bit, with every instruction set and number of threads.  Files of a later version are refused by name.
. "${top_srcdir:?}/tests/cli_testing.sh"
golden=$top_srcdir/tests/golden
cd "$scratch" || exit 1
isas=$("$colonnade" doctor --json | sed -n '/"isas"/,/]/p' | sed -n 's/^ *"\([a-z0-9]*\)",\{0,1\}$/\1/p')
[ -n "$isas" ] || fail "doctor names no instruction set"
n=0
for model in "$golden"/*.safetensors; do
  name=$(basename "$model" .safetensors)
  for isa in $isas; do
    COLONNADE_ISA=$isa "$colonnade" predict "$model" "$golden/table.csv" --threads 3 >predictions 2>stderr ||
      fail "$name, $isa: $(cat stderr)"
    cmp -s predictions "$golden/$name.csv" || fail "$name, $isa: other predictions: $(diff predictions "$golden/$name.csv" | head)"
  done
  "$colonnade" predict "$model" "$golden/table.cache" >predictions 2>stderr || fail "$name, from the cache: $(cat stderr)"
  cmp -s predictions "$golden/$name.csv" || fail "$name: other predictions from the cache"
  expect 0 '' inspect "$model"
  n=$((n + 1))
done
equal "models" "$n" 14

# The version is looked at before the checksum, which a later version may compute otherwise.
LC_ALL=C sed 's/\\"format\\":1,/\\"format\\":6,/' "$golden/relu.safetensors" >later.safetensors
expect 1 'later.safetensors: written by a newer Colonnade (format 6); this one reads up to 5' predict later.safetensors \
  "$golden/table.csv"
one_line
expect 1 'written by a newer Colonnade (format 6)' inspect later.safetensors
expect 1 'written by a newer Colonnade (format 6)' train --recipe plain "$golden/train.csv" --init later.safetensors --out later
cp "$golden/table.cache" later.cache
chmod +w later.safetensors later.cache
printf '\002' | dd of=later.cache bs=1 seek=8 conv=notrunc 2>/dev/null
expect 1 'version 2, written by a newer Colonnade' predict "$golden/relu.safetensors" later.cache
one_line

finish
