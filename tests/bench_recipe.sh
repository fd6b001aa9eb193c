#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/bench/recipe.py on a small table: its figures are those of the program, it carries on, and writes between its marks alone.
. "${top_srcdir:?}/tests/cli_testing.sh"
for python in python3 /usr/bin/python3 ''; do
  [ -z "$python" ] || ! "$python" -c 'import numpy' 2>/dev/null || break
done
if [ -z "$python" ]; then
  echo "skipped: there is no python3 with numpy"
  exit 77
fi
cd "$scratch" || exit 1
mkdir -p data/credit_g
part() { # FIRST LAST: rows of the example with the label that the script knows
  sed -n "1s/income/class/p; $1,$2p" "$examples/adult.csv" | sed 's/,>50K$/,bad/; s/,<=50K$/,good/'
}
part 2 301 >data/credit_g/train.csv
valid=data/credit_g/valid.csv
part 302 401 >$valid
if "$colonnade" doctor | grep -q 'zlib: yes'; then
  gzip $valid
  valid=$valid.gz
fi
part 402 601 >data/credit_g/test.csv
recipe() {
  "$python" "$top_srcdir/scripts/bench/recipe.py" "$1" --data data --work work --program "$colonnade" --only credit_g "${@:2}" \
    >stdout 2>stderr
}
runs=work/runs.jsonl
cell() { awk -F ' *[|] *' -v n="$1" '$2 == "credit_g" {print $n; exit}' stdout; }

# ---- the test rows: a run at a time where time is short; then the figures are those of evaluate
recipe quick --tools quick --seeds 2 --budget 0.001
equal "exit code while seeds are missing" $? 1
equal "runs in no time" "$(wc -l <$runs)" 1
printf '{"key": {"kin' >>$runs # killed while it wrote
recipe quick --tools quick --seeds 2
equal "exit code of a finished comparison" $? 0
equal "runs" "$(grep -c '"seconds": [0-9.]*}$' $runs)" 2
sum='BEGIN { auc = loss = 0 }'
for seed in 1 2; do
  expect 0 '' train data/credit_g/train.csv --valid $valid --label class --positive bad --effort quick \
    --seed $seed --out run --force --progress none
  expect 0 '' evaluate run data/credit_g/test.csv --json
  auc=$(sed 's/^{"rows":[0-9]*,"log_loss":[0-9.]*,"auc":\([0-9.]*\).*/\1/' stdout)
  loss=$(sed 's/^{"rows":[0-9]*,"log_loss":\([0-9.]*\).*/\1/' stdout)
  sum="$sum { auc += $auc / 2; loss += $loss / 2 }"
done
expected=$(echo | awk "$sum END { printf \"%.4f / %.4f\", auc, loss }" | sed 's/0\././g')
recipe quick --tools quick --seeds 2 --show
equal "AUC and log loss" "$(cell 3)" "$expected"

# ---- splits: the change is that of two runs of the program; nothing is measured again
base="--effort quick --epochs 4" # which the options tried come behind
recipe ablation --base="$base" --seeds 1 --jobs 2 --untimed --try='--recipe plain --epochs 1'
equal "exit code of an ablation" $? 0
for options in '' '--recipe plain --epochs 1'; do
  # shellcheck disable=SC2086 # words
  expect 0 '' train data/credit_g/train.csv --label class --positive bad --test-fraction 0.25 --valid-fraction 0.2 $base $options \
    --out run --force --progress none --json
  sed 's/.*"test":{[^}]*"log_loss":\([0-9.]*\),"auc":\([0-9.]*\).*/\2 \1/' stdout >>both
done
change=$(awk 'NR == 1 { a = $1; b = $2 } NR == 2 { printf "%+.0f / %+.0f", ($1 - a) * 1e4, ($2 - b) * 1e4 }' both)
recipe ablation --base="$base" --seeds 1 --try='--recipe plain --epochs 1' --show
equal "the change" "$(awk -F ' *[|] *' '$3 == "`--recipe plain --epochs 1`" {print $6}' stdout)" "$change"
cp $runs before
recipe ablation --base="$base" --seeds 1 --try='--recipe plain --epochs 1'
cmp -s $runs before || fail "a finished ablation measured again"

# ---- a page is written between the marks alone
printf 'Before\n<!-- recipe.py quick: begin -->\nold\n<!-- recipe.py quick: end -->\nAfter\n' >page.md
recipe quick --tools quick --seeds 2 --show --doc page.md
equal "what stands around the marks" "$(sed -n '1p;$p' page.md | tr '\n' ' ')" "Before After "
! grep -q old page.md || fail "what stood between the marks is still there"
holds "the table in the page" '^\| credit_g \| \.' page.md

# ---- another program is not the one that was measured; misuse
(cat "$colonnade" && echo) >other
chmod +x other
recipe quick --tools quick --seeds 2 --show --program ./other
equal "exit code where nothing is measured" $? 1
recipe quick --only credit_h
equal "exit code of an unknown table" $? 2

# ---- a folder of another name is a table whose label is y
mkdir data/other
cp data/credit_g/train.csv data/other/train.csv
recipe ablation --only other
equal "exit code of a table without a column y" $? 2
sed '1s/class$/y/; s/,bad$/,1/; s/,good$/,0/' data/credit_g/train.csv >data/other/train.csv
recipe ablation --base="$base" --only other --seeds 1 --try='--recipe plain --epochs 1'
equal "exit code of a table with one" $? 0
auc_of() { sed -n "s/.*\"table\": \"$1\", \"options\": \"\".*\"auc\": \([0-9.]*\).*/\1/p" $runs; }
holds "runs" '"table": "other", "options": ""' $runs
equal "AUC of the same rows under another name" "$(auc_of other)" "$(auc_of credit_g)"
finish
