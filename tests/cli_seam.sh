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
expect 0 '' predict ignoring extra.csv --keep 'x, comma,'
holds "a list with a space" '^1,"1,5",' stdout
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
expect 0 '' train --recipe plain large.csv --init large --positive 16777217.0 --out again --epochs 1 --progress none
expect 2 'the positive class of the model to start from is "16777217"' \
  train --recipe plain large.csv --init large --positive 16777216.0 --out again --force --epochs 1
sed 's/,16777216$/,16777216.0/' large.csv >spelt.csv
expect 0 '' evaluate large spelt.csv
holds "another spelling of the label" '^AUC +1\.0' stdout
sed '2,9s/$/.0/' large.csv >spelt.csv
train spelt spelt.csv
expect 3 'every label is' train --recipe plain zero.csv --out refused

# ---- texts and numbers that are gaps by --missing are so wherever the model goes, without being told
awk 'BEGIN { print "x,k,c,y"
  for (i = 0; i < 300; i++)
    printf("%s,%s,%s,%d\n", i % 9 ? i * i % 101 ".5" : "unknown", i % 7 ? i % 11 : "-999", i % 5 ? "c" i % 4 : "unknown",
      i * i % 101 < 50) }' >marked.csv
sed 's/unknown//g; s/-999/NA/' marked.csv >gaps.csv
train marked marked.csv --missing ' unknown,-999.0 ' --valid marked.csv
train gaps gaps.csv --valid gaps.csv
expect 0 'missing cells 137;' predict gaps gaps.csv --out gaps.out
for way in 'predict marked marked.csv' 'predict marked gaps.csv' 'predict marked -'; do
  # shellcheck disable=SC2086
  expect 0 'missing cells 137;' $way --out marked.out <marked.csv
  cmp -s marked.out gaps.out || fail "$way: other predictions"
done
expect 0 '' inspect marked
holds "inspect" '^also missing: -999,unknown$' stdout
expect 0 '' evaluate gaps gaps.csv --json
cp stdout gaps.json
expect 0 '' evaluate marked marked.csv --json
cmp -s stdout gaps.json || fail "other metrics: $(diff stdout gaps.json)"
expect 0 '' importance gaps gaps.csv
cp stdout gaps.importance
expect 0 '' importance marked marked.csv
cmp -s stdout gaps.importance || fail "another importance: $(diff stdout gaps.importance)"
expect 0 '' check marked.csv --model marked
! grep -q '^unseen\|^outside' stdout || fail "gaps are unlike the training rows: $(cat stdout)"
expect 0 '' check marked.csv --missing unknown,-999
holds "check" '^  x  *number  *34 ' stdout
train begun marked.csv --init marked
expect 0 '' inspect begun
holds "--init" '^also missing: -999,unknown$' stdout
expect 2 '--missing other: the model was trained with --missing -999,unknown, which it keeps' \
  train --recipe plain marked.csv --init marked --missing other --out refused
expect 2 '--missing other: the model was trained with none' train --recipe plain gaps.csv --init gaps --missing other --out refused
expect 3 'the models cannot be compared: one was trained with --missing -999,unknown, the other with none' \
  evaluate marked marked.csv --compare gaps
expect 0 '' crossval marked.csv --recipe plain --missing unknown,-999 --epochs 1 --folds 2 --out crossed
# A run that goes on has the gaps that it began with, also where none is met.
expect 75 '' train --recipe plain gaps.csv --missing nowhere --epochs 100000 --patience 0 --progress none --out stopped \
  --time-limit 100ms
expect 2 '' train --recipe plain gaps.csv --missing elsewhere --epochs 100000 --patience 0 --progress none --out stopped --resume
holds "another --missing" 'missing' stderr
# The same gaps in other words are the same ones: no other run, no other bytes.
expect 0 '' train --recipe plain marked.csv --out marked --epochs 60 --progress none --valid marked.csv --resume=auto \
  --missing '-9.99e2, unknown ,-999'
train other marked.csv --missing -999,unknown --valid marked.csv
cmp -s other/model.safetensors marked/model.safetensors || fail "another model for the same gaps"
# A column cache is made with its gaps.
expect 0 '' convert marked.csv marked.cache --missing unknown,-999.0
train cached marked.cache --missing unknown,-999.0 --valid marked.cache
cmp -s cached/model.safetensors marked/model.safetensors || fail "another model from a cache"
expect 0 'missing cells 137;' predict marked marked.cache --out marked.out
cmp -s marked.out gaps.out || fail "other predictions from a cache"
expect 0 '' convert marked.csv plain.cache
expect 3 'plain.cache, row 1: "unknown" in column "x" is a gap by --missing, but a cell here' predict marked plain.cache
expect 3 'plain.cache, row 1: "-999" in column "k" is a gap by --missing' \
  train --recipe plain plain.cache --missing -999 --out refused
# --keep writes what stands in the file, whether the model uses the column or not, and changes no prediction.
awk -F, -v OFS=, '{ print NR == 1 ? "id" : NR % 3 ? NR : "unknown", $0 }' marked.csv >named.csv
expect 0 'missing cells 137;' predict marked named.csv --keep id,x,k --out kept.out
cut -d, -f1-3 kept.out | cmp -s - <(cut -d, -f1-3 named.csv) || fail "--keep writes other cells"
cut -d, -f4- kept.out | cmp -s - gaps.out || fail "--keep changes predictions"
printf '%s\n' id,x,k,c NA,1.5,?,null '" a",NA,3,"c1 "' '?,.,\N,c1' '" ",,4,-' >words.csv
expect 0 'missing cells 7;' predict marked words.csv
cp stdout wanted
expect 0 'missing cells 7;' predict marked words.csv --keep id,x,k,c
cut -d, -f1-4 stdout | cmp -s - words.csv || fail "--keep writes other words: $(cat stdout)"
cut -d, -f5- stdout | cmp -s - wanted || fail "--keep of words changes predictions"
awk -F, -v OFS=, '{ print NR == 1 ? "id" : -999, $0 }' gaps.csv >named.csv
expect 0 '' convert named.csv named.cache
for file in named.csv named.cache; do
  expect 0 'missing cells 137;' predict marked "$file" --keep id
  equal "--keep of $file" "$(grep -c '^-999,' stdout)" 300
done
# Labels and weights are no features: the list takes none of them away, where a model reads a table either.
awk -F, -v OFS=, 'NR == 1 { print "x,c,w,y"; next } { print NR % 6, $3, NR % 5 ? 1 : 0.5, $4 ? 1 : -1 }' marked.csv >signs.csv
train signs signs.csv --missing 0,-1,1,unknown --weight w --valid signs.csv --test signs.csv
expect 0 '' evaluate signs signs.csv
expect 0 '' check signs.csv --model signs --missing 1,0,-1,unknown
expect 0 '' check signs.csv --missing 0,-1 --weight w
expect 0 '' train --recipe plain signs.csv --init signs --out again --force --epochs 1 --progress none
train unweighted signs.csv --missing 0,-1,1,unknown --ignore w
expect 0 '' train --recipe plain signs.csv --init unweighted --weight w --out again --force --epochs 1 --progress none
expect 0 '' check signs.csv --init unweighted --weight w
train learnt signs.csv --missing 0,-1,1,unknown
expect 3 "it is the other's weight" evaluate signs signs.csv --compare learnt
expect 3 "it is the other's weight" evaluate learnt signs.csv --compare signs
expect 0 '' crossval signs.csv --recipe plain --missing 0,1,-1 --epochs 1 --folds 2 --out signs-folds
expect 0 '' convert signs.csv signs.cache --missing 0,-1,1,unknown --label 4 --weight w
train cached signs.cache --missing 0,-1,1,unknown --weight w --valid signs.cache --test signs.cache --force
cmp -s cached/model.safetensors signs/model.safetensors || fail "another model from a cache with such labels"
expect 3 '--weight: signs.csv has no column "v"' convert signs.csv refused.cache --weight v
awk -F, -v OFS=, '{ print NR == 1 ? "f" : NR % 2, $0 }' signs.csv >cut.csv
expect 0 '' crossval cut.csv --recipe plain --missing 0,-1 --epochs 1 --fold-column f --out cut-folds

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
