#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A run from a table to predictions: the run directory, its lock, what the files and --json hold, and that all of it agrees.
. "${top_srcdir:?}/tests/cli_testing.sh"
head -n 2001 "$examples/adult.csv" >"$scratch/data.csv"
sed -n '1p;2002,3001p' "$examples/adult.csv" >"$scratch/new.csv"
cd "$scratch" || exit 1

# member NAME FILE: the value of a JSON member, the first of that name.
member() { grep -oE "\"$1\": ?[^,}]*" "$2" | head -n 1 | sed 's/^[^:]*: *//'; }
# part NAME FILE: the object that is the member of that name, on one line.
part() { tr -d '\n' <"$2" | grep -oE "\"$1\": ?\{[^}]*\}" | head -n 1; }

# ---- a run directory: model, metrics, record
expect 0 'colonnade predict run' train --recipe plain data.csv --out run --epochs 6 --test-fraction 0.25 --json
cp "$scratch/stdout" summary.json
equal "lines of --json" "$(wc -l <summary.json)" 1
for file in model.safetensors metrics.jsonl run.json; do
  [ -s "run/$file" ] || fail "the run directory lacks $file"
done
for name in train valid test; do
  part "$name" summary.json >part.json
  for field in rows log_loss auc accuracy; do
    holds "--json, $name" "\"$field\":[0-9.e-]+[,}]" part.json
    equal "$field of $name in run.json" "$(part "$name" run/run.json | grep -oE "\"$field\": [0-9.e-]+")" \
      "$(grep -oE "\"$field\":[0-9.e-]+" part.json | sed 's/:/: /')"
  done
done
for field in seconds rows_per_second threads epochs; do
  holds --json "\"$field\":[0-9.e-]+[,}]" summary.json
done
equal "rows to train on" "$(part train summary.json | grep -oE '"rows":[0-9]+')" '"rows":1100'
equal "rows to test" "$(part test summary.json | grep -oE '"rows":[0-9]+')" '"rows":500'

# ---- metrics.jsonl: an object an epoch with the documented members, in order
equal "epochs in metrics.jsonl" "$(grep -oE '^\{"epoch":[0-9]+' run/metrics.jsonl | grep -oE '[0-9]+' | tr '\n' ' ')" "1 2 3 4 5 6 "
number='-?[0-9.]+(e-?[0-9]+)?'
line="^\{\"epoch\":[0-9]+,\"train_loss\":$number,\"valid_loss\":$number,\"valid_auc\":$number,\"learning_rate\":0.001"
line="$line,\"seconds\":$number,\"rows_per_second\":$number\}\$"
equal "well-formed lines" "$(grep -cE "$line" run/metrics.jsonl)" 6
expect 0 '' train --recipe plain data.csv --out without --epochs 2 --valid-fraction 0
equal "lines without validation rows" "$(grep -c '"valid_loss":null,"valid_auc":null' without/metrics.jsonl)" 2
part valid without/run.json >part.json
[ ! -s part.json ] || fail "run.json has metrics of validation rows that there are none of"

# ---- run.json: every option of train, and what the run stood on
"$colonnade" help --man train | sed -n 's/^\\fB\\-\\-\([a-z0-9\\-]*\)\\fR.*/\1/p' | tr -d '\134' >options
while read -r option; do
  holds "run.json" "^    \"$option\": " run/run.json
done <options
equal "version" "\"$("$colonnade" --version | cut -d' ' -f2)\"" "$(member version run/run.json)"
holds "fingerprint" '^    "fingerprint": "[0-9a-f]{16}"$' run/run.json
holds "instruction set" '^  "isa": "(generic|avx2|avx512|neon)",$' run/run.json
if "$colonnade" doctor | grep -q 'OpenMP: yes'; then
  OMP_NUM_THREADS=3 expect 0 'OMP_NUM_THREADS' train --recipe plain data.csv --out rule --epochs 1
  equal "rule of the threads" "$(member threads_rule rule/run.json)" '"OMP_NUM_THREADS"'
  equal "threads allowed" "$(member threads_allowed rule/run.json)" 3
  OMP_NUM_THREADS=3 expect 0 '' train --recipe plain data.csv --out rule --epochs 1 --threads 2 --force
  equal "rule of the threads with --threads" "$(member threads_rule rule/run.json)" '"--threads"'
  equal "threads allowed with --threads" "$(member threads_allowed rule/run.json)" 2
  # More threads than the job has cores, or there are, is told once; one that shares nothing is not.
  crowded='^note: 2 threads (share 1 CPU:|\(--threads\), and the job has 1 \(NSLOTS=1\))'
  for command in train crossval 'search --refit=false --trials 2 --strategy random'; do
    for threads in 2 1; do
      # shellcheck disable=SC2086
      NSLOTS=1 expect 0 '' $command data.csv --recipe plain --epochs 1 --hidden 256 --threads $threads \
        --out "crowd-$threads-${command%% *}"
      equal "$command: notes of $threads threads" "$(grep -cE "$crowded" stderr)" $((threads - 1))
    done
  done
fi

equal "the label in force" "$(sed -n 's/^    "label": //p' run/run.json)" '"income",'
equal "the positive value in force" "$(sed -n 's/^    "positive": //p' run/run.json)" '">50K",'
holds "the block size in force" '^    "block-size": [0-9]+,?$' run/run.json
expect 0 '' train --recipe plain data.csv --init run --valid data.csv --test new.csv --epochs 1 --out inputs
fingerprint() { part "$1" inputs/run.json | grep -oE '"fingerprint": "[0-9a-f]{16}"'; }
[ -n "$(fingerprint data)" ] || fail "the data has no fingerprint"
equal "the fingerprint of the same file" "$(fingerprint valid_data)" "$(fingerprint data)"
[ "$(fingerprint test_data)" != "$(fingerprint data)" ] || fail "another file has the same fingerprint"
cp run/model.safetensors copy.safetensors
init=$(fingerprint init_model)
expect 0 '' train --recipe plain data.csv --init copy.safetensors --epochs 1 --out inputs --force
equal "the fingerprint of a copied model" "$(fingerprint init_model)" "$init"
expect 0 '' train --recipe plain data.csv --init inputs --epochs 1 --out inputs --force
[ "$(fingerprint init_model)" != "$init" ] || fail "another model has the same fingerprint"
expect 0 '' train --recipe plain data.csv --epochs 1 --valid-fraction 0 --out inputs --force --json
holds "--json without validation rows" '"valid":null' stdout
holds "run.json without other inputs" '"valid_data": null' inputs/run.json

# ---- a finished run is never overwritten without --force, and not touched by misuse
sha() { sha256sum <"$1" | cut -d' ' -f1; }
before=$(sha run/model.safetensors)
expect 2 'run holds a finished run; overwrite it with --force' train --recipe plain data.csv --out run --epochs 1
one_line
equal "the model after a refusal" "$(sha run/model.safetensors)" "$before"
expect 3 '' train --recipe plain new.csv --out run --label sex --positive Female --ignore age --force --epochs 0 --numeric workclass
equal "the model after bad data" "$(sha run/model.safetensors)" "$before"
expect 0 '' train --recipe plain data.csv --out run --epochs 6 --test-fraction 0.25 --force --progress none
[ ! -s stderr ] || holds "--progress none shows notes only" '^note: ' stderr
equal "the same command gives the same model" "$(sha run/model.safetensors)" "$before"
equal "nothing but the run's files" "$(find run -type f | sort | tr '\n' ' ')" \
  "run/.lock run/metrics.jsonl run/model.safetensors run/report.html run/run.json "

# ---- --force keeps the older run until the new one is in place
cp -r run forced
expect 4 'note: what was in forced before is in forced/previous' train --recipe plain data.csv --out forced --force \
  --lr 1e6 --optimizer sgd --scale none
equal "the model of a forced run that failed" "$(sha forced/previous/model.safetensors)" "$before"
[ ! -e forced/model.safetensors ] || fail "a forced run that failed looks finished"
for file in run.json metrics.jsonl; do
  cmp "run/$file" "forced/previous/$file" || fail "a forced run that failed changed $file"
done
rm -f forced/metrics.jsonl
"$colonnade" train --recipe plain data.csv --init run --out forced --force --epochs 1000000 --patience 0 2>/dev/null &
runner=$!
await forced/metrics.jsonl "$runner"
kill -9 "$runner"
wait "$runner" 2>/dev/null
equal "the model after a second forced run that failed" "$(sha forced/previous/model.safetensors)" "$before"
expect 0 '' train --recipe plain data.csv --out forced --force --epochs 1
equal "files after a forced run" "$(find forced -type f | sort | tr '\n' ' ')" \
  "forced/.lock forced/metrics.jsonl forced/model.safetensors forced/report.html forced/run.json "
mv forced/model.safetensors moved.safetensors
cp forced/run.json record.json
expect 0 'is in forced/previous' train --recipe plain data.csv --out forced --epochs 1
cmp record.json forced/previous/run.json || fail "the record of a model that was moved away is lost"

# ---- closed standard streams stay closed, and no file takes their place; who read the progress may go away
for closed in '>&-' '2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
  rm -rf closed
  (eval "exec $closed"; exec "$colonnade" train --recipe plain data.csv --out closed --epochs 2)
  equal "exit code of train $closed" $? 0
  equal "well-formed lines of train $closed" "$(grep -c '^{"epoch":[0-9]*,.*}$' closed/metrics.jsonl)" 2
  equal "lines of train $closed" "$(wc -l <closed/metrics.jsonl)" 2
done
"$colonnade" train --recipe plain data.csv --out closed --epochs 1 --force --json >&- 2>stderr
equal "exit code of --json to a closed standard output" $? 1
"$colonnade" predict closed new.csv --out closed.csv >&- 2>/dev/null
equal "exit code of predict --out with a closed standard output" $? 0
"$colonnade" train --recipe plain - --out closed --epochs 1 --force <&- 2>stderr
equal "exit code of a closed standard input" $? 1
holds "a closed standard input" 'cannot read standard input: Bad file descriptor' stderr
"$colonnade" train --recipe plain data.csv --out unread --epochs 6 --test-fraction 0.25 2> >(head -n 1 >/dev/null)
equal "exit code where nobody reads the progress" $? 0
equal "the model where nobody reads the progress" "$(sha unread/model.safetensors)" "$before"

# ---- two processes never share a directory; a killed one blocks nobody
"$colonnade" train --recipe plain data.csv --out shared --epochs 1000000 --patience 0 2>/dev/null &
runner=$!
await shared/metrics.jsonl "$runner"
expect 1 "shared is in use by process $runner on $(uname -n)" train --recipe plain data.csv --out shared --epochs 1 --force
one_line
kill -9 "$runner"
wait "$runner" 2>/dev/null
expect 0 '' train --recipe plain data.csv --out shared --epochs 1
equal "metrics after a killed run" "$(wc -l <shared/metrics.jsonl)" 1

# ---- nothing is left where a run could not begin
expect 3 '' train --recipe plain /dev/null --out never
[ ! -e never ] || fail "a run that could not begin leaves a directory"
expect 1 'is a file, not a run directory' train --recipe plain data.csv --out data.csv
expect 1 'cannot make the run directory' train --recipe plain data.csv --out no/such/place

# ---- epochs 0 writes the initial network; a start from a model continues from its weights
expect 0 '' train --recipe plain data.csv --out start --epochs 0
[ -s start/model.safetensors ] || fail "--epochs 0 writes no model"
equal "epochs of --epochs 0" "$(wc -c <start/metrics.jsonl)" 0
expect 0 '' train --recipe plain data.csv --out again --epochs 0 --init run --valid-fraction 0
"$colonnade" predict run new.csv >a.csv 2>/dev/null
"$colonnade" predict again new.csv >b.csv 2>/dev/null
cmp a.csv b.csv || fail "--init with --epochs 0 predicts something else"
"$colonnade" train --recipe plain data.csv --out small --epochs 1 --hidden 7,5 --activation tanh 2>/dev/null
expect 0 'tanh' train --recipe plain data.csv --out again --epochs 1 --init small --activation tanh --force
equal "the network in force with --init" "$(sed -n 's/^    "hidden": //p' again/run.json)" '"7,5",'
expect 2 '--hidden 9: --init keeps what small has (7,5)' \
  train --recipe plain data.csv --out again --epochs 1 --init small --hidden 9 --force
expect 2 '--embedding periodic: --init keeps what small has (none)' \
  train --recipe plain data.csv --out again --epochs 1 --init small --embedding periodic --force
expect 2 '--input-scaling true: --init keeps what small has (false)' \
  train --recipe plain data.csv --out again --epochs 1 --init small --input-scaling --force
expect 2 '--parametric-activation true: --init keeps what small has (false)' \
  train --recipe plain data.csv --out again --epochs 1 --init small --parametric-activation --force
expect 2 '--bins 9: --init keeps what small has (auto)' \
  train --recipe plain data.csv --out again --epochs 1 --init small --bins 9 --force
expect 2 '--frequency-scale 2: --init keeps what small has (0.1)' \
  train --recipe plain data.csv --out again --epochs 1 --init small --frequency-scale 2 --force
one_line

# ---- a file takes the place of its share of the rows; a share that leaves no row is told
expect 0 '' train --recipe plain data.csv --valid new.csv --test-fraction 0.8 --epochs 1 --out shares
equal "the share that --valid replaces" "$(sed -n 's/^    "valid-fraction": //p' shares/run.json)" "0,"
expect 0 '' train --recipe plain data.csv --test new.csv --valid-fraction 0.9 --epochs 1 --out shares --force
expect 2 '--valid-fraction + --test-fraction is 1; ' \
  train --recipe plain data.csv --test-fraction 0.8 --epochs 1 --out shares --force
printf 'a,b\n1,x\n2,y\n' >two.csv
expect 0 'leaves none to validate on' train --recipe plain two.csv --epochs 1 --out shares --force

# ---- predict: CSV in the order of the input, kept columns as they were written, any order of columns, standard input
equal "header" "$(head -n 1 a.csv)" "probability,prediction"
equal "rows" "$(wc -l <a.csv)" 1001
equal "well-formed rows" "$(grep -cE '^[0-9.]+(e-[0-9]+)?,(<=50K|>50K)$' a.csv)" 1000
"$colonnade" predict run - <new.csv >b.csv 2>/dev/null
cmp a.csv b.csv || fail "rows on standard input give other predictions"
COLONNADE_ISA=generic "$colonnade" predict run new.csv --threads 3 >b.csv 2>/dev/null
cmp a.csv b.csv || fail "another instruction set and number of threads give other predictions"
"$colonnade" predict run/model.safetensors new.csv --out c.csv >d.csv 2>/dev/null
cmp a.csv c.csv || fail "--out holds something else"
[ ! -s d.csv ] || fail "--out writes to standard output as well"
awk 'NR == 1 { print "id,serial," $0; next } { printf "\"x,%d\",00%d12345678,%s\n", NR, NR, $0 }' new.csv >ids.csv
expect 0 'columns not used' predict run ids.csv --keep id,2,age
cp stdout kept.csv
equal "header with --keep" "$(head -n 1 kept.csv)" "id,serial,age,probability,prediction"
tail -n +2 ids.csv | cut -d, -f1-4 >expected.csv
tail -n +2 kept.csv | cut -d, -f1-4 | cmp - expected.csv || fail "--keep does not give cells as they were written"
{
  head -n 1 a.csv
  tail -n +2 kept.csv | cut -d, -f5-
} >c.csv
cmp a.csv c.csv || fail "--keep changes predictions"

# ---- a threshold of its own: chosen on the rows not trained on, stored, and what the classes and the accuracy go by
expect 0 'note: the threshold is 0.' train --recipe plain data.csv --out chosen --epochs 6 --test-fraction 0.25 \
  --threshold f1 --json
holds "the note on the threshold" ': precision 0\.[0-9]+, recall 0\.[0-9]+, F1 0\.[0-9]+ on 400 rows not trained on$' stderr
accuracy=$(grep -o '"accuracy":[0-9.]*' stdout | tail -n 1)
threshold=$(sed -n 's/^  "threshold": \(.*\),$/\1/p' chosen/run.json)
"$colonnade" inspect chosen --json >d.json
equal "the model's threshold" "$(sed -n 's/^  "threshold": \(.*\),$/\1/p' d.json)" "$threshold"
holds "--threshold in run.json" '^    "threshold": "f1"' chosen/run.json
"$colonnade" predict chosen new.csv >d.csv 2>/dev/null
awk -F, -v t="$threshold" 'NR > 1 { $2 = $1 >= t ? ">50K" : "<=50K" } { print $1 "," $2 }' a.csv >expected.csv
cmp d.csv expected.csv || fail "probabilities changed, or classes do not go by the threshold"
! cmp -s a.csv d.csv || fail "another threshold calls the same rows positive"
expect 0 '' train --recipe plain data.csv --out given --epochs 6 --test-fraction 0.25 --threshold "$threshold" --json
equal "accuracy at the same threshold, given" "$(grep -o '"accuracy":[0-9.]*' stdout | tail -n 1)" "$accuracy"
expect 2 '--threshold was f1, is 0.5: ' train --recipe plain data.csv --out chosen --epochs 6 --test-fraction 0.25 --resume=auto

# ---- evaluate agrees with predict and with the run's own test of the same rows
expect 0 '' evaluate run new.csv --json
cp stdout metrics.json
equal "lines of evaluate --json" "$(wc -l <metrics.json)" 1
equal "rows evaluated" "$(member rows metrics.json)" 1000
# Probabilities are floats, so 1 - p is off by at most 6e-8: with 1 - p above 1e-3 on every row, the mean by 6e-5 at most.
paste -d, <(tail -n +2 a.csv) <(tail -n +2 new.csv | awk -F, '{print $NF}') |
  awk -F, -v loss="$(member log_loss metrics.json)" -v accuracy="$(member accuracy metrics.json)" '
    { y = $3 == ">50K"; sum -= log(y ? $1 : 1 - $1); right += $2 == $3 }
    END { d = sum / NR - loss; e = right / NR - accuracy
      if (d > 6e-5 || d < -6e-5 || e > 1e-12 || e < -1e-12) { print d, e; exit 1 } }' ||
  fail "evaluate and predict disagree"
expect 0 '' train --recipe plain data.csv --out tested --epochs 6 --test new.csv --json
expect 0 '' evaluate tested new.csv --json
equal "the run's test and evaluate" "$(part test tested/run.json | grep -oE '"log_loss": [0-9.e-]+' | cut -d' ' -f2)" \
  "$(member log_loss stdout)"

# ---- categories of digits stay texts in every table: 007 is not 07
{
  echo code,x,y
  for i in $(seq 40); do
    echo "007,$i,yes"
    echo "07,$i,no"
  done
} >digits.csv
{
  cat digits.csv
  printf 'abc,1,yes\nabc,2,no\n'
} >codes.csv
expect 0 '' train --recipe plain codes.csv --valid digits.csv --epochs 40 --lr 0.01 --out codes
equal "accuracy on categories of digits" "$(part valid codes/run.json | grep -oE '"accuracy": [0-9.]+')" '"accuracy": 1'
expect 0 '' evaluate codes digits.csv --json
equal "accuracy of evaluate on categories of digits" "$(member accuracy stdout)" 1
"$colonnade" predict codes digits.csv 2>/dev/null | tail -n +2 | cut -d, -f2 | sort | uniq -c | tr -s ' ' >counts
equal "predictions of categories of digits" "$(tr '\n' ';' <counts)" " 40 no; 40 yes;"

# ---- inspect, for people and for programs
expect 0 '' inspect run
holds inspect 'education' stdout
expect 0 '' inspect run --json
holds "inspect --json" '^\{' stdout

# ---- many short epochs write few lines, the last among them, and no control characters into a log
expect 0 '' train "$examples/cvd.csv" --recipe textbook --out textbook
equal "objects in metrics.jsonl" "$(wc -l <textbook/metrics.jsonl)" 1000
[ "$(wc -l <stderr)" -lt 60 ] || fail "1000 short epochs write $(wc -l <stderr) lines"
holds "the last epoch" '^  1000 ' stderr
if grep -q $'\033' stderr; then fail "control characters in a log"; fi

# ---- the model's bytes do not know how the run was started
cp data.csv elsewhere.csv
expect 0 '' train --recipe plain elsewhere.csv --out other --epochs 6 --test-fraction 0.25 --threads 1 --progress none
equal "model of another path, folder and thread count" "$(sha other/model.safetensors)" "$before"

# ---- the default recipe: what it came to is said, and a model shows its parts
expect 0 'note: --effort quick and 1600 rows: 2 networks of at most 48 epochs' \
  train data.csv --out strong --effort quick --hidden 8 --epochs auto
holds "the default recipe" '; an ensemble of 2$' stderr
holds "the default recipe" '^training  adamw, rate 0.04 flat-cosine, ' stderr
holds "the default recipe" 'at most 48 epochs .ends after 10 . 1 x best epoch without a better log_loss.$' stderr
"$colonnade" inspect strong >shown || fail "a model of the default recipe cannot be shown"
holds "the parts of a model" '^embeddings: of 6 numbers, 3 values each, with 498 parameters$' shown
holds "the parts of a model" '^input factors: [0-9]*$' shown

# ---- the whole recipe on tables of hardly a row: no unit starts hundreds of times as steep as the others
for rows in 2 3 4; do # once, and sixteen times over
  for copies in 1 16; do
    awk -v n="$rows" -v copies="$copies" 'BEGIN {
      print "a,b,y"
      for (i = 0; i < n * copies; i++) print i % n "," i % n * 7 % 5 "," i % n % 2
    }' >tiny.csv
    expect 0 '' train tiny.csv --out tiny --force
  done
done

# ---- the parts that format 3 is for: shown, kept by --init, and by a training that goes on
expect 0 '' train --recipe plain data.csv --out bins --epochs 3 --hidden 8 --embedding both --bins 9 --parametric-activation
"$colonnade" inspect bins >shown || fail "a model with bins cannot be shown"
holds "a newer format" '^Colonnade model, format 4$' shown
holds "the bins" '^piecewise embeddings: of 6 numbers, 8 values each, with [0-9]* bins in all and [0-9]* parameters$' shown
holds "the parametric activation" '^parametric activation: z [+] alpha [(]g[(]z[)] - z[)], an alpha for every hidden unit$' shown
holds "their option" 'bins  *9' shown
expect 0 '' train --recipe plain data.csv --out kept --epochs 0 --init bins
"$colonnade" predict bins new.csv >a.csv 2>/dev/null
"$colonnade" predict kept new.csv >b.csv 2>/dev/null
cmp a.csv b.csv || fail "--init of a model with bins and --epochs 0 predict something else"
expect 2 '--embedding periodic: --init keeps what bins has (both)' \
  train --recipe plain data.csv --out kept --epochs 1 --init bins --embedding periodic --force

# ---- class weights: the odds are told, and taken back they are those of the rows
awk 'BEGIN {
  print "a,b,y"
  for (i = 0; i < 4000; i++) { b = i * 37 % 101 / 101; print i * 59 % 211 "," b "," (b + i * 83 % 97 / 160 > 1.15) }
}' >rare.csv
expect 0 'about 4 times those of the rows: p stands for p / (p + 4 (1 - p)), and 0.5 for 0.2' \
  train rare.csv --class-weight 1,4 --recipe plain --epochs 5 --out shifted
"$colonnade" predict shifted rare.csv 2>stderr | paste -d, - rare.csv |
  awk -F, 'NR > 1 { n++; y += $5; p += $1; q += $1 / ($1 + 4 * (1 - $1)) }
    END { exit !(p - y > 0.05 * n && q - y < 0.02 * n && y - q < 0.02 * n) }' ||
  fail "the odds are not four times those of the rows"
awk 'BEGIN {print "a,y"; for (i = 0; i < 40; i++) print i % 7 "," (i % 4 == 0)}' >quarter.csv
expect 0 'so the odds of every probability are about 3 times' train quarter.csv --class-weight balanced --epochs 0 --out quarter
expect 0 '' train quarter.csv --class-weight 2,2 --epochs 0 --out quarter --force
grep -q 'class-weight' stderr && fail "equal class weights are told as others"
expect 0 '' check quarter.csv --class-weight 2,1
holds "check" '^note .* 0.5 times .* 0.5 for 0.6667$' stdout

# ---- leaks that check finds
awk 'BEGIN {print "a,told,y"; for (i = 0; i < 200; i++) print i % 97 "," i % 2 * 3 + i % 3 "," i % 2}' >told.csv
{ sed -n 1,31p told.csv; echo 5.5,1.5,0; } >part.csv
expect 0 'the label of every training row; if it was made from the label, --ignore leaves it out: "told"' \
  train told.csv --recipe plain --epochs 0 --test part.csv --valid told.csv --out told
holds "shared rows" '^note: part.csv: 30 of 31 rows are rows of told.csv too; ' stderr
holds "the very table" '^note: told.csv: every row is a row of told.csv too; ' stderr
expect 0 '' train told.csv --recipe plain --epochs 0 --test part.csv --ignore told --label y --out told --force
equal "notes of a table without the column" "$(grep -c '^note: ' stderr)" 1
{ echo a,y; for i in $(seq 200); do echo "$((i * 7 % 211)).5,$((i % 2))"; done; } >far.csv
{ echo a,y; for i in $(seq 38); do echo "$i.25,$((i % 2))"; done; echo 7.5,1; } >chance.csv
expect 0 '' train far.csv --recipe plain --epochs 0 --test chance.csv --label y --out chance
equal "a row that is the same by chance" "$(grep -c '^note: ' stderr)" 0
echo 14.5,0 >>chance.csv
expect 0 'note: chance.csv: 2 of 40 rows are rows of far.csv too' \
  train far.csv --recipe plain --epochs 0 --test chance.csv --label y --out chance --force
expect 0 '' train told.csv --recipe plain --epochs 0 --ignore told --label y --out told --force
grep -q '^note: ' stderr && fail "a leak that is none: $(cat stderr)"
expect 0 '' check told.csv --test part.csv
equal "leaks by check" "$(grep -c '^leak?\|too: a leak' stdout)" 2
grep -q '^note .*rows of told.csv\|^note .*every training row' stdout && fail "check tells leaks twice"

# ---- rows of weight 0 are as if they were not there, also where networks and epochs are chosen
awk 'BEGIN {print "a,w,y"; for (i = 0; i < 60; i++) print i % 11 "," (i % 4 != 0) "," i % 2}' >zeros.csv
expect 0 'note: --effort quick and 36 rows: 2 networks of at most 2 epochs' \
  train zeros.csv --weight w --out zeros --effort quick --hidden 4 --epochs 2

# ---- the rate and what goes with it follow from the rows; what was given, or chosen, is what the model says
awk 'BEGIN {print "a,b,y"; for (i = 0; i < 10000; i++) print i * 7919 % 10007 "," i % 97 "," (i % 97 > 40)}' >many.csv
most=(--valid-fraction 0 --effort quick --hidden 4 --epochs 1)
expect 0 '' train many.csv --out by_rows "${most[@]}"
holds "a table of many rows" '^training  adamw, rate 0.01 flat-cosine, ' stderr
expect 0 '' train many.csv --out as_given "${most[@]}" --lr 0.01 --bias-rate 0.4 --embedding-rate 1.2 --scaling-rate 1 --dropout 0.1
equal "model whose rates are given" "$(sha as_given/model.safetensors)" "$(sha by_rows/model.safetensors)"
head -n 10000 many.csv >fewer.csv
expect 0 '' train fewer.csv --out below "${most[@]}"
holds "a table of fewer rows" '^training  adamw, rate 0.04 flat-cosine, ' stderr

# ---- a row whose features are too large for the network: named by its place, and no model is lost by it
awk 'BEGIN {print "a,b,y"; for (i = 0; i < 200; i++) print i % 7 / 10 "," i % 5 / 10 "," i % 2}' >small.csv
awk -F, -v OFS=, 'NR == 9 {$2 = "-3.4028235e38"} NR <= 41' small.csv >huge.csv
said='huge.csv:9:REST the row'\''s logit is not a number ("-3.4028235e+38", column "b"; the cell with its largest'
said=${said/REST/$(sed -n '9s/,.*/,/p' huge.csv | wc -c | tr -d ' '):}
overflow=(--recipe plain --scale none --hidden '64,64' --epochs 2 --progress none)
expect 0 '' train small.csv "${overflow[@]}" --out whole
for report in true false; do
  expect 3 "$said" train small.csv "${overflow[@]}" --test huge.csv --out huge --report=$report --force
  holds "a model that is kept" '^the run is finished, and its model is written; but there are no measures of the rows' stderr
  cmp -s whole/model.safetensors huge/model.safetensors || fail "test rows without a logit change the model"
  part test huge/run.json >part.json
  holds "no measures" '"rows": 40, *"log_loss": null, *"auc": null, *"accuracy": null' part.json
  expect 0 '' report huge
  holds "the report" 'The test rows have no log loss' huge/report.html
  ! grep -q 'keeps no curves' huge/report.html || [ $report = false ] || fail "the report says that nothing was kept"
  expect 0 'huge is finished' train small.csv "${overflow[@]}" --test huge.csv --out huge --report=$report --resume=auto
done
echo before >p.csv
expect 3 "$said" predict huge huge.csv --out p.csv
one_line
equal "what was there before a prediction that failed" "$(cat p.csv)" before
expect 3 "$said" predict huge huge.csv
one_line
expect 3 "$said" evaluate huge huge.csv
one_line
awk -F, -v OFS=, 'NR > 1 {$1 = "3.4028235e38"} {print}' small.csv >all.csv
expect 3 '... and 190 more' predict huge all.csv
equal "rows that are named" "$(grep -c '^all.csv:[0-9]*:1: the row' stderr)" 10

finish
