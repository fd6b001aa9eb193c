#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Random tables and random options: what is promised of every run is compared in each draw.  One model and one list of epochs for
# any number of threads, instruction set and form of the table, and for a run that was killed and gone on with; measures of the test
# rows that are evaluate's; predictions that depend neither on the other rows nor on the order of the columns.
# RANDOM_DRAWS=N: so many, else 12; RANDOM_FIRST=N: from that one on.  The same draws every time.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
unset COLONNADE_ISA OMP_NUM_THREADS
first=${RANDOM_FIRST:-1}
last=$((first + ${RANDOM_DRAWS:-12} - 1))
isas=$("$colonnade" doctor | sed -n 's/^instruction sets *\(.*\); in use.*/\1/p' | tr ',' '\n' | grep -v 'not on this CPU')
[ -n "$isas" ] || fail "doctor names no instruction set"

# make_table ROWS SEED: columns of one kind each, a weight, and a label that some of them tell.
make_table() {
  awk -v n="$1" -v seed="$2" -v OFS=, 'BEGIN {
    srand(seed)
    C = 1 + int(14 * rand())
    for (c = 0; c < C; c++) { kind[c] = int(9 * rand()); gaps[c] = rand() < 0.3 ? rand() : 0; printf "c%d,", c }
    print "w", "y"
    for (i = 0; i < n; i++) {
      sum = rand() - 0.5
      for (c = 0; c < C; c++) {
        u = rand(); v = rand()
        if (kind[c] == 0) cell = sprintf("%.4g", u - v)
        if (kind[c] == 1) cell = sprintf("%.7g", exp(20 * u - 10))
        if (kind[c] == 2) cell = "7"
        if (kind[c] == 3) cell = u < 0.9 ? 0 : int(1000 * v)
        if (kind[c] == 4) cell = "l" int(3 * u * v * 2)
        if (kind[c] == 5) cell = "level " int(60 * u)
        if (kind[c] == 6) cell = int(5 * u)
        if (kind[c] == 7) cell = u < 0.5
        if (kind[c] == 8) cell = sprintf("%.5ge%d", 2 * v - 1, 30 * u)
        if (c % 2 == 0) sum += kind[c] == 5 ? cell ~ /1/ : u - 0.5
        printf "%s,", rand() < gaps[c] ? (v < 0.5 ? "" : "NA") : cell
      }
      print i % 11 ? sprintf("%.3g", 0.1 + rand()) : 0, i < 12 ? i % 2 : (sum > 0)
    }
  }'
}

# some PERCENT OPTION VALUE...: the option in so many of 100 draws
some() {
  local percent=$1 option=$2
  shift 2
  [ $((RANDOM % 100)) -ge "$percent" ] || options+=("--$option=${*:1 + RANDOM % $#:1}")
}

draw_options() {
  options=(--test test.csv --progress none)
  some 100 recipe default plain plain textbook
  some 100 hidden none 1 7 16 8,5 33,1,7 20,20,20
  some 100 epochs 0 1 2 3 5
  some 100 ensemble 1 1 2 3
  some 60 batch-size 5 16 33 all 256
  some 50 activation sigmoid tanh relu leaky-relu elu selu gelu silu mish
  some 40 optimizer sgd momentum nesterov rmsprop adam adamw
  some 30 lr 0.001 0.01 0.1
  some 40 lr-schedule constant step cosine warmup one-cycle coslog4 flat-cosine
  some 40 embedding none periodic piecewise both auto
  some 40 scale none standardise robust quantile auto
  some 20 weight-init auto xavier he lecun normal data
  some 20 bins 2 5 63
  some 20 parametric-activation true
  some 20 input-scaling true
  some 30 one-hot-levels 1 3 all
  some 20 level-values 1 3
  some 20 max-levels 1 4
  some 20 categorical c0 c0,c1
  some 20 missing 0 l1,3
  some 30 dropout 0.1 0.5
  some 20 label-smoothing 0.1
  some 20 clip-norm 0.1 1
  some 20 class-weight balanced 1,4
  some 60 weight w
  some 30 metric auc accuracy
  some 30 patience 0 1
  some 30 calibrate temperature
  some 30 threshold f1 0.3 mcc cost:1:5 recall@0.5
  some 20 block-size 1 3 33
  some 20 recover 2
  some 20 parametrisation standard ntk
  some 30 regularisation constant flat-cosine
  some 40 valid-fraction 0 0.1 0.5
  some 30 seed 5 9223372036854775809
}

timeless() { sed -E 's/"(seconds|rows_per_second)": ?[^,}]*//g' "$1"; }
# same_run WHAT: the run in `other` has come to the same as the one in `run`.
same_run() {
  cmp -s run/model.safetensors other/model.safetensors || fail "draw $draw, $1: another model (${options[*]})"
  diff <(timeless run/metrics.jsonl | sort) <(timeless other/metrics.jsonl | sort) >difference ||
    fail "draw $draw, $1: other epochs (${options[*]}): $(head -n 4 difference)"
}
# again WHAT DATA THREADS ISA
again() {
  rm -rf other
  COLONNADE_ISA=$4 "$colonnade" train "$2" "${options[@]}" --out other --threads "$3" 2>stderr ||
    fail "draw $draw, $1: $(tail -n 1 stderr) (${options[*]})"
  same_run "$1"
}

# Killed or asked to stop at some time or other, until it gets to its end.
interrupted() {
  local tries code=1 signal
  rm -rf other
  for ((tries = 0; tries < 40 && code != 0; tries++)); do
    signal=$((RANDOM % 2 ? 9 : 15))
    "$colonnade" train table.csv "${options[@]}" --out other --threads $((1 + RANDOM % 3)) --resume=auto --checkpoint-every 1ms \
      2>stderr &
    sleep "$(printf '0.%03d' $((1 + RANDOM % 9 + 10 * tries)))"
    [ $tries -gt 20 ] || kill -s $signal $! 2>/dev/null
    wait $! 2>/dev/null
    code=$?
    [[ " 0 75 $((128 + signal)) " == *" $code "* ]] ||
      fail "draw $draw, interrupted: exit code $code: $(tail -n 1 stderr) (${options[*]})"
  done
  same_run interrupted
}

predictions() { "$colonnade" predict run "$1" 2>stderr || fail "draw $draw, predict: $(tail -n 1 stderr)"; }
same_predictions() { # WHAT ROWS
  cmp -s predicted <(sed -n "1p; $2" whole) || fail "draw $draw, predictions of $1 (${options[*]})"
}

done_draws=0
for ((draw = first; draw <= last; draw++)); do
  RANDOM=$draw
  make_table $((40 + RANDOM % (draw % 5 ? 300 : 2000))) "$draw" >all.csv
  sed '2,20d' all.csv >table.csv
  head -n 20 all.csv >test.csv
  draw_options
  rm -rf run
  "$colonnade" train table.csv "${options[@]}" --out run --threads 1 --json >result 2>stderr
  case $? in
  0) ;;
  3 | 4) continue ;; # nothing to learn from, or diverged
  *) fail "draw $draw: $(tail -n 1 stderr) (${options[*]})" && continue ;;
  esac
  done_draws=$((done_draws + 1))
  for isa in $isas; do again "$isa" table.csv $((2 + RANDOM % 4)) "$isa"; done
  mapfile -t of_table < <(printf '%s\n' --label=y "${options[@]}" | grep -E '^--(label|missing|weight)=')
  "$colonnade" convert table.csv table.cache "${of_table[@]}" 2>stderr ||
    fail "draw $draw, convert (${options[*]})"
  again cache table.cache 2 ''
  interrupted
  "$colonnade" evaluate run test.csv --json --bootstrap 0 2>stderr | sed -E 's/("accuracy":[^,]*).*/\1/; s/^.//' >evaluated
  sed -E 's/.*"test":\{([^}]*)\}.*/\1/' result | cmp -s - evaluated ||
    fail "draw $draw, test rows: $(cat evaluated), not those of $(cat result) (${options[*]})"
  predictions table.csv >whole
  for rows in 2p '2,9p' '5,9999p'; do
    sed -n "1p; $rows" table.csv | awk -F, -v OFS=, '{ for (c = 1; c < NF; c++) printf "%s,", $(NF - c); print "z" }' >part.csv
    predictions part.csv >predicted
    same_predictions "lines $rows" "$rows"
  done
done
echo "$done_draws of $((last - first + 1)) draws were compared"
[ "$done_draws" -gt 0 ] || fail "no draw was compared"
finish
