#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# LibSVM text and .npy files take the place of the CSV with the same cells: the same model, predictions and metrics, to the byte,
# from files, pipes, gz and column caches; and what cannot be read says so.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
has_zlib=no
"$colonnade" doctor | grep -q 'zlib: yes' && has_zlib=yes

# rows FIRST LAST: LibSVM text; feature 3 is rare, 5 only in rows from 290 on, 4 never
rows() {
  awk -v first="$1" -v last="$2" 'BEGIN {
    for (i = first; i <= last; i++) {
      line = i * i % 17 < 8 ? "+1" : "-1"
      if (i % 3) line = line " 1:" i % 40 ".25"
      line = line " 2:-" i % 7
      if (i % 31 == 0) line = line " 3:1e-3"
      if (i >= 290) line = line " 5:" i
      print line (i % 10 ? "" : " # row " i) } }'
}
# dense N: CSV of the same cells with N features, from LibSVM text
dense() {
  awk -v n="$1" 'BEGIN { for (c = 1; c <= n; c++) printf "%d,", c; print "label" }
    { split("", cell)
      for (t = 2; t <= NF && $t != "#"; t++) { split($t, pair, ":"); cell[pair[1]] = pair[2] }
      for (c = 1; c <= n; c++) printf "%s,", c in cell ? cell[c] : 0
      print $1 }'
}
# model NAME DATA options...
model() {
  local name=$1
  shift
  rm -rf "$name"
  expect 0 '' train --recipe plain "$@" --out "$name" --epochs 2 --hidden 4 --progress none
}
same() { cmp -s "$2/model.safetensors" "$3/model.safetensors" || fail "$1: another model"; }

rows 1 300 >data.svm
dense 5 <data.svm >data.csv
model of-csv data.csv

# ---- the same model in every form
model run data.svm
same 'LibSVM text' run of-csv
cp data.svm data.txt
model run data.txt
same 'LibSVM text by its content' run of-csv
model run - <data.txt
same 'LibSVM text as standard input' run of-csv
sed 's/ /\t/; s/$/\r/' data.txt >tabs.libsvm
model run tabs.libsvm
same 'tabs and carriage returns, by the name' run of-csv
expect 3 'a third label value' train --recipe plain - --out refused <tabs.libsvm # by its content it might be a table with tabs
if [ "$has_zlib" = yes ]; then
  gzip -c data.svm >data.svm.gz
  model run data.svm.gz
  same 'gz' run of-csv
  gzip -c data.svm >unnamed
  model run unnamed
  same 'gz without a name' run of-csv
fi
expect 0 'columns   6 of numbers (0 without their texts), 0 of texts' convert data.svm data.cache
expect 0 '' convert data.csv csv.cache
cmp -s data.cache csv.cache || fail 'another cache'
model run data.cache
same 'its cache' run of-csv
for options in '--label 2 --ignore label --categorical 1' '--ignore 2,5 --positive -1' \
  '--label label --weight 1 --class-weight balanced'; do
  # shellcheck disable=SC2086
  if "$colonnade" train --recipe plain data.csv --out other --force --epochs 1 --hidden 3 --progress none $options 2>csv.err; then
    # shellcheck disable=SC2086
    expect 0 '' train --recipe plain data.svm --out run --force --epochs 1 --hidden 3 --progress none $options
    same "$options" run other
  else
    # shellcheck disable=SC2086
    expect 3 '' train --recipe plain data.svm --out run --force --epochs 1 --hidden 3 --progress none $options
    equal "$options" "$(sed 's/.*: //; s/data.svm/data.csv/' stderr)" "$(sed 's/.*: //' csv.err)"
  fi
done
expect 0 'the label is the last column, "label"' train --recipe plain data.svm --out run --force --epochs 1

# ---- fewer and more features than the model, in predict, evaluate, --valid and --test, with --init
rows 1 200 >fewer.svm
rows 280 300 | sed 's/ # .*//; s/$/ 9:1 12:2/' >more.svm
dense 5 <fewer.svm >fewer.csv
sed 's/ 9:1 12:2//' more.svm | dense 5 >more.csv
for table in data fewer more; do
  for command in predict evaluate; do
    "$colonnade" "$command" of-csv "$table.csv" >wanted 2>/dev/null || fail "$command $table.csv"
    expect 0 '' "$command" of-csv "$table.svm"
    cmp -s wanted stdout || fail "$command $table.svm: another result"
  done
  expect 0 '' predict of-csv "$table.svm"
  extra=0
  [ "$table" != more ] || extra=7
  holds "the report of $table.svm" "columns not used $extra(: .*)?\$" stderr
done
"$colonnade" predict of-csv - <fewer.svm 2>/dev/null | cmp -s - <("$colonnade" predict of-csv fewer.csv 2>/dev/null) ||
  fail 'predict from standard input: another result'
"$colonnade" predict of-csv fewer.csv --keep 2,label >wanted 2>/dev/null
expect 0 '' predict of-csv fewer.svm --keep 2,label
cmp -s wanted stdout || fail '--keep writes other cells'
model other data.csv --valid fewer.csv --test more.csv
model run data.svm --valid fewer.svm --test more.svm
same '--valid and --test' run other
model other fewer.csv --init of-csv/model.safetensors
model run fewer.svm --init of-csv/model.safetensors
same '--init' run other
printf '1 1:2\n' | expect 3 'a column that the model was trained on is missing: "weight"' predict "$(
  "$colonnade" train --recipe plain "$examples/cvd.csv" --ignore height --out cvd --epochs 1 --progress none 2>/dev/null
  echo cvd)" -

# ---- what cannot be read
printf '1 1:1\n0 2:1 2:3\n1 x\n' >bad.svm
expect 3 'bad.svm:2:7: an index that is not greater than the one before it ("2:3"; they must ascend)' \
  train --recipe plain bad.svm --out refused
holds 'the second mistake' '^bad\.svm:3:3: not index:value \("x"; ' stderr
expect 3 'bad.svm:2:7:' convert bad.svm bad.cache
expect 3 'bad.svm:2:7:' predict of-csv bad.svm
expect 3 'standard input:1:3: a query' predict of-csv - < <(printf '2 qid:1 1:1\n')
printf '1 1:1\n0 2:1\n2 1:3\n' >third.svm
expect 3 'third.svm:3:1: a third label value ("2", column "label"' train --recipe plain third.svm --out refused
printf '1 1:1\n0 2:1\n 1 2:-3\n' |
  expect 3 'standard input:3:4: a row weight is negative ("-3", column "2"' train --recipe plain - --weight 2 --out refused
for option in --no-header '--separator tab'; do
  # shellcheck disable=SC2086
  expect 2 "${option% *}: data.svm is LibSVM text, whose columns are always 1, 2, ... and label" \
    train data.svm --out refused $option
  # shellcheck disable=SC2086
  expect 2 "${option% *}: standard input is LibSVM text" predict of-csv - $option < <(head -n 3 data.svm)
  # shellcheck disable=SC2086
  expect 2 "${option% *}: data.txt is LibSVM text" convert data.txt refused.cache $option
done
awk 'BEGIN { for (i = 0; i < 600000; i++) print "1"; print "0 999999:1" }' >wide.svm
COLONNADE_MEMORY=2G expect 1 'wide.svm: 600001 rows need 2400 GB' train --recipe plain wide.svm --out refused
COLONNADE_MEMORY=100M expect 1 'wide.svm: out of memory: 999999 columns need 488 MiB' train --recipe plain wide.svm --out refused
for file in refused/model.safetensors bad.cache refused.cache; do
  [ ! -e "$file" ] || fail "$file came of what was refused"
done

# ---- CSV that has to do with colons stays CSV
printf 'when,x,y\n10:30,1,0\n11:45,2,1\n10:30,3,0\n11:45,4,1\n' >times.csv
expect 0 '' train --recipe plain times.csv --out run --force --epochs 1 --valid-fraction 0 --progress none
printf '1\t1:30\t0\n2\t2:45\t1\n1\t1:30\t0\n2\t2:45\t1\n' >times.tsv
expect 0 '' train --recipe plain times.tsv --no-header --out run --force --epochs 1 --valid-fraction 0 --progress none
printf '1 1:30 0\n2 2:45 1\n1 1:30 0\n2 2:45 1\n' >times.txt
expect 0 '' \
  train --recipe plain times.txt --no-header --separator ' ' --out run --force --epochs 1 --valid-fraction 0 --progress none

# ---- .npy: two-byte integers, which awk can write
# npy N_COLUMNS ORDER: from CSV without a header; ORDER: rows or columns, one behind the other
npy() {
  awk -F, -v n="$1" -v order="$2" '
    function byte(b) { printf "%c", b }
    { for (c = 1; c <= n; c++) cell[NR, c] = $c }
    END {
      header = "{\x27descr\x27: \x27<i2\x27, \x27fortran_order\x27: " (order == "columns" ? "True" : "False")
      header = header ", \x27shape\x27: (" NR ", " n "), }"
      while ((10 + length(header) + 1) % 64) header = header " "
      byte(147); printf "NUMPY"; byte(1); byte(0); byte(length(header) + 1); byte(0); printf "%s\n", header
      for (i = 0; i < NR * n; i++) {
        x = order == "columns" ? cell[i % NR + 1, int(i / NR) + 1] : cell[int(i / n) + 1, i % n + 1]
        if (x < 0) x += 65536
        byte(x % 256); byte(int(x / 256)) } }'
}
export LC_ALL=C
awk 'BEGIN { for (i = 1; i <= 300; i++) print i % 40 - 20 "," i * 91 % 1000 "," i % 3 "," (i * i % 17 < 8) }' >plain.txt
npy 4 rows <plain.txt >rows.npy
npy 4 columns <plain.txt >columns.npy
equal 'the length of a .npy file' "$(stat -c %s rows.npy)" "$((128 + 300 * 4 * 2))"
model of-csv plain.txt --no-header
for order in rows columns; do
  model run "$order.npy"
  same "$order.npy" run of-csv
  model run - <"$order.npy"
  same "$order.npy as standard input" run of-csv
  # shellcheck disable=SC2002 # a pipe is meant
  cat "$order.npy" | "$colonnade" predict of-csv - >got 2>stderr || fail "predict from a pipe: $(cat stderr)"
  "$colonnade" predict of-csv plain.txt --no-header >wanted 2>/dev/null
  cmp -s wanted got || fail "predict from a pipe: another result"
  for command in predict evaluate; do
    "$colonnade" "$command" of-csv plain.txt --no-header >wanted 2>wanted.err
    expect 0 '' "$command" of-csv "$order.npy"
    cmp -s wanted stdout || fail "$command $order.npy: another result"
    cmp -s wanted.err stderr || fail "$command $order.npy: another report"
  done
  rm -f npy.cache
  expect 0 '' convert "$order.npy" npy.cache
  model run npy.cache
  same "the cache of $order.npy" run of-csv
  model run "$order.npy" --valid "$order.npy" --test npy.cache
done
"$colonnade" predict of-csv plain.txt --no-header --keep 2,4 >wanted 2>/dev/null
expect 0 '' predict of-csv columns.npy --keep 2,4
cmp -s wanted stdout || fail '--keep writes other cells of a .npy file'
if [ "$has_zlib" = yes ]; then
  gzip -c rows.npy >unnamed
  model run unnamed
  same 'a .npy file as gz' run of-csv
  expect 0 '' predict of-csv unnamed
fi
expect 3 'a third label value ("-17", column "1"' train rows.npy --label 1 --out refused
holds 'its row' '^rows\.npy, row 3: ' stderr
head -c 2000 rows.npy >cut.txt
expect 1 'cut.txt: this .npy file is damaged: 300 rows of 4 columns take 2400 bytes, and there are 1872' train cut.txt --out refused
expect 1 'cut.txt: this .npy file is damaged' predict of-csv cut.txt
expect 1 'cut.txt: this .npy file is damaged' convert cut.txt refused.cache
cp plain.txt text.npy
expect 1 'text.npy: this .npy file is damaged: it does not begin like one' train text.npy --out refused
for option in --no-header '--separator tab'; do
  # shellcheck disable=SC2086
  expect 2 "${option% *}: rows.npy is a .npy file, whose columns are always 1, 2, ..." train rows.npy --out refused $option
  # shellcheck disable=SC2086
  expect 2 "${option% *}: rows.npy is a .npy file" predict of-csv rows.npy $option
done
[ ! -e refused.cache ] || fail 'a cache of a file that is cut short'

finish
