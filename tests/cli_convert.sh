#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A column cache takes the place of the text that it was made from: the same model, fingerprint, predictions and metrics, to the
# byte, whatever the options are; and where it cannot, or is damaged, it says so.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1

convert() { # CSV CACHE options...
  expect 0 'cache     ' convert "$@"
}
fingerprint_of() { sed -n "/\"$2\": {/,/}/s/.*\"fingerprint\": \"\(.*\)\"/\1/p" "$1/run.json"; }
# Notes without places, of which the text has line and column, the cache the row, and without the names of the two.
notes() { grep '^note' stderr | sed -E 's/^note: [^ ]+(, row [0-9]+|:[0-9]+:[0-9]+): /note: /; s/[^ ]+\.(csv|cache)/TABLE/g'; }

# same WHAT CSV CACHE options...: trains on both, and compares models, notes and the tables' fingerprints.
same() {
  local what=$1 csv=$2 cache=$3
  shift 3
  rm -rf of-text of-cache
  expect 0 '' train --recipe plain "$csv" --out of-text --epochs 2 --progress none "$@"
  notes >of-text.notes
  expect 0 '' train --recipe plain "$cache" --out of-cache --epochs 2 --progress none "$@"
  notes >of-cache.notes
  cmp -s of-text/model.safetensors of-cache/model.safetensors || fail "$what: the cache gives another model"
  equal "$what: notes" "$(cat of-cache.notes)" "$(cat of-text.notes)"
  for table in data valid_data test_data; do
    equal "$what: fingerprint of $table" "$(fingerprint_of of-cache "$table")" "$(fingerprint_of of-text "$table")"
  done
  [ -n "$(fingerprint_of of-text data)" ] || fail "$what: there is no fingerprint"
}

# ---- every kind of column: numbers, numbers with gaps and other spellings, categories with gaps, a label of texts, weights, a
# column that is nearly numbers, one without any cell, one of many different numbers
{
  echo 'x,spelt,job,zip,w,dirty,empty,label,many,quoted'
  for i in $(seq 1 400); do
    spelt=$i
    [ $((i % 3)) -ne 0 ] || spelt=$i.0
    [ $((i % 7)) -ne 0 ] || spelt=NA
    [ $((i % 8)) -ne 0 ] || spelt=-0
    job=clerk
    [ $((i % 5)) -ne 0 ] || job=smith
    [ $((i % 11)) -ne 0 ] || job=
    dirty=$((i % 9))
    [ "$i" -ne 250 ] || dirty=nine
    label=no
    [ $((i * i % 17)) -lt 8 ] || label=yes
    echo "$((i % 40)).5,$spelt,$job,0$((i % 4)),$((1 + i % 3)),$dirty,,$label,-$i.0625,\"$((i % 3)), \"\"q\"\"\""
  done
} >kinds.csv
convert kinds.csv kinds.cache
same kinds kinds.csv kinds.cache --label label
expect 0 'kinds.cache, row 250: column "dirty"' \
  train --recipe plain kinds.cache --out of-cache --force --epochs 1 --label label --progress none
same weights kinds.csv kinds.cache --label 8 --weight w --class-weight balanced
same lists kinds.csv kinds.cache --label label --categorical zip,x --ignore dirty,many --numeric spelt
same "one feature" kinds.csv kinds.cache --label label --ignore x,spelt,zip,w,dirty,empty,many,quoted
expect 3 'a third label value ("1", column "w"' train --recipe plain kinds.cache --out refused --label w
holds "a label of three values" '^kinds\.cache, row 3: ' stderr
expect 3 'kinds.cache, row 250: not a number ("nine", column "dirty"' \
  train --recipe plain kinds.cache --out refused --label label --numeric dirty
expect 3 'has no column "nothing"' train --recipe plain kinds.cache --out refused --ignore nothing
expect 2 'both numeric and categorical' train --recipe plain kinds.cache --out refused --numeric x --categorical x

# ---- the same file for any threads, and from gz and standard input
OMP_NUM_THREADS=5 convert kinds.csv again.cache --threads 3
cmp -s kinds.cache again.cache || fail "another number of threads makes another cache"
if "$colonnade" doctor | grep -q 'zlib: yes'; then
  gzip -k kinds.csv
  convert kinds.csv.gz again.cache
  cmp -s kinds.cache again.cache || fail "gz makes another cache"
fi
"$colonnade" convert - again.cache <kinds.csv 2>stderr || fail "convert from standard input: $(cat stderr)"
cmp -s kinds.cache again.cache || fail "standard input makes another cache"

# ---- a real table, and the other commands; caches and texts beside each other, files, pipes and standard input
head -n 4001 "$examples/adult.csv" >adult.csv
convert adult.csv adult.cache
same Adult adult.csv adult.cache --test-fraction 0.2
same "Adult's --valid and --test" adult.csv adult.cache --valid adult.cache --test adult.csv
cp of-text/model.safetensors model
for command in "predict model" "evaluate model"; do
  # shellcheck disable=SC2086
  "$colonnade" $command adult.csv >of-text.txt 2>of-text.err || fail "$command adult.csv"
  # shellcheck disable=SC2086
  "$colonnade" $command adult.cache >of-cache.txt 2>of-cache.err || fail "$command adult.cache: $(cat of-cache.err)"
  cmp -s of-text.txt of-cache.txt || fail "$command: another result from the cache"
  cmp -s of-text.err of-cache.err || fail "$command: another report from the cache: $(cat of-cache.err)"
done
"$colonnade" predict model adult.csv --keep age,fnlwgt,occupation >of-text.txt 2>/dev/null
"$colonnade" predict model adult.cache --keep age,fnlwgt,occupation >of-cache.txt 2>stderr || fail "--keep: $(cat stderr)"
sed 's/,?,/,,/' of-text.txt | cmp -s - of-cache.txt || fail "--keep writes other cells" # gaps are empty in a cache
expect 0 '' train --recipe plain adult.cache --init model --out again --epochs 1 --progress none
for input in 'cat adult.cache' 'gzip -c adult.cache'; do
  case $input in gzip*) "$colonnade" doctor | grep -q 'zlib: yes' || continue ;; esac
  $input | "$colonnade" predict model - >of-cache.txt 2>stderr || fail "$input into predict: $(cat stderr)"
  "$colonnade" predict model adult.csv 2>/dev/null | cmp -s - of-cache.txt || fail "$input: other predictions"
done
"$colonnade" predict model - <adult.cache 2>/dev/null | cmp -s - of-cache.txt || fail "a cache as standard input: other predictions"

# ---- labels whose texts differ while their floats do not, and texts that numbers stand for
for i in $(seq 1 40); do echo "$i,0$((i % 4)),$((16777216 + (i > 20)))"; done | sed '1i x,k,y' >large.csv
convert large.csv large.cache
same "labels of nine digits" large.csv large.cache
same "categories 00 to 03" large.csv large.cache --categorical k
sed '2,9s/16777216$/16777216.0/' large.csv >spelt.csv
convert spelt.csv spelt.cache
same "another spelling of the label" spelt.csv spelt.cache
expect 3 'a third label value' train --recipe plain spelt.csv --categorical y --out refused
expect 3 'a third label value' train --recipe plain spelt.cache --categorical y --out refused

# ---- more different numbers than texts are kept of, unless told to
seq 70000 | awk 'BEGIN { print "id,x,y" } { print "1" $1 "," $1 % 100 "," ($1 % 7 > 3) }' >many.csv
convert many.csv many.cache
holds "the count of columns without texts" '3 of numbers \(1 without their texts\), 0 of texts, 0 left out' stderr
same "many numbers" many.csv many.cache --epochs 1
expect 3 'the texts of column "id" are needed' train --recipe plain many.cache --out refused --categorical id
holds "how to keep them" 'more than 65536 different ones; make the cache again with --categorical' stderr
expect 3 'the texts of column "id" are needed' train --recipe plain many.cache --out refused --label id
expect 3 'the texts of column "id" are needed' predict of-text many.cache --keep id
convert many.csv many.cache --categorical id
same "many numbers with texts" many.csv many.cache --epochs 1 --categorical id
same "many numbers with texts, as numbers" many.csv many.cache --epochs 1

# ---- what is an error in the text is one when the cache is made, or, where it was not looked at then, when it is used
for i in $(seq 1 40); do printf '%d,%b,%s,"%d,5",%d\n' "$i" 'b\xff' inf "$i" $((i > 20)); done |
  sed '1i x,bad,huge,comma,y' >odd.csv
expect 3 'odd.csv:2:3: not valid UTF-8' convert odd.csv odd.cache
expect 3 'odd.csv:2:6: not a finite number' convert odd.csv odd.cache --ignore bad
expect 3 'odd.csv:2:10: a number with a comma' convert odd.csv odd.cache --ignore bad,huge
[ ! -e odd.cache ] || fail "a cache of a bad table"
convert odd.csv odd.cache --ignore bad,huge,comma
same "columns left out" odd.csv odd.cache --ignore bad,huge,comma
expect 3 'among the ignored ones' train --recipe plain odd.cache --out refused --label huge
expect 3 '--keep: column "bad" was left out' predict of-text odd.cache --keep bad
expect 0 'columns not used 3' predict of-text odd.cache
convert odd.csv odd.cache --ignore bad --categorical huge,comma
same "texts that look like numbers" odd.csv odd.cache --ignore bad --categorical huge,comma
expect 3 'odd.cache, row 1: not a finite number ("inf", column "huge"' train --recipe plain odd.cache --out refused
holds "both columns" '^odd.cache, row 5: a number with a comma \("5,5", column "comma"' "$scratch/stderr"
holds "the count of the others" '^\.\.\. and 70 more errors$' "$scratch/stderr"
expect 3 'odd.cache, row 1: a number with a comma ("1,5", column "comma"' train --recipe plain odd.cache --out refused --ignore huge
expect 3 'kinds.csv:251:' convert kinds.csv odd.cache --numeric dirty
printf 'a,b\n' >empty.csv
expect 3 'there is a header, but no row' convert empty.csv odd.cache

# ---- what text is made of belongs to convert
tr ',' ';' <large.csv | sed 1d >semicolon.txt
convert semicolon.txt semicolon.cache --separator semicolon --no-header
rm -rf of-text of-cache
expect 0 '' train --recipe plain semicolon.txt --separator semicolon --no-header --out of-text --epochs 2 --progress none
expect 0 '' train --recipe plain semicolon.cache --out of-cache --epochs 2 --progress none
cmp -s of-text/model.safetensors of-cache/model.safetensors || fail "--no-header: the cache gives another model"
expect 2 '--separator: semicolon.cache is a column cache' train --recipe plain semicolon.cache --separator semicolon --out refused
expect 2 '--no-header: semicolon.cache is a column cache' predict of-text semicolon.cache --no-header

# ---- files
expect 2 'large.csv exists and is no column cache' convert kinds.csv large.csv
equal "what would have been overwritten" "$(head -n 1 large.csv)" x,k,y
expect 2 'kinds.cache is a column cache already' convert kinds.cache again.cache
expect 2 'cannot be standard output' convert kinds.csv -
expect 2 'OUT is missing' convert kinds.csv
expect 1 'cannot write' convert kinds.csv nowhere/x.cache
expect 1 'it is a directory' convert kinds.csv .
: >new.cache
convert kinds.csv new.cache
convert large.csv new.cache
cmp -s new.cache large.cache || fail "a cache takes the place of another"
leftovers=$(find . -name '.*tmp*')
equal "temporary files" "$leftovers" ""

# ---- damage: tests/test_cache.c goes through every bit
size=$(stat -c %s adult.cache)
for cut in 1 7 40 1000 $((size / 2)) $((size - 1)); do
  head -c "$cut" adult.cache >cut.cache
  expect 1 'cut.cache: this column cache is damaged: ' predict model cut.cache
done
for at in 0 3 4 9 30 100 $((size / 2)) $((size - 1)); do
  cp adult.cache flipped.cache
  byte=$(od -An -tu1 -j "$at" -N 1 adult.cache)
  printf '%b' "\\x$(printf %02x $((byte ^ 16)))" | dd of=flipped.cache bs=1 seek="$at" conv=notrunc status=none
  expect 1 'flipped.cache: this column cache is ' train --recipe plain flipped.cache --out refused
done
[ ! -e refused ] || fail "a run directory of a table that was refused"

finish
