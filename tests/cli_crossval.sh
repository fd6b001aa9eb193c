#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# crossval: every row is predicted by the model of all other folds, to the bit; jobs that share the folds, interruptions and threads
# change no byte; what is of other data or options, or damaged, is refused by name.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
options=(--recipe plain --hidden 8 --epochs 4 --progress none)

# 600 rows with a column of folds (7, 20, 100), and one of groups, whose numbers differ in digits that float does not have.
awk -F, -v OFS=, 'NR == 1 {print $0, "part", "who"; next} NR <= 601 {
  print $0, NR % 3 == 0 ? 100 : NR % 3 == 1 ? 7 : 20, 100000000 + int(NR / 4)}' "$examples/adult.csv" |
  awk -F, -v OFS=, '{label = $15; $15 = $16; $16 = $17; $17 = label; print}' >table.csv

# ---- a fold's predictions are those of a model that is trained on a file without it
cut_out() { awk -F, -v OFS=, -v part="$1" -v in_it="$2" 'NR == 1 || ($15 == part) == in_it {print $0}' table.csv; }
expect 0 '' crossval table.csv --fold-column part --out by-column "${options[@]}" --ignore who
cp stdout by-column.txt
number=0
for part in 7 20 100; do # ascending as numbers
  number=$((number + 1))
  cut_out $part 0 >rest.csv
  cut_out $part 1 >fold.csv
  "$colonnade" train rest.csv --out rest --force "${options[@]}" --ignore who,part 2>stderr || fail "train: $(cat stderr)"
  "$colonnade" predict rest fold.csv 2>stderr | cut -d, -f1 >expected || fail "predict: $(cat stderr)"
  cut -d, -f3 by-column/fold-$number-of-3.csv >got
  cmp -s expected got || fail "fold $number: not the predictions of a model trained without it"
  awk -F, -v fold=$number 'NR == 1 {print "probability"} NR > 1 && $1 == fold {print $2}' by-column/predictions.csv >got
  cmp -s expected got || fail "fold $number: predictions.csv has others"
  equal "rows of fold $number" "$(sed 1d by-column/fold-$number-of-3.csv | cut -d, -f1 | tr '\n' ' ')" \
    "$(awk -F, -v part=$part 'NR > 1 && $15 == part {printf "%d ", NR - 1}' table.csv)"
done

# ---- what is told agrees: the mean of the folds' measures, and evaluate's of all rows by files put together
mean() {
  sed -n "s/^ *\"$1\": \([-0-9.e]*\),\{0,1\}$/\1/p" "$2"/fold-*-of-*.json | awk '{n++; s += $1} END {printf "%.5f", s / n}'
}
field() { sed -n "s/^$1  *\([0-9.]*\)  *\([0-9.]*\)  *\([0-9.]*\) .*/\\$2/p" "$3"; }
equal "mean AUC" "$(field AUC 1 by-column.txt)" "$(mean auc by-column)"
equal "mean log loss" "$(field 'log loss' 1 by-column.txt)" "$(mean log_loss by-column)"
loss=$(tail -q -n +2 by-column/fold-?-of-3.csv |
  awk -F, '{p = $2 ? $3 : 1 - $3; s -= log(p)} END {printf "%.4f", s / NR}')
equal "log loss out of fold" "$(printf %.4f "$(field 'log loss' 3 by-column.txt)")" "$loss"

# ---- stratified folds: each row once, as many of each class as can be; the seed cuts anew
expect 0 '' crossval table.csv --folds 4 --out whole "${options[@]}" --ignore who,part
cp stdout whole.txt
holds "which value is positive" '^rows       600, [0-9.]+ % positive \(">50K"\)$' whole.txt
holds "which value is positive, in JSON" '"positive":">50K"' whole/crossval.json
equal "lines of predictions" "$(wc -l <whole/predictions.csv)" 601
sizes=$(sed 1d whole/predictions.csv | cut -d, -f1 | sort | uniq -c | awk '{print $2 ":" $1}' | tr '\n' ' ')
equal "rows of the folds" "$sizes" '1:150 2:150 3:150 4:150 '
awk -F, 'NR == FNR {if (FNR > 1) fold[FNR - 1] = $1; next} FNR > 1 {n[fold[FNR - 1]] += $17 ~ />50K/}
  END {for (k = 1; k <= 4; k++) print n[k]}' whole/predictions.csv table.csv | sort -n >positives
[ $(($(tail -n 1 positives) - $(head -n 1 positives))) -le 1 ] || fail "positives of the folds: $(tr '\n' ' ' <positives)"
expect 0 '' crossval table.csv --folds 4 --out seed "${options[@]}" --ignore who,part --seed 2
cmp -s <(cut -d, -f1 whole/predictions.csv) <(cut -d, -f1 seed/predictions.csv) && fail "--seed cuts the same folds"

# ---- jobs, threads and interruptions change no byte
same_results() { # DIR
  for file in predictions.csv crossval.json; do cmp -s whole/$file "$1/$file" || fail "$1: another $file"; done
}
for k in 3 1 4; do expect 0 '' crossval table.csv --fold $k/4 --out array "${options[@]}" --ignore who,part --threads 2; done
[ ! -s stdout ] || fail "--fold prints results"
expect 2 '1 of 4 folds are not in array yet (2); crossval --fold K/4 makes one (--folds' \
  crossval table.csv --folds 4 --merge --out array "${options[@]}" --ignore who,part
expect 0 '' crossval table.csv --fold 2/4 --out array "${options[@]}" --ignore who,part
expect 0 '' crossval table.csv --merge --folds 4 --out array "${options[@]}" --ignore who,part
cmp -s stdout whole.txt || fail "--merge prints another result"
same_results array
for k in 1 2 3; do # a fold a call, however short its time
  expect 75 "stopped by the time limit in fold $((k + 1)) of 4" crossval table.csv --folds 4 --out stopped "${options[@]}" \
    --ignore who,part --time-limit 1ms
  equal "folds after $k calls" "$(find stopped -name 'fold-*.json' | wc -l)" $k
done
expect 0 '' crossval table.csv --folds 4 --out stopped "${options[@]}" --ignore who,part --time-limit 1ms
same_results stopped
again=(crossval table.csv --folds 4 --out stopped "${options[@]}" --ignore "who,part" --lr 0.02)
expect 75 'the same command without --force goes on' "${again[@]}" --time-limit 1ms --force
expect 0 '' "${again[@]}"
mkdir own
cp table.csv own/predictions.csv
expect 2 'would overwrite own/predictions.csv, which crossval reads' crossval own/predictions.csv --out own "${options[@]}"
cmp table.csv own/predictions.csv || fail "crossval has replaced its own input"
expect 0 '' crossval table.csv --fold 2/4 --out short "${options[@]}" --ignore who,part --time-limit 1ms
[ -s short/fold-2-of-4.json ] || fail "--fold is not done within a short time"
touch -d '2001-01-01' whole/fold-2-of-4.csv
expect 0 '' crossval table.csv --folds 4 --out whole "${options[@]}" --ignore who,part --json
cmp -s stdout whole/crossval.json || fail "--json is not crossval.json"
equal "a fold that is there is not done again" "$(find whole -name fold-2-of-4.csv -newermt 2002-01-01)" ''
same_results array

# ---- groups: 4 rows of one number are never apart, and float would take 50 numbers for one
expect 0 '' crossval table.csv --group who --folds 3 --repeats 2 --out groups "${options[@]}" --ignore part
paste -d, <(sed 1d table.csv | cut -d, -f16) <(sed 1d groups/predictions.csv) >joined
for column in 2 4; do
  equal "groups in one fold, column $column" "$(cut -d, -f1,$column joined | sort -u | wc -l)" 151
done
equal "groups" "$(cut -d, -f1 joined | sort -u | wc -l)" 151
equal "header of two repeats" "$(head -n 1 groups/predictions.csv)" fold_1,probability_1,fold_2,probability_2
cmp -s <(cut -d, -f2 joined) <(cut -d, -f4 joined) && fail "--repeats cuts the same folds again"
[ -s groups/fold-6-of-6.json ] || fail "there is no sixth fit"

# ---- weights of 0: no fold
awk -F, -v OFS=, 'NR == 1 {print "w", $0; next} {print NR % 10 ? 1 : 0, $0}' table.csv >weighted.csv
expect 0 '' crossval weighted.csv --weight w --folds 2 --out weighted "${options[@]}" --ignore who,part
equal "rows of weight 0" "$(grep -c '^,$' weighted/predictions.csv)" 60

# ---- refused
for more in '' '--fold 2/4'; do
  # shellcheck disable=SC2086 # words
  expect 2 '--epochs was 4, is 5: whole/fold-' crossval table.csv --folds 4 --out whole "${options[@]}" --ignore who,part \
    --epochs 5 $more
  ! grep -q allow-change stderr || fail "an option is offered that crossval does not have: $(cat stderr)"
done
expect 2 '--hidden was' crossval table.csv --folds 4 --out whole "${options[@]}" --hidden 9 --ignore who,part
sed 's/,39,/,38,/; 2s/^[0-9]*/77/' table.csv >other.csv
expect 2 'whole/fold-1-of-4.json is of other data' crossval other.csv --folds 4 --out whole "${options[@]}" --ignore who,part
expect 0 '' crossval other.csv --folds 4 --out whole "${options[@]}" --ignore who,part --force
cp -r array damaged

# ---- what a killed process has left half written goes when nobody else is at work in the folder
left=(.fold-2-of-4.csv.tmp-47 .fold-10-of-10.json.tmp-47-1 .predictions.csv.tmp-47 .crossval.json.tmp-47)
touch "${left[@]/#/array/}" array/.mine.tmp-47
expect 0 '' crossval table.csv --folds 4 --merge --out array "${options[@]}" --ignore who,part
equal "hidden files" "$(cd array && echo .[a-z]*)" '.folds.lock .mine.tmp-47'

sed -i '2s/0\./0.1/' damaged/fold-3-of-4.csv
expect 1 'damaged/fold-3-of-4.csv: it is not what was written (checksum)' crossval table.csv --folds 4 --merge --out damaged \
  "${options[@]}" --ignore who,part
cp array/fold-3-of-4.csv damaged/
head -c 100 array/fold-2-of-4.json >damaged/fold-2-of-4.json
expect 1 'damaged/fold-2-of-4.json' crossval table.csv --folds 4 --merge --out damaged "${options[@]}" --ignore who,part
rm damaged/fold-1-of-4.csv
expect 1 'damaged/fold-1-of-4.csv' crossval table.csv --folds 4 --merge --out damaged "${options[@]}" --ignore who,part
for bad in 3 0/4 5/4 1.5/4 a/b 3/ /4 1/1 99999999999/99999999999; do
  expect 2 "--fold $bad" crossval table.csv --fold "$bad" --out bad "${options[@]}"
done
expect 2 'there are 3 folds in all' crossval table.csv --fold 1/4 --folds 3 --out bad "${options[@]}"
expect 2 '--fold and --merge' crossval table.csv --fold 1/4 --merge --out bad "${options[@]}"
expect 2 'leave one of them out' crossval table.csv --group who --fold-column part --out bad "${options[@]}"
expect 3 'no column "nobody", which --group names' crossval table.csv --group nobody --out bad "${options[@]}"
expect 2 'is the label' crossval table.csv --group income --out bad "${options[@]}"
expect 2 '--group 16: the column is wanted by its name, which is "who"' crossval table.csv --group 16 --out bad "${options[@]}"
expect 2 'column "who" is among the ignored ones; leave it out of --ignore' crossval table.csv --group who --ignore part,who \
  --out bad "${options[@]}"
expect 2 '--group: column "who" is the weight' crossval table.csv --group who --weight 16 --out bad "${options[@]}"
expect 2 '--fold-column: column "part" was read as numbers; leave it out of --numeric' crossval table.csv --fold-column part \
  --numeric part --out bad "${options[@]}"
expect 3 '151 groups' crossval table.csv --group who --folds 152 --out bad "${options[@]}"
expect 3 'take fewer --folds' crossval table.csv --folds 300 --out bad "${options[@]}"
sed '5s/,100,/,,/; 5s/,7,/,,/; 5s/,20,/,,/' table.csv >gap.csv
expect 3 'gap.csv:5:' crossval gap.csv --fold-column part --out bad "${options[@]}"
awk -F, -v OFS=, 'NR > 1 {$15 = 1} {print}' table.csv >one.csv
expect 3 'two folds at least' crossval one.csv --fold-column part --out bad "${options[@]}"
[ ! -e bad ] || fail "what was refused has left a folder"
# ---- a row that the model of its fold has no logit for is named by its place in DATA, and its fold is not there
awk -F, -v OFS=, 'BEGIN {print "part,a,y"; for (i = 0; i < 200; i++) print i % 3, i == 30 ? "-3.4028235e38" : i % 7 / 10, i % 2}' \
  >huge.csv
expect 3 'huge.csv:32:3: the row'\''s logit is not a number ("-3.4028235e+38", column "a"' crossval huge.csv --fold-column part \
  --out huge --recipe plain --hidden 64,64 --scale none --epochs 2 --progress none
one_line
equal "files of a fold that failed" "$(ls huge)" ''
expect 4 'colonnade: fold 1 of 3: training diverged in epoch ' crossval huge.csv --fold-column part --out huge --recipe plain \
  --scale none --lr 1000 --optimizer sgd --progress none
echo file >taken
expect 1 'cannot make the directory taken' crossval table.csv --out taken "${options[@]}"

# ---- a bar within the fold, which is gone before anything else is written
expect 0 '' crossval table.csv --fold 1/2 --out bar "${options[@]}" --ignore who,part --epochs 1000 --patience 0 --batch-size 16 \
  --progress bar
holds "the bar" 'fold 1/2  epoch [0-9]+ of 1000  ' stderr
holds "the fold's line" $'^\033[[]1A\033[[]2Kfold 1 of 2  log loss ' stderr

finish
