#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# search: trials are what train and crossval make of their values, halving keeps the best, and threads, jobs that share a
# directory, kills, signals and time limits change neither trials nor winner nor model; what is of another search, or wrong, is
# refused by name.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
head -n 601 "$examples/adult.csv" >table.csv
cat >space.conf <<'END'
# as in doc/search.md
lr = log 1e-4 .. 1e-1
dropout = 0 | 0.1 .. 0.5
hidden = 8 | 16,8 | 12

batch-size = log 16 .. 256
END
fixed=(--recipe plain --epochs 9 --progress none --threads 1)
options=("${fixed[@]}" --space space.conf --trials 9 --test-fraction 0.2)

# member FILE KEY: values of a key, one a line.
member() { sed -n "s/^ *\"$2\": \(.*[^,]\),\{0,1\}$/\1/p" "$1"; }
# flags FILE: a trial's values as options.
flags() { sed -n '/"values"/,/}/p' "$1" | sed -nE 's/^ *"([a-z-]+)": "?([^"{]*[^",{])"?,?$/--\1=\2/p'; }
# timeless FILE: without times.
timeless() { sed -E '/"(seconds|checksum)":/d' "$1"; }
# same_search DIR: its trials, winner and model are those of `whole`.
same_search() {
  for file in whole/trial-*.json; do
    cmp -s <(timeless "$file") <(timeless "$1/${file##*/}") || fail "$1: another ${file##*/}"
  done
  # A training of the winner that was killed between its record and its model leaves the record in best/previous.
  equal "files of $1" "$(cd "$1" && find . -type f ! -path './best/previous/*' | sort | tr '\n' ' ')" \
    "$(cd whole && find . -type f | sort | tr '\n' ' ')"
  cmp -s whole/best.conf "$1/best.conf" || fail "$1: another best.conf"
  cmp -s whole/best/model.safetensors "$1/best/model.safetensors" || fail "$1: another model"
}

# ---- trials, rungs, winner
expect 0 '' search table.csv "${options[@]}" --out whole --threads 1
cp stdout whole.txt
for file in whole/trial-000?.json; do
  number=${file##*-000}
  echo "$(member "$file" epochs | tr '\n' ' ')$(member "$file" log_loss | tr '\n' ' ')${number%.json}"
done >trials
equal "epochs of the trials" "$(awk '{print NF == 3 ? $1 : $1 " " $2}' trials | sort | uniq -c | tr -s ' \n' ' ')" ' 6 3 3 3 9 '
equal "those that go on" \
  "$(awk '{print NF == 3 ? $2 : $3, $NF}' trials | sort -g | head -n 3 | cut -d' ' -f2 | sort | tr '\n' ' ')" \
  "$(awk 'NF == 5 {print $5}' trials | sort | tr '\n' ' ')"
best=$(awk 'NF == 5 {print $4, $5}' trials | sort -g | sed -n '1s/.* //p')
equal "the first of the table" "$(sed -n 4p whole.txt | awk '{print $1, $2, $3}')" "1 $best 9"
equal "lines of the table" "$(grep -cE '^ +[0-9]+ +[0-9]+ +(3|9) ' whole.txt)" 9

# ---- a trial's figures are those that train has with its values
mapfile -t values < <(flags whole/trial-0004.json)
equal "values of trial 4" "${#values[@]}" 4
expect 0 '' train table.csv "${fixed[@]}" --test-fraction 0.2 "${values[@]}" --epochs 3 --out four
equal "log loss of trial 4" "$(sed -n '/"valid": {/,/}/s/.*"log_loss": \(.*\),/\1/p' four/run.json)" \
  "$(member whole/trial-0004.json log_loss | head -n 1)"

# ---- the winner is what train makes of best.conf, and has the figures of its trial
expect 0 '' train table.csv --config whole/best.conf --out again --progress none
cmp again/model.safetensors whole/best/model.safetensors || fail "train with best.conf has another model"
expect 2 'would overwrite whole/best.conf, which search reads' search table.csv --config whole/best.conf --out whole --force
equal "figures of the winner" "$(sed -n 's/^valid *\([0-9]*  *\)\(.*\)/\2/p' whole.txt)" \
  "$(sed -n 4p whole.txt | awk '{print $4 "   " $5 "   " $6}')"
holds "the test rows" '^test +120 ' whole.txt
grep -q test-fraction whole/best.conf || fail "best.conf lacks the rows of the test"
grep -qE 'test' whole/trial-0001.json && fail "a trial knows the test rows"

# ---- threads change nothing; nothing is done twice
for threads in 2 4; do
  expect 0 '' search table.csv "${options[@]}" --out "threads-$threads" --threads $threads
  cmp -s stdout whole.txt || fail "$threads threads: another table"
  same_search "threads-$threads"
done
find whole -name '*.json' -exec touch -d '2001-01-01' {} +
expect 0 'whole/best is finished' search table.csv "${options[@]}" --out whole
cmp -s stdout whole.txt || fail "a finished search prints another table"
equal "files written by a finished search" "$(find whole -name '*.json' -newermt 2002-01-01)" ''

# ---- a job that another one waits for; a job that is killed, whose trial is taken over
# started DIR: a job in the background that is stopped in its first trials; its process is $job.
started() {
  mkdir "$1"
  "$colonnade" search table.csv "${options[@]}" --progress lines --out "$1" --threads 1 >"$1.out" 2>"$1.err" &
  job=$!
  await "$1.err" $job
  kill -STOP $job
}
started shared
for k in 1 2; do
  "$colonnade" search table.csv "${options[@]}" --progress lines --out shared --threads 1 >"shared.stdout-$k" 2>"shared.err-$k" &
  others[k]=$!
done
kill -CONT $job
for process in $job "${others[@]}"; do wait "$process" || fail "a job that shares the directory ends with $?"; done
same_search shared
equal "trials done by three jobs" "$(cat shared.err shared.err-? | grep -cE '^trial [0-9]+ of 9 ')" 12
for file in shared.out shared.stdout-?; do
  cmp -s <(sed '/^winner/,$d' "$file") <(sed '/^winner/,$d' whole.txt) || fail "$file: another table"
done
long=(--recipe plain --threads 1 --space long.conf --trials 2 --strategy random --epochs 2000 --patience 0 --test-fraction 0.2)
printf 'lr = 0.001 | 0.01 | 0.1\nhidden = 64\n' >long.conf
expect 0 '' search table.csv "${long[@]}" --out alone --progress none
cp stdout alone.txt
"$colonnade" search table.csv "${long[@]}" --out long >long.out 2>long.err &
job=$!
await long.err $job
kill -STOP $job
true >beside.err
"$colonnade" search table.csv "${long[@]}" --out long >beside.out 2>beside.err &
other=$!
until grep -q 'waited for' beside.err || ! kill -0 $other 2>/dev/null; do sleep 0.02; done
holds "a job beside one that is stopped" '^1 trial is with other jobs, which are waited for$' beside.err
expect 0 'other jobs are at work on this search; the last of them trains the winner' search table.csv "${long[@]}" --out long \
  --time-limit 1ms
holds "a job beside others, at its time limit" '^1 of 2 trials, not all of them to their end, ' stdout
[ ! -e long/best.conf ] || fail "there is a winner while a job is at work"
true >waits.err
"$colonnade" search table.csv "${long[@]}" --out long >waits.out 2>waits.err &
waits=$!
until grep -q 'waited for' waits.err || ! kill -0 $waits 2>/dev/null; do sleep 0.02; done
kill -INT $waits
wait $waits
equal "exit code of a job that waits, at SIGINT" $? 75
holds "a job that waits, at SIGINT" 'stopped by SIGINT; 1 trial is done, and what is done is in long' waits.err
expect 2 '--force: another job is at work in long' search table.csv "${long[@]}" --out long --force --time-limit 1ms
kill -9 $job
wait $job 2>/dev/null
wait $other || fail "the job that takes over a trial ends with $?: $(cat beside.err)"
equal "trials of the job that took over" "$(grep -c '^trial ' beside.err)" 2
cmp -s beside.out alone.txt || fail "a trial that was taken over has another result"
cmp -s alone/best/model.safetensors long/best/model.safetensors || fail "... and the winner another model"

# ---- a job that its time limit ends, and that waits for the lock of the winner with a ranking of its own, trains the best that is
# known by then; meanwhile --force of another job is refused
printf 'lr = 1e-6 | 1e-5 | 1e-4\nhidden = 16\n' >slow.conf
slow=(--recipe plain --threads 1 --space slow.conf --strategy random --epochs 2000 --patience 0 --seed 38 --progress lines)
expect 0 '' search table.csv "${slow[@]}" --trials 3 --out known
holds "what is told without test rows" \
  '^To learn how good it really is, use rows that took no part in the choice: .* colonnade evaluate known/best NEW.csv$' stdout
equal "the later trial is the better one" "$(sed -n '4,6s/^ *[0-9]* *\([0-9]*\).*/\1/p' stdout | tr '\n' ' ')" '3 2 1 '
mkdir gap
cp known/trial-0001.json gap
"$colonnade" search table.csv "${slow[@]}" --trials 1 --out gap >first.out 2>first.err &
job=$!
until [ -e gap/best ] || ! kill -0 $job 2>/dev/null; do sleep 0.01; done
kill -STOP $job
cp known/trial-0002.json gap
true >late.err
"$colonnade" search table.csv "${slow[@]}" --trials 3 --out gap --time-limit 1ms >late.out 2>late.err &
late=$!
until grep -q 'stopped by the time limit' late.err || ! kill -0 $late 2>/dev/null; do sleep 0.02; done
sleep 0.1
kill -STOP $late
cp known/trial-0003.json gap
kill -9 $job
wait $job 2>/dev/null
expect 2 '--force: another job is at work in gap' search table.csv "${slow[@]}" --out gap --trials 1 --force --time-limit 1ms
kill -CONT $late
wait $late || fail "a job that waited for the lock of the winner ends with $?: $(cat late.err)"
cmp -s gap/best.conf known/best.conf || fail "a job that waited for the lock of the winner has trained the best of an old ranking"
equal "its table" "$(sed -n '4s/^ *1 *\([0-9]*\).*/\1/p' late.out)" 3
cmp -s gap/best/model.safetensors known/best/model.safetensors || fail "a job that waited: another model"

# what goes on after a signal in the training of the winner is told in the words of search, which has no --resume
mkdir told
cp known/trial-*.json told
"$colonnade" search table.csv "${slow[@]}" --trials 3 --out told >told.out 2>told.err &
job=$!
until [ -e told/best/metrics.jsonl ] || ! kill -0 $job 2>/dev/null; do sleep 0.01; done
kill -INT $job
wait $job
equal "exit code of a search at SIGINT in the training of the winner" $? 75
holds "what goes on" 'told/best/checkpoint.safetensors is written: the same command goes on$' told.err
grep -q -e --resume told.err && fail "search tells of --resume: $(cat told.err)"
# ... and before its first step, while small networks decide what it has, there is nothing that goes on
head -n 1501 "$examples/adult.csv" >larger.csv
printf 'lr = 0.03 .. 0.05\n' >narrow.conf
"$colonnade" search larger.csv --recipe default --space narrow.conf --trials 1 --epochs 48 --hidden "128,128,128" --progress none \
  --threads 1 --out early >early.out 2>early.err &
job=$!
until [ -e early/best ] || ! kill -0 $job 2>/dev/null; do sleep 0.01; done
kill -INT $job
wait $job
equal "exit code of a search at SIGINT before the training of the winner" $? 75
if grep -q 'checkpoint.safetensors is written' early.err; then
  [ -e early/best/checkpoint.safetensors ] || fail "a checkpoint is told of that there is none of: $(cat early.err)"
else
  holds "a stop before the first step" 'stopped by SIGINT before the first step: nothing was done, and nothing is lost$' early.err
fi
"$colonnade" help --man search >search.1
holds "the man page's exit code 75" 'time limit: the same command goes on$' search.1

# ---- cut off at random instants by kill -9 and by Ctrl-C, later and later, until all is done
for signal in KILL INT; do
  cuts=0 code=1
  while [ $code -ne 0 ] && [ $cuts -lt 200 ]; do
    "$colonnade" search table.csv "${options[@]}" --out "cut-$signal" --checkpoint-every 3ms --threads $((cuts % 2 + 1)) \
      >stdout 2>stderr &
    job=$!
    sleep "$(awk -v most=$((15 + 8 * cuts)) -v draw=$RANDOM 'BEGIN {print most * draw / 32768000}')"
    kill -$signal $job 2>/dev/null
    wait $job 2>/dev/null
    code=$?
    case $signal-$code in KILL-137 | INT-75 | INT-130 | *-0) ;; *) fail "SIG$signal: exit code $code: $(cat stderr)" ;; esac
    cuts=$((cuts + 1))
  done
  equal "the search that SIG$signal cuts off ends" $code 0
  expect 0 '' search table.csv "${options[@]}" --out "cut-$signal"
  cmp -s stdout whole.txt || fail "SIG$signal: another table"
  same_search "cut-$signal"
done

# ---- time limits: the best so far is trained; without one the search ends as if there had been none
expect 75 'stopped by the time limit; 0 trials are done' search table.csv "${long[@]}" --out limited --time-limit 1ms
[ ! -s stdout ] || fail "a search without a trial prints a table"
[ -s limited/trial-0001.checkpoint ] || fail "the trial that the time limit stopped left no checkpoint"
# a checkpoint of another training, or one that is damaged, is nothing to go on from
mkdir strange
cp limited/trial-0001.checkpoint strange/
head -c 1000 limited/trial-0001.checkpoint >strange/trial-0002.checkpoint
expect 0 'trial-0002.checkpoint' search table.csv "${options[@]}" --out strange --progress lines
same_search strange
pieces=0 partly=0
until [ $partly -eq 1 ] || [ $pieces -eq 100 ]; do # later and later: one that reads the table within its limit ends behind a trial
  pieces=$((pieces + 1))
  "$colonnade" search table.csv "${options[@]}" --out by-clock --time-limit $((10 + pieces))ms --json >stdout 2>stderr
  code=$?
  [ $code -eq 0 ] || [ $code -eq 75 ] || fail "a time limit: exit code $code: $(cat stderr)"
  [ $code -ne 0 ] || partly=1
done
holds "a search that a time limit has ended" '"complete":false' stdout
expect 0 '' train table.csv --config by-clock/best.conf --out partly --progress none
cmp -s partly/model.safetensors by-clock/best/model.safetensors || fail "the best so far was not trained"
expect 0 '' search table.csv "${options[@]}" --out by-clock
cmp -s stdout whole.txt || fail "time limits: another table"
same_search by-clock

# the best so far is the best of those that have come farthest, also in an earlier search of fewer trials
cp -r whole farther
expect 0 'stopped by the time limit' search table.csv "${options[@]}" --out farther --trials 60 --time-limit 1ms --progress lines
equal "the best so far of 60" "$(sed -n 4p stdout | awk '{print $1, $2, $3}')" "1 $best 9"

# ---- folds: a trial's figures are the means of crossval's with its values
folds=("${fixed[@]}" --space space.conf --strategy random --trials 2 --folds 3 --metric auc)
expect 0 '' search table.csv "${folds[@]}" --out folds --json
cp stdout folds.json
mapfile -t values < <(flags folds/trial-0002.json)
expect 0 '' crossval table.csv "${fixed[@]}" --metric auc "${values[@]}" --folds 3 --out crossval --json
for key in auc log_loss accuracy; do
  equal "$key of folds" "$(member folds/trial-0002.json $key | head -n 1)" \
    "$(sed -n "s/.*\"$key\":{\"mean\":\([0-9.]*\),.*/\1/p" stdout)"
done
equal "the greater AUC is the better one" "$(sed 's/.*"best_trial":\([0-9]*\),.*/\1/' folds.json)" \
  "$(for k in 1 2; do echo "$(member folds/trial-000$k.json auc | head -n 1) $k"; done | sort -gr | sed -n '1s/.* //p')"
printf 'input-scaling = yes | no\nhidden = 2 | none\nlr = 0.1 .. 0.2\n' >types.conf
expect 0 '' search table.csv "${fixed[@]}" --space types.conf --trials 1 --refit=false --out types --json
holds "types of values" '"values":[{]"input-scaling":(true|false),"hidden":"(2|none)","lr":0[.][0-9]+[}]' stdout
cp -r folds folds-cut
rm -r folds-cut/trial-0002.json folds-cut/best folds-cut/best.conf
# a fold has no checkpoint: every process does one, however short its time is
for code in 75 75 0; do
  expect $code '' search table.csv "${folds[@]}" --epochs 400 --patience 0 --refit=false \
    --out folds-stopped --time-limit 1ms
done
expect 0 '' search table.csv "${folds[@]}" --out folds-cut --threads 2 --json
cmp -s <(sed 's/folds-cut/folds/' stdout) folds.json || fail "folds, begun again: another result"

# ---- more trials, another strategy: what is there is taken, and a better winner takes the place of the one before
expect 0 '' search table.csv "${options[@]}" --out more --trials 1 --strategy random
cp more/best.conf before.conf
equal "the first of many trials" "$(flags more/trial-0001.json)" "$(flags whole/trial-0001.json)"
expect 0 '' search table.csv "${options[@]}" --out more --trials 12 --strategy random --refit=false
holds "without --refit" 'The best of many' stdout
grep -q '^winner' stdout && fail "--refit=false has a winner's figures"
cmp -s more/best.conf before.conf && fail "the best of 12 is the first one: the test shows nothing"
[ ! -e more/best/model.safetensors ] || fail "best holds a model that is not of best.conf"
[ -e more/best/previous/model.safetensors ] || fail "the winner before is gone while there is no other one"
expect 0 '' search table.csv "${options[@]}" --out more --trials 12 --strategy random
expect 0 '' train table.csv --config more/best.conf --out more-again --progress none
cmp -s more-again/model.safetensors more/best/model.safetensors || fail "the better winner was not trained"
[ ! -e more/best/previous ] || fail "the winner before is still there"

# ---- what is built in: trial 1 has the recipe's values, and what is given is not searched
expect 0 'note: hidden is given, and not searched' search table.csv --recipe plain --hidden 8 --epochs 3 --trials 3 --out built-in
equal "trial 1" "$(flags built-in/trial-0001.json | tr '\n' ' ')" "--lr=0.001 --dropout=0 --weight-decay=0 --batch-size=256 "
[ "$(flags built-in/trial-0002.json)" != "$(flags built-in/trial-0001.json)" ] || fail "trial 2 is the recipe's, too"
holds "what is given is in best.conf" '^hidden = 8$' built-in/best.conf
# the default recipe: a trial is one network, the winner an ensemble
expect 0 '' search table.csv --effort quick --epochs 2 --hidden 8 --trials 2 --out default --progress none
expect 0 '' train table.csv --config default/best.conf --out default-again --progress none
cmp -s default-again/model.safetensors default/best/model.safetensors || fail "the default recipe: another model"
equal "members of the winner" "$(member default/best/run.json members)" 2
equal "rows that judge a trial" "$(member default/trial-0001.json rows)" 120
# a config file is overridden by the space, and that by options
printf 'lr = 0.5\nepochs = 3\nhidden = 4\n' >given.conf
printf 'lr = 0.001 | 0.002\nhidden = 5\nepochs = 9\n' >some.conf
expect 0 'note: epochs is given, and not searched' search table.csv --recipe plain --config given.conf --space some.conf \
  --epochs 2 --trials 2 --out given
grep -qxE 'lr = 0.00[12]' given/best.conf || fail "the config file overrides the space: $(cat given/best.conf)"
grep -qx 'hidden = 5' given/best.conf || fail "a value that the space fixes is not in force"
grep -qx 'epochs = 2' given/best.conf || fail "an option does not override the space"

# ---- trials that diverge are last; where all do, that is the end
printf 'lr = 1e5 | 0.01\noptimizer = sgd\n' >wild.conf
expect 0 '' search table.csv "${fixed[@]}" --space wild.conf --strategy random --trials 6 --out wild
holds "a trial that diverged" '^ +[2-6] +[1-6] +9  diverged  +1e\+05$|^ +[2-6] +[1-6] +9  diverged  +100000$' stdout
grep -qx 'lr = 0.01' wild/best.conf || fail "a trial that diverged has won"
printf 'lr = 1e5 | 2e5\noptimizer = sgd\n' >wild.conf
expect 4 'all 2 trials diverged' search table.csv "${fixed[@]}" --space wild.conf --trials 2 --out wilder

# ---- a model wins by the metric asked for, and the validation file judges
sed -n '1p;2,200p' table.csv >valid.csv
expect 0 '' search table.csv "${fixed[@]}" --space space.conf --trials 2 --valid valid.csv --test valid.csv --out files
equal "rows of --valid" "$(member files/trial-0001.json rows)" 199
holds "rows of --test" '^test +199 ' stdout
expect 0 '' train table.csv --config files/best.conf --out files-again --progress none
cmp -s files-again/model.safetensors files/best/model.safetensors || fail "--valid: another model"

cp valid.csv test.csv
tested=("${fixed[@]}" --space space.conf --trials 1 --test test.csv --out tested)
expect 0 '' search table.csv "${tested[@]}"
sed -n '1p;300,400p' table.csv >test.csv
expect 2 '--test has changed' search table.csv "${tested[@]}"
one_line
expect 0 '' search table.csv "${tested[@]}" --force
holds "other rows of --test" '^test +101 ' stdout

# ---- refused: another search in the same directory
expect 2 '--metric was log_loss, is auc' search table.csv "${options[@]}" --out whole --metric auc
expect 2 '--seed was 1, is 2' search table.csv "${options[@]}" --out whole --seed 2
sed 's/1e-1/1e-2/' space.conf >other.conf
expect 2 'the space of lr was log 0.0001 .. 0.1, is log 0.0001 .. 0.01: whole/search.json is of another search' \
  search table.csv "${options[@]}" --space other.conf --out whole
sed '2s/^[0-9]*/77/' table.csv >other.csv
expect 2 'DATA has changed' search other.csv "${options[@]}" --out whole
cp -r whole foreign
cp built-in/trial-0002.json foreign/
expect 2 'foreign/trial-0002.json: it is of another search' search table.csv "${options[@]}" --out foreign
cp -r whole damaged
sed -i 's/"auc": 0\.\(.\)/"auc": 0.9/' damaged/trial-0003.json
expect 1 'damaged/trial-0003.json: it is not what was written (checksum); without it the trial is done again' \
  search table.csv "${options[@]}" --out damaged
rm damaged/trial-0003.json
expect 0 '' search table.csv "${options[@]}" --out damaged
same_search damaged
head -c 300 whole/search.json >damaged/search.json
expect 1 'damaged/search.json' search table.csv "${options[@]}" --out damaged
expect 0 '' search other.csv "${options[@]}" --out damaged --force --trials 2
equal "trials after --force" "$(find damaged -name 'trial-*' | wc -l)" 2
expect 0 '' train other.csv --config damaged/best.conf --out forced --progress none
cmp -s forced/model.safetensors damaged/best/model.safetensors || fail "--force: the winner was not trained anew"

# ---- what is not of a search stays where it is: --force without one, --force with one, and the end of a search
mkdir own
cp table.csv own/trial-data.csv
theirs=(trial-7.json trial-x.checkpoint trial-0001.json.old .cache.tmp-keep .x.tmp-1 .trial-0001.json.tmp-keep)
for file in trial-0001.json "${theirs[@]}"; do echo mine >"own/$file"; done
foreign() { (cd own && cat trial-data.csv "${theirs[@]}"); }
foreign >foreign.txt
own=("${fixed[@]}" --space space.conf --trials 1 --refit=false --out own)
expect 1 'own/trial-0001.json' search own/trial-data.csv "${own[@]}" --force
equal "a file like a trial's where there was no search" "$(cat own/trial-0001.json)" mine
rm own/trial-0001.json
echo left | tee own/.trial-0001.json.tmp-47 own/.best.conf.tmp-47 own/.search.json.tmp-47 own/trial-0002.checkpoint >/dev/null
expect 0 '' search own/trial-data.csv "${own[@]}"
[ "$(cat own/.*.tmp-47 own/trial-0002.checkpoint 2>/dev/null)" = '' ] || fail "what a killed process left is there"
expect 0 '' search own/trial-data.csv "${own[@]}" --force
foreign | cmp -s - foreign.txt || fail "search has removed files that are not its own"

# ---- refused: misuse, each with its place; nothing is left behind
while IFS='|' read -r code text line; do
  printf '%b\n' "$line" >bad.conf
  expect "$code" "$text" search table.csv --recipe plain --space bad.conf --out bad
  one_line
done <<'END'
2|bad.conf:2:1: there is no option "lrr"; did you mean lr?|lr = 1\nlrr = 2
2|bad.conf:1:10: lr: the ends of a range must be 0 or at least 1e-18 from it|lr = log 1e-30 .. 1e-26
2|bad.conf:1:16: dropout: "1" is not a number from 0 to 1 (excluded)|dropout = 0 .. 1
2|bad.conf:1:1: seed cannot be searched: |seed = 1 .. 5
2|bad.conf: no option has a range or a choice that is not given otherwise: there is nothing to search|lr = 0.1
END
printf 'lr = 0.1 .. 0.2\n' >bad.conf
expect 2 'there is nothing to search' search table.csv --recipe plain --space bad.conf --lr 0.1 --out bad
expect 1 'cannot open none.conf' search table.csv --space none.conf --out bad
expect 2 'they cannot be standard input' search - --out bad
expect 2 '--folds and --valid' search table.csv --folds 3 --valid valid.csv --out bad
expect 2 '--folds and --test-fraction' search table.csv --folds 3 --test-fraction 0.2 --out bad
expect 2 'there are no rows to judge trials by' search table.csv --recipe plain --valid-fraction 0 --out bad
expect 2 '--trials: "0" is not a whole number from 1 to 10000' search table.csv --trials 0 --out bad
expect 2 '--eta: "1" is not a whole number from 2 to 100' search table.csv --eta 1 --out bad
expect 2 '--strategy: "grid" is not one of halving, random' search table.csv --strategy grid --out bad
expect 3 'no column "nobody"' search table.csv --label nobody --out bad
expect 1 'cannot open none.csv' search table.csv --test none.csv --out bad
printf '"x\ny",z,y\n1,2,0\n2,1,1\n3,5,0\n4,4,1\n' >break.csv
expect 2 'a name with a line break in it cannot stand in a config file' search break.csv --ignore "$(printf 'x\ny')" --out bad
[ ! -e bad ] || fail "what was refused has left a directory"
echo file >taken
expect 1 'cannot make the directory taken' search table.csv --out taken
mkdir -p foreign-best && cp -r whole/best foreign-best/best
expect 2 'foreign-best/best is there, but no search of it' search table.csv "${options[@]}" --out foreign-best
expect 2 'foreign-best/best is there, but no search of it' search table.csv "${options[@]}" --out foreign-best --force
if [ -w /dev/full ]; then
  "$colonnade" search table.csv "${options[@]}" --out whole >/dev/full 2>stderr
  equal "exit code with a full device" $? 1
fi
finish
