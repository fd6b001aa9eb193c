#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# importance: columns, rows and partial dependence, each against predict's own numbers; the same bytes for any threads; what is
# refused; and the section of the report.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
# LLVM's OpenMP runtime (14) loses 1440 bytes for every thread by which a team grows: from a prediction's few to eight.
echo 'leak:libomp' >suppressions
export LSAN_OPTIONS="suppressions=$PWD/suppressions:print_suppressions=0"

# of COLUMN KEY FILE: a column's member in JSON, of a list what stands between the brackets
of() { grep -oE "\{\"column\":\"$1\"[^}]*" "$3" | grep -oE "\"$2\":(\[[^]]*|[^,}]*)" | head -n 1 | sed 's/^[^:]*:\[\{0,1\}//'; }
member() { grep -oE "\"$1\":[^,}]*" "$2" | head -n 1 | cut -d: -f2; }
# near WHAT A B TOLERANCE
near() { awk -v a="$2" -v b="$3" -v t="$4" 'BEGIN { d = a - b; exit !(d <= t && d >= -t && a != "" && b != "") }' ||
  fail "$1: $2 is not within $4 of $3"; }

head -n 2001 "$examples/adult.csv" >train.csv
{ head -n 1 train.csv; sed -n '2002,2801p' "$examples/adult.csv"; } >test.csv
train() { "$colonnade" train train.csv --progress none "$@" 2>stderr || fail "train $*: $(cat stderr)"; }
train --recipe plain --hidden 8 --epochs 5 --out one
train --ensemble 2 --hidden 8,8 --epochs 2 --calibrate temperature --threads 1 --out two

# ---- the table and the JSON say the same, the column that matters most first
expect 0 'rows 800; missing cells ' importance one test.csv
cp stdout table
expect 0 '' importance one test.csv --json
cp stdout json
equal "lines of --json" "$(wc -l <json)" 1
equal "columns" "$(tail -n +6 table | wc -l)" 14
for column in age occupation capital-gain native-country; do
  read -r rise low _ high fall _ _ _ contribution name <<<"$(grep -E " $column\$" table)"
  equal "$column" "$name" "$column"
  equal "rise, $column" "$rise" "$(printf %+.5f "$(of $column log_loss_rise json)")"
  equal "interval, $column" "$low,$high" \
    "$(of $column log_loss_interval json | { IFS=, read -r a b; printf %+.5f,%+.5f "$a" "$b"; })"
  equal "fall, $column" "$fall" "$(printf %+.5f "$(of $column auc_fall json)")"
  equal "contribution, $column" "$contribution" "$(printf %.5f "$(of $column mean_contribution json)")"
done
grep -oE '"log_loss_rise":[^,]*' json | cut -d: -f2 | sort -grc || fail "the columns are not in the order of their importance"
holds "what was done" '^shuffles   10 of each column, seed 1; intervals 95 %, of rows and shuffles$' table
expect 0 '' evaluate one test.csv --json --bootstrap 0
equal "log loss" "$(member log_loss json)" "$(member log_loss stdout)"
equal "AUC" "$(member auc json)" "$(member auc stdout)"

# ---- the same bytes for any threads, instruction set, and order of the columns; of another seed others
for threads in 1 2 3 8; do
  expect 0 '' importance two test.csv --json --repeats 2 --threads $threads
  cp stdout "threads-$threads"
  cmp -s threads-1 "threads-$threads" || fail "$threads threads: another importance"
  expect 0 '' importance two test.csv --explain 3,1 --threads $threads
  cp stdout "explained-$threads"
  cmp -s explained-1 "explained-$threads" || fail "$threads threads: another explanation"
  expect 0 '' importance two test.csv --partial age,sex --points 3 --threads $threads
  cp stdout "partial-$threads"
  cmp -s partial-1 "partial-$threads" || fail "$threads threads: another partial dependence"
done
COLONNADE_ISA=generic "$colonnade" importance two test.csv --json --repeats 2 >by-generic 2>stderr
cmp -s threads-1 by-generic || fail "another importance by generic kernels"
awk -F, -v OFS=, '{ last = $1; for (i = 1; i < NF; i++) $i = $(i + 1); $NF = last; print }' test.csv >turned.csv
expect 0 '' importance two turned.csv --json --repeats 2
cmp -s threads-1 stdout || fail "another importance of turned columns"
expect 0 '' importance two test.csv --json --repeats 2 --seed 2
cmp -s threads-1 stdout && fail "--seed 2 changes nothing"
expect 0 'note: 100 of 800 rows are looked at' importance two test.csv --json --repeats 2 --rows 100
equal "rows" "$(member rows stdout)" 100
expect 0 '' importance two test.csv --json --repeats 2 --rows all
cmp -s threads-1 stdout || fail "--rows all is not all rows"

# ---- shuffles, by predict and awk: on average over all shuffles a row gets the cell of every row alike
{ head -n 1 test.csv; sed -n 2,61p test.csv; } >few.csv
awk -F, -v OFS=, 'NR == 1 { print; next } { line[NR - 1] = $0; cell[NR - 1] = $1 }
  END { for (i = 1; i < NR; i++) for (j = 1; j < NR; j++) { $0 = line[i]; $1 = cell[j]; print } }' few.csv >pairs.csv
"$colonnade" predict one pairs.csv >pairs 2>stderr || fail "predict pairs: $(cat stderr)"
expect 0 '' importance one few.csv --json --repeats 1000
cp stdout many
paste -d, <(tail -n +2 pairs | cut -d, -f1) <(tail -n +2 pairs.csv | awk -F, '{ print $NF }') | awk -F, -v n=60 \
  -v rise="$(of age log_loss_rise many)" '
  { i = int((NR - 1) / n); j = (NR - 1) % n; l[i, j] = -log($2 == ">50K" ? $1 : 1 - $1) }
  END {
    for (i = 0; i < n; i++) { before += l[i, i] / n
      for (j = 0; j < n; j++) { row[i] += l[i, j] / n; donor[j] += l[i, j] / n; mean += l[i, j] / n / n } }
    for (i = 0; i < n; i++) for (j = 0; j < n; j++) { d = l[i, j] - row[i] - donor[j] + mean; squares += d * d }
    error = sqrt(squares / (n - 1)) / n / sqrt(1000); off = rise - (mean - before)
    if (off > 4 * error || off < -4 * error || 4 * error > (mean - before) / 4)
      { print "rise " rise ", by predict " mean - before ", error " error; exit 1 }
  }' >off || fail "the importance of age is not what predict says: $(cat off)"

# ---- a row: the contributions add up to predict's logit, also with gaps and levels that training did not see
{ head -n 1 test.csv; echo '?,Never-heard,?,Doctorate,,Married-civ-spouse,?,Husband,Martian,Male,99999,0,?,Nowhere,?'
  sed -n 2,3p test.csv; } | cut -d, -f1-14 >unlabelled.csv
expect 0 'rows 3; missing cells 5; categories never seen in training 3;' importance two unlabelled.csv --explain 1,3,2 --json
cp stdout explained
"$colonnade" predict two unlabelled.csv 2>stderr | tail -n +2 | cut -d, -f1 >predicted
for row in 1 2 3; do
  grep -oE "\{\"row\":$row,.*" explained | sed 's/\]}.*//' >parts
  near "probability of row $row" "$(member probability parts)" "$(sed -n ${row}p predicted)" 1e-6
  sum=$(grep -oE '"contribution":[^}]*' parts | cut -d: -f2 | awk '{ s += $1 } END { printf "%.15g", s }')
  near "what row $row adds up to" "$(awk -v b="$(member baseline parts)" -v s="$sum" -v g="$(member gap parts)" \
    'BEGIN { printf "%.15g", b + s + g }')" "$(member logit parts)" 1e-9
  near "gap of row $row" "$(member gap parts)" 0 "$(member tolerance parts)"
  equal "columns of row $row" "$(grep -c . <(grep -oE '"column"' parts))" 14
  grep -oE '"contribution":-?[^}]*' parts | sed 's/.*:-\{0,1\}//' | sort -grc || fail "row $row: not in the order of size"
done
equal "rows in the order asked for" "$(grep -oE '"row":[0-9]*' explained | tr '\n' ' ')" '"row":1 "row":3 "row":2 '
equal "a missing cell" "$(of age cell <(sed 's/"row":3.*//' explained))" null
equal "an unseen level" "$(of race cell explained)" '"Martian"'
expect 0 '' importance two unlabelled.csv --explain 1
holds "a missing cell" '  age is missing$' stdout
holds "a level" '  relationship = Husband$' stdout
# An unseen level is the baseline's own: it contributes nothing.
equal "the contribution of an unseen level" "$(grep -E ' race = Martian$' stdout | tr -s ' ' | cut -d' ' -f2)" +0.0000

# ---- partial dependence: predict with that cell everywhere
expect 0 '' importance two test.csv --partial education,capital-gain --points 4
cp stdout partial
equal "first line" "$(head -n 1 partial)" column,cell,rows,probability,low,high
holds "rarer cells" 'note: 1[0-9] rarer cells of "education" have no point' stderr
equal "points" "$(grep -c '^education,' partial),$(grep -c '^capital-gain,' partial)" 4,4
IFS=, read -r _ cell rows probability low high <<<"$(sed -n 3p partial)"
equal "rows with $cell" "$rows" "$(cut -d, -f4 test.csv | grep -cxF "$cell")"
awk -F, -v OFS=, -v cell="$cell" 'NR > 1 { $4 = cell } { print }' test.csv >everywhere.csv
"$colonnade" predict two everywhere.csv 2>stderr | tail -n +2 | cut -d, -f1 | sort -g >predicted
near "mean probability" "$probability" "$(awk '{ s += $1 } END { printf "%.12g", s / NR }' predicted)" 1e-7
between() {
  sed -n "$1p;$(($1 + 1))p" predicted | awk -v share="$2" 'NR == 1 { a = $1 } END { printf "%.9g", a + share * ($1 - a) }'
}
near "10th percentile" "$low" "$(between 80 0.9)" 1e-7
near "90th percentile" "$high" "$(between 720 0.1)" 1e-7
expect 0 '' importance two unlabelled.csv --partial race --json
equal "cells" "$(grep -oE '"cell":[^,]*' stdout | tr '\n' ' ')" '"cell":"White" "cell":"Martian" '
printf 'a "b",x,y\n1,p,no\n2,q,yes\n3,"p,q",no\n4,q,yes\n' >quoted.csv
"$colonnade" train quoted.csv --recipe plain --epochs 0 --valid-fraction 0 --progress none --out quoted 2>stderr ||
  fail "quoted: $(cat stderr)"
expect 0 '' importance quoted quoted.csv --partial x
equal "a cell with a comma" "$(sed -n '4p' stdout | cut -c1-9)" 'x,"p,q",1'

# ---- what is wrong, with its exit code
while IFS='|' read -r code text arguments; do
  # shellcheck disable=SC2086 # words
  expect "$code" "$text" importance $arguments
  one_line
done <<'LIST'
2|--repeats: "0" is not a whole number from 1 to 1000|one test.csv --repeats 0
2|--repeats: "1001"|one test.csv --repeats 1001
2|--rows: "-1" is not a whole number from 0 to 1000000000, or all, or auto|one test.csv --rows -1
2|--points: "1" is not|one test.csv --points 1
2|--explain and --partial cannot both be given|one test.csv --explain 1 --partial age
2|--explain 0: the rows are whole numbers from 1 on|one test.csv --explain 0
2|--explain 1,,2: the rows are|one test.csv --explain 1,,2
2|--explain 1.5: the rows are|one test.csv --explain 1.5
2|there is no row 801: test.csv has 800|one test.csv --explain 801
2|the model has no column "wages"|one test.csv --partial wages,age
2|the model has no column "income"|one test.csv --partial income
2|--label: importance has no such option|one test.csv --label income
1|cannot open nowhere|nowhere test.csv
1|cannot open nowhere.csv|one nowhere.csv
3|"income"|one unlabelled.csv
LIST
cut -d, -f2- test.csv >less.csv
expect 3 'a column that the model was trained on is missing: "age"' importance one less.csv --explain 1
one_line
head -n 1 test.csv >empty.csv
expect 3 '' importance one empty.csv
for arguments in '' '--json' '--explain 1' '--partial age'; do
  # shellcheck disable=SC2086 # words
  "$colonnade" importance one few.csv --repeats 1 $arguments >/dev/full 2>stderr
  equal "exit code of a full device, $arguments" $? 1
done

# ---- a logit that is not a number is told of its row in the table, also behind rows that weigh nothing or are not drawn
awk 'BEGIN { print "a,b,w,y"; for (i = 1; i <= 40; i++) print i % 7 / 100 "," i % 5 / 100 "," (i > 5) "," i % 2 }' >small.csv
awk -F, -v OFS=, 'NR == 17 { $1 = $2 = "3.3e38" } { print }' small.csv >huge.csv
"$colonnade" train small.csv --weight w --hidden 16,16 --recipe plain --scale none --epochs 3 --lr 1 --progress none --out small \
  --report=false 2>stderr || fail "small: $(cat stderr)"
said="huge.csv:17:1: the row's logit is not a number (\"3.3e+38\", column \"a\""
expect 3 "$said" importance small huge.csv
one_line
expect 3 "$said" importance small huge.csv --rows 20
expect 3 "$said" importance small huge.csv --explain 16

# ---- the report has a section of its own, made from run.json
train --recipe plain --hidden 8 --epochs 5 --test test.csv --out reported
grep -q '<h2>Importance</h2>' reported/report.html || fail "the report has no importance"
grep -qE 'shuffled among <|shuffled among [0-9]' reported/report.html || fail "the report does not say which rows"
grep -q 'test rows, ' reported/report.html || fail "the importance is not that of the test rows"
rise=$(grep -oE '"column":"capital-gain","log_loss_rise":[^,]*' reported/run.json | sed 's/.*://')
grep -qF "<bdi>capital-gain</bdi></th><td class=\"bar\"><svg" reported/report.html || fail "capital-gain has no bar"
grep -F '<bdi>capital-gain</bdi></th><td class="bar">' reported/report.html |
  grep -qF "<td class=\"number\">$(printf %.4f "$rise")</td>" || fail "the bar's number is not that of run.json"
cp reported/report.html first.html
expect 0 '' report reported
cmp -s first.html reported/report.html || fail "report makes another page than train"
for threads in 1 3; do
  train --recipe plain --hidden 8 --epochs 5 --test test.csv --out threads --force --threads $threads
  sed -n '/"importance": {/,/^  },/p' threads/run.json >"importance-$threads"
done
[ -s importance-1 ] || fail "run.json has no importance"
cmp -s importance-1 importance-3 || fail "three threads: another importance in the report"
train --recipe plain --hidden 8 --epochs 5 --test test.csv --out without --report=false
! grep -q '"importance"' without/run.json || fail "--report=false keeps an importance"
cmp -s without/model.safetensors reported/model.safetensors || fail "the importance changes the model"
# Two members leave out two of five folds, whose rows they judge.
equal "rows of folds" "$(grep -A 3 '"importance": {' two/run.json | tr -d ' \n' | sed 's/"rows":[0-9]*,//')" \
  '"importance":{"rows_of":"valid","of":800,'

finish
