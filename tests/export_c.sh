#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Exported C files give the bits of predict: for every recipe, and every option that shapes what a model does with a row, on rows
# with missing cells, levels never seen and extreme numbers.  ROWS=100000: the long form.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
. "$top_srcdir/tests/export/models.sh"
"$cc" --version >/dev/null 2>&1 || { echo "there is no C compiler named $cc"; exit 77; }
rows=${ROWS:-400}
table 1500 1 train >train.csv
table "$rows" 2 new >new.csv
table "$rows" 3 tame >tame.csv

n=0
while read -r name rows_of options; do
  # shellcheck disable=SC2086
  train "$name" $options
  [ "$rows_of" != far ] || rows_of=new
  "$colonnade" predict "$name" "$rows_of.csv" >predictions.csv 2>stderr || fail "$name: $(cat stderr)"
  as_c "$name" "$rows_of.csv"
  n=$((n + 1))
done < <(recipes)
echo "$n models of every kind, $rows rows each: the bits of predict, and 16 rows of its own each"

# ---- LibSVM text and .npy files: numbered columns
awk 'BEGIN { for (i = 1; i <= 300; i++)
  printf "%d%s%s%s\n", i * i % 17 < 8, i % 3 ? " 1:" i % 40 ".25" : "", " 2:-" i % 7, i % 31 ? "" : " 4:1e-3" }' >data.svm
awk 'BEGIN { print "1,2,3,4,label" }
  { split("0 0 0 0", cell, " "); for (t = 2; t <= NF; t++) { split($t, pair, ":"); cell[pair[1]] = pair[2] }
    print cell[1] "," cell[2] "," cell[3] "," cell[4] "," $1 }' data.svm >numbered.csv
for options in '--recipe plain' '--recipe plain --categorical 2' '--ensemble 2'; do
  # shellcheck disable=SC2086
  "$colonnade" train data.svm --out svm --force --epochs 2 --hidden 8 --progress none $options 2>train.err ||
    fail "LibSVM: $(cat train.err)"
  "$colonnade" predict svm numbered.csv >predictions.csv 2>stderr || fail "LibSVM: $(cat stderr)"
  as_c svm numbered.csv
done
{
  header="{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }"
  printf "\\x93NUMPY\\x01\\x00\\x76\\x00%-117s\\n" "$header"
  # 1 2 0, 3 4 1, 5 6 0, 7 8 1
  printf '\0\0\x80\x3f\0\0\0\x40\0\0\0\0\0\0\x40\x40\0\0\x80\x40\0\0\x80\x3f'
  printf '\0\0\xa0\x40\0\0\xc0\x40\0\0\0\0\0\0\xe0\x40\0\0\0\x41\0\0\x80\x3f'
} >data.npy
printf '1,2\n1,2\n3,4\n5,6\n7,8\n-1e9,\n' >numbered.csv
"$colonnade" train data.npy --recipe plain --out npy --epochs 2 --hidden 8 --valid-fraction 0 --progress none 2>train.err ||
  fail ".npy: $(cat train.err)"
"$colonnade" predict npy numbered.csv >predictions.csv 2>stderr || fail ".npy: $(cat stderr)"
as_c npy numbered.csv

# ---- a model whose names, levels and numbers are as hostile as a model's can be, by both compilers
"$(dirname "$COLONNADE")/tests/make_model" hostile.safetensors
for cc in gcc clang; do
  "$cc" --version >/dev/null 2>&1 || continue
  self_test hostile.safetensors
  echo '#define COLONNADE_DECLARATIONS
#include "model.c"
#undef COLONNADE_DECLARATIONS
#include "model.c"
int main(void) { struct colonnade_row row = {0}; return colonnade_prediction(&row) > 1; }' >caller.c
  if ! "$cc" "${strict[@]}" caller.c -lm -o caller 2>stderr || ! ./caller; then
    fail "declarations, then all: $(head -n 5 stderr)"
  fi
done

# ---- fields whose names collide or are taken
{
  echo 'int,INT,a b,a-b,a_b,1,2nd,errno,not eq,static assert,char16_t,const-cast,"comment */ ??/
two lines","Größe",,y'
  for i in $(seq 40); do
    echo "$((i % 7)),$((i % 5)),$((i % 3)),$((i % 11)),$((i * i % 13)),$i,$((i % 4)).5,x??/$((i % 3)),$((i % 9)).5,$((i %
      8)),$i.5,$((i * 3 % 17)),b$((i % 2)),c$((i % 4)),$((i % 6)).25,$((i * 7 % 2))"
  done
} >names.csv
"$colonnade" train names.csv --recipe plain --out names --epochs 1 --hidden 3 --progress none 2>train.err ||
  fail "names: $(cat train.err)"
self_test names
for field in 'float int_;' 'float int___2;' 'float a_b;' 'float a_b__4;' 'float a_b__5;' 'float c1;' 'float c2nd;' \
  'const char \*errno_;' 'const char \*comment_two_lines;' 'const char \*gr_e;' 'float c15;' \
  'float not_eq_;' 'float static_assert_;' 'float char16_t_;' 'float const_cast_;'; do
  holds "the fields" "^	$field" model.c
done

# ---- texts beyond what a string constant may have
{
  echo 'text,x,y'
  for i in $(seq 60); do printf '%0*d,%d,%d\n' "$((i % 3 * 2500 + 1))" "$((i % 3))" "$i" "$((i % 2))"; done
} >long.csv
"$colonnade" train long.csv --recipe plain --out long --categorical text --epochs 1 --hidden 3 --progress none 2>train.err ||
  fail "long texts: $(cat train.err)"
self_test long

# ---- the same bytes again, on any instruction set; other bytes of another model
"$colonnade" export plain --format c >once.c
COLONNADE_ISA=generic "$colonnade" export plain/model.safetensors --format c --out twice.c
cmp -s once.c twice.c || fail "another C file of the same model"
"$colonnade" export tanh --format c | cmp -s - once.c && fail "the same C file of another model"

finish
