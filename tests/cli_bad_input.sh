#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Wrong paths, tables that cannot be used, damaged models, full devices: the message and exit code of each, and no model written.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
cvd=$examples/cvd.csv
"$colonnade" train --recipe plain "$cvd" --out good --epochs 2 2>/dev/null || fail "the model for these tests cannot be trained"

# refused CODE TEXT FILE-TEXT options...: training on a table with this text.
refused() {
  local code=$1 text=$2
  printf '%b' "$3" >table.csv
  shift 3
  expect "$code" "$text" train --recipe plain table.csv --out refused "$@"
  [ ! -e refused/model.safetensors ] || fail "a model came out of: $(cat table.csv)"
  [ ! -s stdout ] || fail "something on standard output for: $(cat table.csv)"
  rm -rf refused
}

# ---- paths
expect 1 'cannot open nowhere.csv: No such file or directory' train --recipe plain nowhere.csv --out refused
expect 1 'is a directory' train --recipe plain . --out refused
expect 1 'cannot open nowhere.csv' train --recipe plain "$cvd" --valid nowhere.csv --out refused
expect 1 'cannot open nowhere.csv' train --recipe plain "$cvd" --test nowhere.csv --out refused
expect 1 'cannot open nowhere: No such file or directory' train --recipe plain "$cvd" --init nowhere --out refused
expect 1 'cannot open nowhere' predict nowhere "$cvd"
expect 1 'cannot open nowhere.csv' predict good nowhere.csv
expect 1 'cannot open nowhere' evaluate nowhere "$cvd"
expect 1 'cannot open nowhere' inspect nowhere
expect 1 'cannot write nowhere/out.csv: cannot create ' predict good "$cvd" --out nowhere/out.csv
[ ! -e refused ] || fail "a run that could not begin leaves a directory"
if [ "$(id -u)" -ne 0 ]; then # nothing is unreadable to root
  cp "$cvd" secret.csv
  chmod 0 secret.csv
  expect 1 'cannot open secret.csv: Permission denied' train --recipe plain secret.csv --out refused
fi

# ---- tables
refused 3 'table.csv' ''
refused 3 'no row' 'a,b\n'
refused 3 'every label is "x"' 'a,b\n1,x\n2,x\n'
refused 3 'table.csv:4:3: a third label value ("z"' 'a,b\n1,x\n2,y\n3,z\n'
refused 3 'only one column' 'a\n1\n2\n'
refused 3 'table.csv:3:' 'a,b\n1,x\n2\n3,y\n'
refused 3 'table.csv:3:1: ' 'a,b\n1,x\n2z,y\n3,x\n4,y\n' --numeric a
refused 3 '"c"' 'a,b\n1,x\n2,y\n' --label c
refused 2 '--positive q' 'a,b\n1,x\n2,y\n' --positive q
refused 3 '--ignore: table.csv has no column "q"' 'a,b\n1,x\n2,y\n' --ignore q
refused 3 '--categorical: table.csv has no column "q"' 'a,b\n1,x\n2,y\n' --categorical q
refused 3 '"q"' 'a,b\n1,x\n2,y\n' --weight q
refused 3 'table.csv:3:' 'w,a,b\n1,1,x\n-1,2,y\n1,3,x\n1,4,y\n' --weight w
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo "x$i,yes"; done | sed '1i a,b' >many.csv
expect 3 'many.csv:2:1:' train --recipe plain many.csv --numeric a --out refused
[ "$(wc -l <stderr)" -le 11 ] || fail "more than ten bad cells and a count: $(wc -l <stderr) lines"

# ---- packed files are named, not read as text, wherever they come from
for size in 100 100000; do
  { printf '\050\265\057\375'; head -c "$size" /dev/zero; } >table.zst
  expect 3 'table.zst is a zstd file, which is not read here (unpack it: zstd -dc FILE | colonnade ... -)' \
    train --recipe plain table.zst --out refused
  expect 3 'standard input is a zstd file' train --recipe plain - --out refused < <(cat table.zst)
  expect 3 'table.zst is a zstd file' predict good table.zst
  expect 3 'standard input is a zstd file' predict good - <table.zst
  expect 3 'table.zst is a zstd file' convert table.zst refused.cache
  expect 3 '' check table.zst
  holds "check" '^table.zst is a zstd file' stdout
done

# ---- what could steer a terminal is not printed, wherever a text of the table is
esc=$(printf '\033')
for table in 'a,l\033b\n1,x\033\n2,x\033\n' 'a,l\033b\n1,x\033\n2,y\n3,z\007\n' 'w\033,c\n1\033,x\n2,y\n'; do
  printf '%b' "$table" >steer.csv
  "$colonnade" train --recipe plain steer.csv --out steered --force --epochs 1 2>stderr
  "$colonnade" train --recipe plain steer.csv --out steered --force --epochs 1 --weight 1 2>>stderr
  ! grep -q "[$esc$(printf '\007')]" stderr || fail "control characters on standard error: $(cat -v stderr)"
done
{
  printf 'a,b\033,l\033\n'
  for i in $(seq 40); do printf '%s,\302\2331,x\033\n%s,1,y\007\n' "$i" "$i"; done
  printf '1\033,2,y\007\n'
} >steer.csv
expect 0 '"y?" is positive' train --recipe plain steer.csv --out steered --force --epochs 1
cp stderr notes
"$colonnade" check steer.csv >>notes 2>&1
expect 2 '--positive q: the label column "l?" has the values "x?" and "y?"' \
  train --recipe plain steer.csv --out steered --force --positive q
! LC_ALL=C grep -q "[$esc$(printf '\007')]\|$(printf '\302\233')" stderr notes || fail "control characters: $(cat -v stderr notes)"
sed "1s/\$/,\"w$esc\"/; 2,\$s/\$/,1/" steer.csv >weighted.csv
expect 0 '' train --recipe plain weighted.csv --weight "w$esc" --label "l$esc" --out weighted --epochs 1
expect 0 'columns not used 1: "w?"' predict steered weighted.csv
expect 0 'there is no column "w?" for the weight' evaluate weighted steer.csv
expect 0 'rarer cells of "b?" have no point' importance steered steer.csv --partial "b$esc" --points 2

# ---- a table that does not suit the model
cut -d, -f2- "$cvd" >short.csv
expect 3 '"weight"' predict good short.csv
sed 's/254/25x4/' "$cvd" >text.csv
expect 3 'text.csv:3:1: ' predict good text.csv
expect 3 '--keep: ' predict good "$cvd" --keep nothing
sed 's/254/" 254\t"/' "$cvd" >spaces.csv # around a number they are no part of it, also where its text is kept
"$colonnade" predict good spaces.csv >of-numbers 2>/dev/null
expect 0 '' predict good spaces.csv --keep weight
equal "predictions beside texts that are kept" "$(cut -d, -f2- stdout)" "$(cat of-numbers)"
equal "a cell that is kept as it stands" "$(sed -n 's/^\(" 254\t"\),.*/\1/p' stdout)" "$(printf '" 254\t"')"
cut -d, -f1,2 "$cvd" >unlabelled.csv
expect 3 '"cvd"' evaluate good unlabelled.csv
expect 3 'no column "CVD" for the label; did you mean "cvd"?' train "$cvd" --label CVD --out refused
"$colonnade" predict good unlabelled.csv >/dev/null 2>&1 || fail "rows without a label cannot be predicted"
sed 's/,1$/,2/' "$cvd" >third.csv
expect 3 'third.csv:3:' evaluate good third.csv

# ---- a table without a header, whose first row would be names
sed '1d; 2s/,/.5,/' "$cvd" >headless.csv
expect 0 'note: the first line looks like data, not names; --no-header reads it so: "150' \
  train --recipe plain headless.csv --out headless --epochs 1
holds "what is next" '^next      colonnade predict headless NEW[.]csv > ' stderr
expect 0 '' check --recipe plain headless.csv
holds "check" '^note      the first line looks like data' stdout
wants='(the first line looks like data: a table without a header wants --no-header)'
expect 3 "columns that the model was trained on are missing: \"weight\", \"height\" $wants" predict good headless.csv
expect 3 "there is no column \"cvd\" for the label $wants" evaluate good headless.csv
expect 0 '' train --recipe plain headless.csv --out headless --force --epochs 1 --no-header
holds "what is next" '^next      colonnade predict headless NEW[.]csv --no-header > ' stderr
! grep -q 'looks like data' "$scratch/stderr" || fail "columns that are numbered look like data: $(cat "$scratch/stderr")"
tr ',' '|' <"$cvd" >bars.csv
expect 0 '' train --recipe plain bars.csv --out=-bars --epochs 1 --separator '|'
holds "what is next" "^next      colonnade predict [.]/-bars NEW[.]csv --separator '[|]' > " stderr
headed() { # NAMES LIKE-DATA: of two to five columns of numbers and a text
  awk -v names="$1" 'BEGIN { n = split(names, all, ","); print names ",y"
    for (i = 0; i < 30; i++) { for (k = 0; k < n; k++) printf "%d,", i * 7 % (11 + k); print i % 2 ? "no" : "yes" } }' >headed.csv
  expect 0 '' check headed.csv
  equal "names $1" "$(grep -c 'the first line looks like data' stdout)" "$2"
}
headed 3,17 1
headed 1,2 0
headed 3,17,255 1
headed 2000,2005,2010 0
headed 0,1,3,4,7 0
headed 0,1,3,2,7 1
expect 3 '"3" for the label' evaluate headless headless.csv
holds "a model of numbered columns" 'wants --no-header' "$scratch/stderr"
expect 0 '' evaluate headless headless.csv --no-header

# ---- a damaged model
head -c 100 good/model.safetensors >cut.safetensors
expect 1 'cut.safetensors' predict cut.safetensors "$cvd"
expect 1 'cut.safetensors' inspect cut.safetensors
: >empty.safetensors
expect 1 'empty.safetensors' evaluate empty.safetensors "$cvd"
expect 1 '' inspect "$cvd"

# ---- a run that diverges: exit code 4, the step and the likely cause, and no model
expect 4 '--lr' train --recipe plain "$cvd" --lr 1e6 --optimizer sgd --scale none --valid-fraction 0 --out diverged
[ ! -e diverged/model.safetensors ] || fail "a run that diverged wrote a model"

# ---- full devices
if [ -w /dev/full ]; then
  for command in "predict good $cvd" "evaluate good $cvd" "evaluate good $cvd --json" "inspect good" \
    "train $cvd --json --epochs 1 --out full"; do
    # shellcheck disable=SC2086
    "$colonnade" $command >/dev/full 2>stderr
    equal "exit code of $command on a full device" $? 1
    holds "$command on a full device" 'cannot write standard output: No space left on device' stderr
  done
  expect 1 'cannot write /dev/full: No space left on device' predict good "$cvd" --out /dev/full
fi

# ---- a full disk, as a limit on the size of files: nothing half written stays
head -n 2001 "$examples/adult.csv" >adult.csv
(
  ulimit -f 8 # of 1024 bytes: the model is larger
  exec "$colonnade" train --recipe plain adult.csv --out limited --epochs 1 --progress none
) 2>stderr
equal "exit code with a limit on files" $? 1
holds "a limit on files" 'model.safetensors: File too large' stderr
(
  ulimit -f 1 # the lines of twenty epochs are more, too
  "$colonnade" train --recipe plain "$cvd" --epochs 20 --patience 0 --progress none --out limited --force 2>stderr
)
holds "a limit on two files" '^colonnade: cannot write limited/model.safetensors: File too large$' stderr
holds "a limit on two files" '^cannot write limited/metrics.jsonl: File too large$' stderr
equal "what stays of a model that did not fit" "$(find limited -name '*safetensors*')" ""

# Of many bad cells the ten earliest are told, row by row, however many columns there are: each column alone has more than ten.
{
  echo "$(seq -s , 1 2000),y"
  for row in $(seq 12); do echo "$(yes inf | head -n 2000 | paste -sd ,),$((row % 2))"; done
} >wide.csv
expect 3 'wide.csv:2:1: not a finite number' train --recipe plain wide.csv --out wide
holds "the tenth bad cell" '^wide.csv:2:37: not a finite number' "$scratch/stderr"
holds "the count of the others" '^\.\.\. and 23990 more errors$' "$scratch/stderr"
equal "lines told" 11 "$(grep -c . "$scratch/stderr")"

# As many texts where a model learnt numbers, and, as rows were written before, the line with which reading ended.
awk 'BEGIN {
  print "weight,height"
  for (i = 1; i <= 800000; i++) print (i > 500000 && i <= 500006 ? "heavy,tall" : "150.0000000,70.00000000")
}' >texts.csv
expect 3 'texts.csv:500002:1: not a number ("heavy", column "weight"; the model learnt' predict good texts.csv
holds "the tenth text" '^texts.csv:500006:7: not a number \("tall", column "height"' "$scratch/stderr"
holds "the count of the others" '^\.\.\. and 2 more errors$' "$scratch/stderr"
holds "the end of the reading" '^\(reading ended at line [5-7][0-9]{5}\)$' "$scratch/stderr"
equal "lines told" 12 "$(grep -c . "$scratch/stderr")"

# Columns with a few texts among numbers: the first is told with its place, the others by name.
awk 'BEGIN {print "a,b,c,y"; for (i = 1; i <= 60; i++) print (i == 5 ? "x" : i) "," (i == 6 ? "x" : i) "," i "," i % 2}' >dirty.csv
expect 0 'dirty.csv:6:1: column "a" is taken as categories because of 1 cell' train --recipe plain dirty.csv --out dirty --epochs 1
holds "what to do" 'that is no number, most often "x" .1.; if it stands for a gap, --missing names it; --numeric' "$scratch/stderr"
holds "the other column" 'so is a column: "b" ."x": 1.$' "$scratch/stderr"

# So are columns half of which are texts, and numbers with signs; not more texts than that, nor what was said to be categories.
awk 'BEGIN {print "half,more,signs,said,y"
  for (i = 0; i < 120; i++) print (i % 2 ? i : "gap" (i % 6 == 2)) "," (i % 2 || i == 4 ? "t" i % 3 : i) "," \
    (i % 3 ? "-$1\0470" 10 + i : i % 2 ? "\342\202\254 5" : i ".5 %") "," (i == 7 ? "x" : i % 60) "," i % 2}' >dirty.csv
expect 0 'dirty.csv:2:1: column "half" is taken as categories because of 60 cells that are no number, most often "gap0" (40)' \
  train --recipe plain dirty.csv --out dirty --force --epochs 1 --categorical said
holds "the column with signs" 'so is a column: "signs" .".*": [0-9]*.$' "$scratch/stderr"
expect 0 '' train --recipe plain dirty.csv --out dirty --force --epochs 1 --ignore half,said
holds "that column alone" 'column "signs" is no column of numbers because of 120 cells, as ".*", that would be' "$scratch/stderr"
expect 0 '' check --recipe plain dirty.csv --categorical said
holds "remarks: half" '^  half  *text  *0 .* all numbers but 60 ."gap0": 40.$' stdout
holds "remarks: more" '^  more  *text  *0 .* different  *most "t[0-2]" .[0-9]*.$' stdout
holds "remarks: signs" '^  signs  *text  *0 .* numbers but for signs .".*".$' stdout
holds "remarks: said" '^  said  *text  *0 .* different  *most ".*" .[0-9]*.$' stdout

# Standard input is no file to open again, and still the column of a place is told.
expect 3 'standard input:3:4: a row weight is not a number' \
  train --recipe plain - --weight w --out nowhere < <(printf 'a,w,y\n1,1,0\n22,x,1\n')
expect 3 'standard input:3:6: a label is missing' \
  train --recipe plain - --out nowhere < <(printf 'a,b,y\n1,1,0\n22,1,\n3,4,1\n')

# ---- columns that tell rows apart are named, but for those that were said to be what they are; texts do not become features
awk 'BEGIN {print "id,key,a,y"; for (i = 7; i < 67; i++) print i ",k" i "," i % 9 "," i % 2}' >rows.csv
expect 0 'note: a column looks like an identifier of the rows (--ignore leaves it out): "id"' \
  train --recipe plain rows.csv --out rows --epochs 1
holds "texts left out" '^note: a column is left out, because it has another text in every row: "key"$' "$scratch/stderr"
expect 0 '' inspect rows
holds "the others" '"?id"? ' "$scratch/stdout"
! grep -q key "$scratch/stdout" || fail "the column key is in the model: $(grep key "$scratch/stdout")"
expect 0 '' predict rows rows.csv --out got.csv
expect 0 '' train --recipe plain rows.csv --out rows --epochs 1 --numeric id --ignore key --force
! grep -q 'identifier\|left out' "$scratch/stderr" || fail "told of what was given: $(cat "$scratch/stderr")"
expect 0 '' predict rows rows.csv --out wanted.csv
cmp got.csv wanted.csv || fail "a column that is left out takes part"
cut -d , -f 2,4 rows.csv >keys.csv
expect 3 'no column left to learn from' train --recipe plain keys.csv --out keys --epochs 1
head -n 19 rows.csv >few.csv # in so few rows it may be chance
expect 0 '' train --recipe plain few.csv --out few --epochs 1 --valid-fraction 0
! grep -q 'left out' "$scratch/stderr" || fail "left out of 18 rows: $(cat "$scratch/stderr")"
# A model that has the column goes on with it.
expect 0 '' train --recipe plain rows.csv --init few --out again --epochs 1
! grep -q 'left out' "$scratch/stderr" || fail "left out of a model that has it: $(cat "$scratch/stderr")"
holds "its use with a model" '"name":"key","use":"feature"' again/run.json
holds "its use without" '"name":"key","use":"ignored"' rows/run.json
! grep '"name":"key"' rows/run.json | grep -q psi || fail "drift of a column that is left out"
expect 0 '' check rows.csv --model few
! grep -q 'left out' "$scratch/stdout" || fail "check leaves out what the model has: $(grep 'left out' "$scratch/stdout")"

finish
