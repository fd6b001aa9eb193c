#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Where training and later tables meet: what was accepted to train from can be predicted and evaluated, whatever else a file holds.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1

# train RUN DATA options...
train() {
  local run=$1 data=$2
  shift 2
  expect 0 '' train --recipe plain "$data" --out "$run" --epochs 60 --progress none "$@"
}
rows=$(seq 1 40)

# ---- columns that the model does not use may hold anything
for i in $rows; do printf '%d,%b,%s,"%d,5",%d\n' "$i" 'b\xff' inf "$i" $((i > 20)); done | sed '1i x,bad,huge,comma,y' >extra.csv
train ignoring extra.csv --ignore bad,huge,comma --valid extra.csv
expect 0 'columns not used 3' predict ignoring extra.csv
equal "predictions" "$(wc -l <stdout)" 41
expect 0 '' predict ignoring extra.csv --keep x
holds "--keep of a used column" '^1,' stdout
expect 0 'columns not used 3: "bad", "huge", "comma"' evaluate ignoring extra.csv
expect 0 'columns not used 3: "bad", "huge", "comma"' predict ignoring - <extra.csv
awk -F, -v OFS=, '{ for (i = 1; i <= 30; i++) $0 = $0 OFS (NR == 1 ? "e" : "") i; print }' extra.csv >many.csv
expect 0 'columns not used 33: "bad", "huge", "comma", "e1", "e2", "e3",' predict ignoring many.csv
expect 0 '"e16", "e17" and 13 more' predict ignoring many.csv
cut -d, -f2- extra.csv >lacking.csv
expect 3 'lacking.csv: a column that the model was trained on is missing: "x"' predict ignoring lacking.csv
expect 3 'not valid UTF-8' predict ignoring extra.csv --keep bad
sed '2,$s/.$/inf/' extra.csv >unlabelled.csv
expect 0 '' predict ignoring unlabelled.csv
expect 3 'a label of neither class' evaluate ignoring unlabelled.csv

# ---- texts with a decimal comma that are categories stay so
for i in $rows; do printf '"%d,5",%d\n' $((i % 4)) $((i % 4 > 1)); done | sed '1i k,y' >comma.csv
train commas comma.csv --categorical k --valid comma.csv
expect 0 'never seen in training 0' predict commas comma.csv
sed '2s/"1,5"/L/' comma.csv >letter.csv
train letters letter.csv --valid comma.csv
expect 3 'a number with a comma' train --recipe plain comma.csv --out refused

# ---- labels whose texts differ while their floats do not
for i in $rows; do printf '%d,%s\n' "$i" "$([ "$i" -gt 20 ] && echo 1 || echo 01)"; done | sed '1i x,y' >zero.csv
train zeros zero.csv --categorical y --valid zero.csv --test zero.csv
expect 0 '' evaluate zeros zero.csv
holds "labels 01 and 1" '^AUC +1\.0' stdout
for i in $rows; do echo "$i,$((16777216 + (i > 20)))"; done | sed '1i x,y' >large.csv
train large large.csv --valid large.csv --test large.csv
expect 0 '' evaluate large large.csv
holds "labels 2^24 and 2^24 + 1" '^AUC +1\.0' stdout
expect 0 '' predict large large.csv
holds "the prediction is the label" ',16777217$' stdout
expect 0 '' train --recipe plain large.csv --init large --out again --epochs 1 --progress none
sed 's/,16777216$/,16777216.0/' large.csv >spelt.csv
expect 0 '' evaluate large spelt.csv
holds "another spelling of the label" '^AUC +1\.0' stdout
sed '2,9s/$/.0/' large.csv >spelt.csv
train spelt spelt.csv
expect 3 'every label is' train --recipe plain zero.csv --out refused

# ---- a table of one column suits a model of one
cut -d, -f1 large.csv >one.csv
expect 0 '' predict large one.csv
equal "predictions of one column" "$(wc -l <stdout)" 41
expect 3 '"y"' evaluate large one.csv
expect 3 '"x"' predict large <(sed 1s/x/z/ one.csv)

# ---- lists of columns mean those of the training table
for i in $rows; do echo "id$i,$i,$((i > 20))"; done | sed '1i id,x,y' >id.csv
cut -d, -f2,3 id.csv >without.csv
train ids id.csv --valid without.csv --test without.csv --ignore id
awk -F, '{print $2 "," $1 "," $3}' id.csv >order.csv
train order id.csv --valid order.csv --ignore 1
cmp -s ids/model.safetensors order/model.safetensors || fail "--ignore 1 left out another column of --valid"

finish
