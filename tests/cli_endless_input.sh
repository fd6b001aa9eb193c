#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Input without an end is refused by its beginning, at the latest where a line or field is longer than any may be; texts that a
# model file has no room for are refused before the training.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
cvd=$examples/cvd.csv
"$colonnade" train --recipe plain "$cvd" --out good --epochs 2 2>/dev/null || fail "the model for these tests cannot be trained"

expect 1 '/dev/zero: not a Colonnade model: it does not begin like a safetensors file' inspect /dev/zero
expect 1 'not a Colonnade model: its header claims' inspect - < <(yes '{')

# Text without an end: a file that it would be spooled to is limited, and memory where no sanitizer needs addresses of its own.
ulimit -f 100000
case $(nm "$colonnade" 2>/dev/null) in *__asan_init* | *__tsan_init*) ;; *) ulimit -S -v 3000000 ;; esac
# endless TEXT: it, again and again, without line ends; far more than a limit, so that a reader without one ends as well
endless() { yes "$1" | tr -d '\n' | head -c 1000000000; }
nul='1:1: a NUL byte (this is no UTF-8 text'
expect 3 "/dev/zero:$nul" train /dev/zero --out endless
expect 3 "/dev/zero:$nul" convert /dev/zero endless.cache
expect 3 "/dev/zero:$nul" predict good /dev/zero
expect 3 "standard input:$nul" evaluate good - </dev/zero
expect 3 "standard input:$nul" predict good - < <(cat /dev/zero)
expect 3 'standard input:1:6: a NUL byte' train - --out endless < <(printf 'a,b,y'; cat /dev/zero)
if "$colonnade" doctor | grep -q 'zlib: yes'; then
  expect 3 'standard input:1:1: a NUL byte' train - --out endless < <(gzip -c /dev/zero)
fi
expect 3 'standard input:3:1: a line of more than 268435456 bytes' train - --out endless < <(head -n 2 "$cvd"; endless yyyyyyyy)
expect 3 'standard input:3:1: a field of more than 1048576 bytes' predict good - < <(head -n 2 "$cvd"; endless yyyyyyyy)
expect 3 'standard input:3:1: a field of more than 1048576 bytes' predict good - < <(head -n 2 "$cvd"; echo '"'; yes)
# 512 MiB, where reading ends, are within the 537th of such fields: a row as whole as any, and not the last of them.
(head -c 1000000 /dev/zero | tr '\0' y; echo ,) | tr -d '\n' >cell
expect 3 'standard input:2: a row of more than 268435456 bytes' predict good - \
  < <(echo "weight,height,$(seq -s , 3 537)"; yes cell | head -n 600 | xargs cat 2>stopped)
equal "what a table without an end leaves" "$(find . -name 'endless*')" ""
ulimit -S -v unlimited

# What a model file has no room for is told before the training: a control character takes seven bytes of its header
text=$(head -c 1000000 /dev/zero | tr '\0' '\1')
for ((i = 0; i < 19; i++)); do printf '%d,%s%02d,%d\n' $((i % 7)) "$text" "$i" $((i % 2)); done >long.csv
sed -i '1i a,"the, texts",y' long.csv
expect 3 'bytes that a model file has for it, most of them for "the, texts" (15 different texts)' \
  train --recipe plain long.csv --epochs 1 --out long
[ ! -e long ] || fail "a run that cannot be saved leaves a directory"
rm long.csv

finish
