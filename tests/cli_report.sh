#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# report.html: written by train, made again by report to the same bytes, from what was measured, escaped, and refused where a
# file is damaged.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1

member() { grep -oE "\"$1\":[^,}]*" "$2" | head -n 1 | cut -d: -f2; }
train() { "$colonnade" train "$@" --progress none 2>stderr || fail "train $*: $(cat stderr)"; }
# Parsed as XML, which forgives less than HTML does.
if command -v xmllint >/dev/null; then
  well_formed() { xmllint --noout "$1" 2>xml || fail "$1 is not well-formed: $(head -n 3 xml)"; }
elif command -v python3 >/dev/null; then
  well_formed() {
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1" 2>xml || fail "$1: $(tail -n 1 xml)"
  }
else
  echo "not parsed: there is neither xmllint nor python3"
  well_formed() { :; }
fi
self_contained() {
  ! grep -qiE 'https?:|src=|href=|@import|url\(|<script|<link|<iframe' "$1" || fail "$1 refers to something outside of it"
}

# ---- the same page again; nothing else in the directory
head -n 2001 "$examples/adult.csv" >train.csv
{ head -n 1 train.csv; sed -n '2002,3001p' "$examples/adult.csv"; } >test.csv
train train.csv --recipe plain --epochs 3 --hidden 8 --test test.csv --out run
equal "files" "$(cd run && echo *)" "metrics.jsonl model.safetensors report.html run.json"
well_formed run/report.html
self_contained run/report.html
cp run/report.html first.html
expect 0 'report    run/report.html' report run
cmp -s first.html run/report.html || fail "report makes another page than train"
mkdir elsewhere && cp run/run.json run/metrics.jsonl elsewhere
expect 0 '' report elsewhere --out -
cmp -s first.html stdout || fail "the page depends on where the run lies, or on other files"
expect 0 '' report elsewhere --out page.html
cmp -s first.html page.html || fail "--out FILE: another page"
[ ! -e elsewhere/report.html ] || fail "--out FILE: report.html is written, too"

# ---- its numbers are those of evaluate on the same rows
expect 0 '' evaluate run test.csv --json
cp stdout json
for pair in AUC:auc PR-AUC:pr_auc 'log loss:log_loss' 'Brier score:brier' accuracy:accuracy MCC:mcc KS:ks \
  'calibration error:calibration_error' F1:f1; do
  name=${pair%:*} key=${pair#*:}
  read -r low high <<<"$(sed 's/.*"intervals"//' json | grep -oE "\"$key\":\[[^]]*" | head -n 1 | sed 's/.*\[//; s/,/ /')"
  wanted="$name</th><td class=\"number\">$(printf %.5f "$(member "$key" json)")</td><td class=\"number soft\">"
  wanted="$wanted$(printf '%.5f to %.5f' "$low" "$high")</td>"
  grep -qF -- "$wanted" run/report.html || fail "the page lacks $wanted: $(grep -F ">$name</th>" run/report.html)"
done
matrix=$(grep -A 8 '<caption>test rows' run/report.html | grep -oE '<td class="number">[0-9]*' | sed 's/.*>//' | tr '\n' ' ')
equal "confusion matrix" "$matrix" \
  "$(for key in true_positives false_negatives false_positives true_negatives; do printf '%s ' "$(member $key json)"; done)"
weights=$(grep -oE '"reliability":\{"weight":\[[^]]*' run/run.json | tail -n 1 | sed 's/.*\[//')
equal "weight of the bins of the test rows" "$(tr ',' '\n' <<<"$weights" | awk '{ sum += $1 } END { print sum }')" 1000

# ---- names from data are escaped, in every place
hostile='<b>&"'\''</title><script>alert(1)</script>'
{
  printf '"%s","]]>",label</style><i>\n' "${hostile//\"/\"\"}"
  for i in $(seq 40); do echo "$i,a<$((i % 3)),$([ $((i % 2)) -eq 0 ] && echo '<u>yes</u>' || echo '&no')"; done
} >'hostile <i>&.csv'
train 'hostile <i>&.csv' --recipe plain --epochs 1 --out hostile
well_formed hostile/report.html
self_contained hostile/report.html
grep -qF '&lt;b&gt;&amp;&quot;&#39;&lt;/title&gt;&lt;script&gt;' hostile/report.html || fail "the hostile name is not there"
! grep -qE '<(b|i|u)>[^0-9]' <(sed 's/<b>[0-9–-]*//g' hostile/report.html) || fail "markup from the data"
grep -qF "colonnade train &#39;hostile &lt;i&gt;&amp;.csv&#39;" hostile/report.html || fail "no command to train it again"

# ---- the command trains the same model again
bash -c "$(sed -n 's/^  "command": "\(.*\)",\{0,1\}$/\1/p' run/run.json | sed "s|^colonnade|\"$colonnade\"|; s/\\\\\"/\"/g") \
  --out again --progress none" 2>stderr || fail "the command: $(cat stderr)"
cmp -s run/model.safetensors again/model.safetensors || fail "the command trains another model"
cp train.csv ./-dash.csv
expect 0 '' train --recipe plain --epochs 0 --report=false --out dash --progress none -- -dash.csv
holds "a name that begins with a dash" '^  "command": "colonnade train [.]/-dash[.]csv --recipe plain ' dash/run.json

# ---- options are kept whole, however long; names of columns have 200 bytes at most, with the ellipsis of those that are cut
names=$(printf ',column-%03d' {1..119})
long=$(printf '%0200d' 1)
{
  echo "x,$long,y$long,label${names}"
  for i in $(seq 40); do echo "$i,$((i % 3)),$((i % 5)),$((i % 2))$(printf ',%d' {1..119})"; done
} >wide.csv
train wide.csv --recipe plain --epochs 1 --label label --ignore "${names#,}" --out wide
holds "all names that are ignored" "^    \"ignore\": \"${names#,}\",$" wide/run.json
grep -qF "${names#,}" wide/report.html || fail "the report does not have all names that are ignored"
grep -oE '"name":"y?0[^"]*' wide/run.json | sed 's/"name":"//' >long_names
equal "lengths of the names" "$(LC_ALL=C awk '{ print length }' long_names)" $'200\n200'
grep -qF '0…","use"' wide/run.json || fail "no name that is cut has an ellipsis"

# ---- other kinds of runs
train "$examples/cvd.csv" --recipe textbook --scale standardise --epochs 50 --out textbook
well_formed textbook/report.html
grep -q 'No rows were held back' textbook/report.html || fail "nothing says that there were no other rows"
train train.csv --recipe plain --epochs 0 --out untrained
well_formed untrained/report.html
train train.csv --ensemble 2 --recipe plain --hidden 4 --epochs 2 --out ensemble
well_formed ensemble/report.html
grep -q 'A line for each network' ensemble/report.html || fail "an ensemble has no line for each network"
train train.csv --recipe plain --epochs 1 --out bare --report=false
[ ! -e bare/report.html ] || fail "--report=false writes one"
! grep -q '"review"' bare/run.json || fail "--report=false keeps what it would need"
cmp -s <("$colonnade" inspect bare) <(train train.csv --recipe plain --epochs 1 --out full; "$colonnade" inspect full) ||
  fail "the report changes the model"
cmp -s bare/model.safetensors full/model.safetensors || fail "the report changes the model file"
expect 0 '' report bare
well_formed bare/report.html
expect 0 'report    told/report.html' train train.csv --recipe plain --epochs 1 --out told
expect 0 'model     untold/' train train.csv --recipe plain --epochs 1 --out untold --report=false
! grep -q 'report\.html' stderr || fail "a report is named where none was written: $(grep report stderr)"

# ---- one positive test row has no interval of the AUC; it is no row learnt from for that
awk -F, 'NR == 1 || ($15 ~ />50K/ ? !n++ : NR < 40)' test.csv >single.csv
train train.csv --recipe plain --hidden 4 --epochs 1 --test single.csv --out single
tile=$(grep -oE '<span>AUC</span><b>[0-9.]*</b><span>[^<]*' single/report.html)
equal "the AUC of a single positive row" "${tile##*>}" 'no interval'
! grep -q 'of rows learnt from' single/report.html || fail "test rows are said to be learnt from"

# ---- a run that went on with changes is that of no command
! grep -q 'no single command' run/report.html || fail "a run without changes is said to be that of no command"
changing=(train.csv --recipe plain --hidden 8 --patience 0 --out changed)
"$colonnade" train "${changing[@]}" --epochs 100000 --time-limit 500ms --progress none 2>stderr
equal "exit code of a run that is stopped" $? 75
train "${changing[@]}" --epochs $(($(wc -l <changed/metrics.jsonl) + 2)) --lr 0.01 --resume --allow-change lr
holds "a run with changes" '<code>--allow-change lr</code>\): no single command makes its model again' changed/report.html
! grep -q 'byte for byte' changed/report.html || fail "the command of a run with changes is said to make the same model"
well_formed changed/report.html

# ---- damaged files: their name and what is wrong, exit code 1
rm -rf damaged
mkdir damaged
reset() { cp run/run.json run/metrics.jsonl damaged/; }
reset
expect 1 'cannot open nowhere/run.json' report nowhere
mkdir none
expect 1 'none holds no run.json: it is not the directory of a finished run' report none
expect 1 'none holds no model.safetensors: it is not the directory of a finished run' predict none train.csv
while IFS='|' read -r file change text; do
  reset
  sed -i -E "$change" "damaged/$file"
  cmp -s "damaged/$file" "run/$file" && fail "$change changes nothing"
  expect 1 "damaged/$file:" report damaged --out -
  one_line
  grep -qF -- "$text" stderr || fail "$change: not \"$text\": $(cat stderr)"
done <<'LIST'
run.json|s/"program": "colonnade"/"program": "other"/|another program
run.json|s/"options": \{/"options": 3, "more": {/|"options" is a number
run.json|s/"tpr":\[0/"tpr":["x"/|"tpr" holds what is no number
run.json|s/"tpr":\[0,/"tpr":[/|"tpr" has
run.json|s/"fpr":\[0/"fpr":[-1/|"fpr" holds what is no number
run.json|s/"auc": 0\./"auc": 7./|"auc" is 7.
run.json|s/"missing_cells":0/"missing_cells":-1/|"missing_cells" is -1
run.json|s/"auc":\[/"auc":[1,/|is no pair
run.json|s/"log_loss_interval":\[/"log_loss_interval":[1,/|"log_loss_interval" is no pair
run.json|s/"auc_interval":\[/"auc_interval":["x"],"auc_pair":[/|"auc_interval" is no pair
run.json|s/"rows_of": "test"/"rows_of": 3/|"rows_of" is a number
metrics.jsonl|2s/"epoch":2/"epoch":1/|:2: epoch 1 comes after epoch 1
metrics.jsonl|3s/.$//|:3: JSON
metrics.jsonl|1s/"train_loss":/"train_loss":-/|"train_loss" is -
LIST
reset
head -c 4000 run/run.json >damaged/run.json
expect 1 'damaged/run.json: JSON, byte' report damaged
[ ! -e damaged/report.html ] || fail "a page of a damaged run"

# ---- nothing is lost: a report that cannot be written is told, leaves the older page, and spoils no run
cp first.html run/report.html
said=$(ulimit -f 8; "$colonnade" report run 2>&1)
equal "exit code of a full disk" $? 1
cmp -s first.html run/report.html || fail "a full disk: the older page is gone"
equal "files after a full disk" "$(cd run && echo .[a-z]* *)" ".lock metrics.jsonl model.safetensors report.html run.json"
holds "a full disk" 'cannot write' <(echo "$said")
"$colonnade" report run --out - >/dev/full 2>stderr
equal "exit code of a full standard output" $? 1
mkdir -p late/report.html
expect 1 'the run is finished, and its model is written; but there is no whole report of it: ' train train.csv --recipe plain \
  --hidden 8 --epochs 3 --test test.csv --out late --progress none
cmp -s run/model.safetensors late/model.safetensors || fail "a report that cannot be written changes the model"
rmdir late/report.html
expect 0 '' report late
well_formed late/report.html

finish
