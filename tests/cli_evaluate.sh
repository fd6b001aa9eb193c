#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# evaluate: its table and its JSON, two models beside each other, thresholds that are chosen and stored, and what must not be lost.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
# LLVM's OpenMP runtime (14) loses 1440 bytes for every thread by which a team grows: from prediction's few to eight.
echo 'leak:libomp' >suppressions
export LSAN_OPTIONS="suppressions=$PWD/suppressions:print_suppressions=0"

# member NAME FILE: the first of that name
member() { grep -oE "\"$1\":[^,}]*" "$2" | head -n 1 | cut -d: -f2; }
# line LABEL FILE: what stands behind a measure's name
line() { sed -n "s/^$1  *//p" "$2" | tr -s ' '; }

head -n 2001 "$examples/adult.csv" >train.csv
{ head -n 1 train.csv; sed -n '2002,3001p' "$examples/adult.csv"; } >test.csv
train() { "$colonnade" train --recipe plain train.csv --progress none --epochs 3 "$@" 2>stderr || fail "train $*: $(cat stderr)"; }
train --hidden 8 --out one >/dev/null
train --hidden 4 --seed 2 --out two >/dev/null

# ---- the table and the JSON say the same
expect 0 'rows 1000; ' evaluate one test.csv
cp stdout table
expect 0 '' evaluate one test.csv --json
cp stdout json
equal "lines of --json" "$(wc -l <json)" 1
equal "members in front" "$(grep -oE '^\{"rows":1000,"log_loss":[0-9.]+,"auc":[0-9.]+,"accuracy":' json | wc -l)" 1
holds "which value is positive" '^rows       1000, [0-9.]+ % positive \(">50K"\)$' table
for pair in 'AUC|auc' 'PR-AUC|pr_auc' 'log loss|log_loss' 'Brier score|brier' 'accuracy|accuracy' 'MCC|mcc' 'KS|ks' \
  'lift of the top 10 %|lift' 'calibration error|calibration_error' 'F1|f1'; do
  equal "${pair%|*}" "$(line "${pair%|*}" table | cut -d' ' -f1)" "$(printf %.5f "$(member "${pair#*|}" json)")"
  holds "interval of ${pair%|*}" "^${pair%|*} +[0-9.]+  [0-9.]+ to [0-9.]+$" table
done
equal "confusion matrix" 1000 $(($(member true_positives json) + $(member false_positives json) +
  $(member true_negatives json) + $(member false_negatives json)))
holds "how the intervals were made" "^intervals  95 %: DeLong's for the AUC, else of 1000 bootstrap replicates, seed 1\$" table
{ grep -v '>50K$' test.csv; grep -m 1 '>50K$' test.csv; } >rare.csv
expect 0 '' evaluate one rare.csv --bootstrap 0
holds "a share that is small" '^rows       778, 0[.]129 % positive ' stdout
expect 0 '' evaluate one test.csv --bootstrap 0
holds "no bootstrap" '^AUC +[0-9.]+  [0-9.]+ to [0-9.]+$' stdout
holds "no bootstrap" '^log loss +[0-9.]+  -$' stdout
expect 0 '' evaluate one test.csv --json --bootstrap 0
equal "replicates" "$(member replicates stdout)" 0
equal "interval of none" "$(grep -oE '"log_loss":\[[^]]*\]' stdout)" '"log_loss":[null,null]'

# ---- predict's own numbers give the same Brier score (floats of nine digits: 1e-8 at most)
expect 0 '' predict one test.csv
paste -d, <(tail -n +2 stdout) <(tail -n +2 test.csv | awk -F, '{print $NF}') |
  awk -F, -v brier="$(member brier json)" '{ d = $1 - ($3 == ">50K"); sum += d * d }
    END { d = sum / NR - brier; exit d > 1e-8 || d < -1e-8 }' || fail "the Brier score is not that of predict"

# ---- the same bytes for any threads, instruction set, and order of the columns; a seed changes the intervals alone
for threads in 1 2 3 8; do
  expect 0 '' evaluate one test.csv --json --threads $threads --compare two
  cp stdout "threads-$threads"
  cmp -s threads-1 "threads-$threads" || fail "$threads threads: another evaluation"
done
COLONNADE_ISA=generic "$colonnade" evaluate one test.csv --json --compare two >by-generic 2>stderr
cmp -s threads-1 by-generic || fail "another evaluation by generic kernels"
awk -F, -v OFS=, '{ last = $1; for (i = 1; i < NF; i++) $i = $(i + 1); $NF = last; print }' test.csv >turned.csv
expect 0 '' evaluate one turned.csv --json
cmp -s json stdout || fail "another evaluation of turned columns"
expect 0 '' evaluate one test.csv --json --seed 2
equal "log loss with another seed" "$(member log_loss stdout)" "$(member log_loss json)"
cmp -s json stdout && fail "--seed 2 changes nothing"

# ---- comparisons
expect 0 '' evaluate one test.csv --compare one
equal "lines of a difference that is none" "$(grep -cE ' \+0(\.00000)?  +\+0(\.0+)? to \+0(\.0+)? +1\.0000$' stdout)" 17
expect 0 '' evaluate one test.csv --compare one --json
equal "differences that are none" \
  "$(grep -oE '"value":0,"interval":\[0,0\],"p_value":1\}' stdout | wc -l)" 17
expect 0 '' evaluate one test.csv --compare two --json
equal "a first model is as if it were alone" "$(sed 's/,"comparison":.*/}/' stdout)" "$(cat json)"
second=$(sed 's/.*"comparison":{"model":"two",/{/' stdout)
expect 0 '' evaluate two test.csv --json
equal "a second model is as if it were alone" "${second%%,\"differences\"*}}" "$(sed 's/,"positive":">50K"//' stdout)"
expect 1 'cannot open nowhere' evaluate one test.csv --compare nowhere
one_line
sed 's/income$/wages/' train.csv >other.csv
"$colonnade" train --recipe plain other.csv --progress none --epochs 0 --out other 2>stderr || fail "other: $(cat stderr)"
expect 3 'the models cannot be compared: one tells ">50K" from "<=50K" in the column "income", the other ' \
  evaluate one test.csv --compare other
one_line
expect 3 'the models cannot be compared' evaluate other other.csv --compare one

# Columns that only the second wants, and one that only it takes for a category.
cut -d, -f2- train.csv >fewer.csv
"$colonnade" train --recipe plain fewer.csv --progress none --epochs 1 --categorical education-num --out fewer 2>stderr ||
  fail "fewer: $(cat stderr)"
expect 0 '' evaluate fewer test.csv --compare one --json
second=$(sed 's/.*"comparison":{"model":"one",/{/' stdout)
equal "a second model with other columns" "${second%%,\"differences\"*}}" "$(sed 's/,"positive":">50K"//' json)"

# ---- one class alone: null and why
{ head -n 1 test.csv; grep '<=50K' test.csv | head -n 20; } >negative.csv
expect 0 '' evaluate one negative.csv
equal "the AUC of one class" "$(line AUC stdout)" "- no row is positive"
expect 0 '' evaluate one negative.csv --json
equal "the AUC of one class" "$(member auc stdout)" null
holds "why" '"undefined":\{"auc":"no row is positive"' stdout
expect 0 '' train test.csv --recipe plain --valid negative.csv --epochs 1 --out alike
holds "train's line of an epoch" '^ +1 +0[.][0-9]+ +0[.][0-9]+ +- ' stderr
holds "train's table" '^valid +20  +0[.][0-9]+ +- +[01]' stderr
expect 0 '' evaluate one negative.csv --compare two
equal "the difference of two AUCs of one class" "$(line AUC stdout)" "- - - - -"

# ---- thresholds: what train and evaluate choose on the same rows is the same; nothing else in the file changes
inspected() { "$colonnade" inspect "$1" --json | tr -d ' \n' | sed 's/"threshold":[^,]*,//'; }
stored() { "$colonnade" inspect "$1" --json | tr -d ' ' | grep -oE '"threshold":[0-9.e-]+' | cut -d: -f2; }
cp one/model.safetensors before
find one | sort >files
while read -r choice; do
  cp before one/model.safetensors
  expect 0 'is stored in one' evaluate one test.csv --set-threshold "$choice" --json
  chosen=$(member threshold stdout)
  equal "the threshold of $choice in the model" "$(stored one)" "$chosen"
  cp stdout at-choice
  expect 0 '' evaluate one test.csv --json
  cmp -s stdout at-choice || fail "$choice: evaluate tells something else afterwards"
  [ "$(inspected one)" = "$(inspected before)" ] || fail "$choice changes more than the threshold"
  rm -rf trained
  train --hidden 8 --valid test.csv --threshold "$choice" --out trained >/dev/null
  cp before one/model.safetensors
  rm -rf plain
  train --hidden 8 --valid test.csv --out plain >/dev/null
  expect 0 '' evaluate plain test.csv --set-threshold "$choice" --json --bootstrap 0
  equal "the threshold of $choice by train and by evaluate" "$(member threshold stdout)" \
    "$(stored trained)"
done <<'LIST'
f1
f2
accuracy
balanced_accuracy
mcc
cost:1:5
recall@0.7
0.25
LIST
find one | sort | cmp -s files - || fail "evaluate leaves something in the run directory: $(find one)"

# Back to where it was: the same bytes; by file name, and through a link that stays.
cp before one/model.safetensors
expect 0 'threshold 0.125, which was 0.5, is stored in one/model.safetensors' evaluate one/model.safetensors test.csv \
  --set-threshold 0.125 --bootstrap 0
expect 0 '' evaluate one test.csv --set-threshold 0.5 --bootstrap 0
cmp -s before one/model.safetensors || fail "a threshold there and back gives another file"
ln -s one/model.safetensors link
expect 0 '' evaluate link test.csv --set-threshold 0.75 --bootstrap 0
[ -L link ] || fail "the link is gone"
holds "the threshold behind a link" 'at least 0.75,' <("$colonnade" inspect one)
expect 0 'no threshold has the precision asked for' evaluate two test.csv --set-threshold recall@1 --bootstrap 0
cp before one/model.safetensors

# ---- nothing is lost: a threshold that cannot be chosen or stored leaves the model as it was
untouched() { cmp -s before "$1" || fail "$2: the model has changed"; }
expect 3 'a threshold is chosen on rows of both classes, and there is one alone' evaluate one negative.csv --set-threshold f1
one_line
untouched one/model.safetensors "one class"
expect 3 '' evaluate one other.csv --set-threshold f1
untouched one/model.safetensors "a table without the label"
head -c 3000 before >cut.safetensors
expect 1 'cut.safetensors' evaluate cut.safetensors test.csv --set-threshold 0.3
equal "bytes of a damaged model" "$(wc -c <cut.safetensors)" 3000
mkfifo pipe
expect 1 'pipe is no regular file: nothing can be stored in it' evaluate pipe test.csv --set-threshold 0.3
expect 2 'nothing can be stored in standard input' evaluate - test.csv --set-threshold 0.3 <one/model.safetensors
expect 1 'colonnade: standard input: not a Colonnade model: ' evaluate - test.csv <negative.csv
one_line
if [ "$(id -u)" -ne 0 ]; then
  chmod a-w one
  expect 1 'one/model.safetensors' evaluate one test.csv --set-threshold 0.3
  [ ! -s stdout ] || fail "figures at a threshold that was not stored: $(cat stdout)"
  chmod u+w one
  untouched one/model.safetensors "a directory that cannot be written"
fi
# No file may grow beyond a kilobyte; nor may the counts of a build for coverage, which says so.
said=$(ulimit -f 1; "$colonnade" evaluate one test.csv --set-threshold 0.3 --bootstrap 0 2>&1 |
  grep -v '^rows 1000; \|^note: \|^libgcov ')
equal "a full disk" "$(sed 's/: cannot write.*//; s/colonnade: cannot write .*/colonnade/' <<<"$said")" colonnade
untouched one/model.safetensors "a full disk"

# ---- a label or a weight whose name is a number is a name in other tables; names that count the columns of a table go on
awk 'BEGIN {print "flag,b,1"; for (i = 0; i < 60; i++) print i % 3 % 2 "," i % 7 "," i % 2}' >named.csv
cut -d, -f1,2 named.csv >unlabelled.csv
quick() { "$colonnade" train --recipe plain --hidden 4 --epochs 1 --progress none "$@" 2>stderr || fail "train $*: $(cat stderr)"; }
quick named.csv --out named >/dev/null
cp named/model.safetensors before
expect 3 'unlabelled.csv: there is no column "1" for the label' evaluate named unlabelled.csv --set-threshold f1
untouched named/model.safetensors "a table whose first column is no label"
expect 3 'unlabelled.csv: there is no column "1" for the label' importance named unlabelled.csv
for part in valid test; do
  expect 3 'unlabelled.csv: there is no column "1" for the label' train named.csv --$part unlabelled.csv --out refused --epochs 1
  expect 3 '' check named.csv --$part unlabelled.csv
  holds "check --$part" 'unlabelled.csv: there is no column "1" for the label' stdout
done
expect 3 '' check unlabelled.csv --init named
holds "check --init" 'unlabelled.csv: there is no column "1" for the label' stdout
quick named.csv --label 3 --out by-number >/dev/null
cmp -s before by-number/model.safetensors || fail "the third column by its number is another label"
tail -n +2 named.csv >bare.csv
quick bare.csv --no-header --label 3 --out bare >/dev/null
expect 0 'rows 60; ' evaluate bare bare.csv --no-header

# ---- rows without the weight that the training rows had weigh 1
awk -F, -v OFS=, 'NR == 1 {print $0, "2"; next} {print $0, NR % 3 + 1}' named.csv >weighed.csv
quick weighed.csv --label 1 --weight 4 --out weighed >/dev/null
said='note: there is no column "2" for the weight: every row weighs 1'
expect 0 "$said" evaluate weighed named.csv --json --bootstrap 0
equal "weight of 60 rows without weights" "$(member weight stdout)" 60
expect 0 "$said" importance weighed named.csv
expect 0 '' evaluate weighed weighed.csv --json --bootstrap 0
grep -qF "$said" stderr && fail "weights that are there are said to be missing"
equal "weight of 60 rows" "$(member weight stdout)" 120
awk -F, -v OFS=, 'NR > 1 {$4 = 0} {print}' weighed.csv >weightless.csv
expect 3 "weightless.csv: every row's weight is 0 (column \"2\")" evaluate weighed weightless.csv
expect 3 "weightless.csv: every row's weight is 0 (column \"2\")" train weightless.csv --label 1 --weight 4 --out refused
expect 3 "weightless.csv: every row's weight is 0 (column \"2\")" \
  train weighed.csv --label 1 --weight 4 --test weightless.csv --out refused
expect 0 '' crossval weighed.csv --label 1 --weight 4 --folds 2 --recipe plain --epochs 1 --out by-number-2

cp one/model.safetensors before # as it stands behind the stored thresholds

# ---- hostile values
for value in 1.5 -0.1 nan inf f f0 f-1 'cost:1' 'cost:0:1' 'recall@2' '' given F1; do
  expect 2 '--set-threshold' evaluate one test.csv --set-threshold "$value"
  one_line
done
for value in -1 100001 1e99 nan '' x 0x10; do
  expect 2 '--bootstrap' evaluate one test.csv --bootstrap "$value"
  one_line
done
untouched one/model.safetensors "wrong usage"

finish
