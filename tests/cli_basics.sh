#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Help, version, misuse, the config file, and that help, man pages, completion and parser know the same options.
. "${top_srcdir:?}/tests/cli_testing.sh"
commands="train predict evaluate inspect gradcheck bench tune doctor convert crossval export report search"

# ---- help and version, everywhere, on standard output
expect 0 '' --version
holds version '^colonnade [0-9]+\.[0-9]+\.[0-9]+$' "$scratch/stdout"
expect 0 '' --help
for command in $commands; do
  holds "the list of commands" "^  $command " "$scratch/stdout"
done
for command in $commands; do
  expect 0 '' "$command" --help
  holds "$command --help" "^Usage: colonnade $command" "$scratch/stdout"
  [ ! -s "$scratch/stderr" ] || fail "$command --help writes to standard error"
  [ "$(wc -l <"$scratch/stdout")" -le 60 ] || fail "$command --help does not fit a screen"
  expect 0 '' "$command" some data --lr nonsense --version
  holds "$command --version" '^colonnade ' "$scratch/stdout"
done

# ---- one table: help, man page, completion, installed files
options_of_help() { "$colonnade" "$1" --help | grep -oE -- '(^| ) --[a-z0-9-]+' | tr -d ' ' | sort -u; }
# shellcheck disable=SC1003 # a backslash alone
options_of_man() { "$colonnade" help --man "$1" | sed -n 's/^\\fB\\-\\-\([a-z0-9\\-]*\)\\fR.*/--\1/p' | tr -d '\\' | sort -u; }
options_of_completion() {
  bash -c '. "$1"; COMP_WORDS=(colonnade "$2" --); COMP_CWORD=2; _colonnade; printf "%s\n" "${COMPREPLY[@]}"' \
    - "$top_srcdir/scripts/completion/colonnade" "$1" | grep -vxE -- '--(help|version)' | sort -u
}
# made_by_program FILE arguments of help...
made_by_program() {
  local file=$1
  shift
  "$colonnade" help "$@" | cmp - "$top_srcdir/$file" || fail "$file is not what the program makes"
}
for command in $commands; do
  equal "options of $command in help and man page" "$(options_of_help "$command")" "$(options_of_man "$command")"
  equal "options of $command in help and completion" "$(options_of_help "$command")" "$(options_of_completion "$command")"
  [ -n "$(options_of_help "$command")" ] || fail "$command has no options"
  made_by_program "doc/man/colonnade-$command.1" --man "$command"
done
made_by_program doc/man/colonnade.1 --man
made_by_program scripts/completion/colonnade --completion
words=$(bash -c '. "$1"; COMP_WORDS=(colonnade train --activation s); COMP_CWORD=3; _colonnade; echo "${COMPREPLY[*]}"' \
  - "$top_srcdir/scripts/completion/colonnade")
equal "completion of an activation" "$words" "sigmoid selu silu"
complete() { # words behind "colonnade"
  bash -c '. <("$1" help --completion); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _colonnade; echo "${COMPREPLY[*]}"' \
    - "$colonnade" colonnade "$@"
}
equal "completion of a class weight" "$(complete train --class-weight '')" "none balanced"
equal "completion of epochs" "$(complete train --epochs '')" auto
equal "completion of a name" "$(complete train --weight '')" ""
equal "completion of help" "$(complete help tr)" train
touch "$scratch/model.safetensors"
for words in "evaluate --compare" "check --model" "train --init" "train --out"; do
  equal "completion of $words" "$scratch/model.safetensors" \
    "$(bash -c '. <("$1" help --completion); COMP_WORDS=(colonnade $2 "$3"); COMP_CWORD=3; _colonnade; echo "${COMPREPLY[*]}"' \
      - "$colonnade" "$words" "$scratch/mod")"
done

# ---- what is on without being asked for, and all files of a run
for words in "train --feature-selection" "train --input-scaling" "train --report" "search --refit"; do
  "$colonnade" "${words% *}" --help | grep -qF -- " ${words#* } [true]" || fail "${words% *} --help: no default of ${words#* }"
done
! "$colonnade" train --help | grep -qE -- '--(force|json) +\[' || fail "train --help: a switch that is off has a default"
"$colonnade" help --man train | grep -A 2 '^.fB.-.-report' >"$scratch/page"
holds "the man page" '^Default: true\.$' "$scratch/page"
"$colonnade" help --man | sed -n '/^.SH RUN DIRECTORY/,/^.SH CONFIG/p' >"$scratch/page"
for file in model.safetensors checkpoint.safetensors metrics.jsonl run.json report.html; do
  holds "files of a run" "^\\.B $file\$" "$scratch/page"
done

# ---- misuse: one line that names the option and the range, exit code 2
"$colonnade" >"$scratch/stdout" 2>"$scratch/stderr"
equal "exit code without a command" $? 2
[ ! -s "$scratch/stdout" ] || fail "misuse is told on standard output"
while IFS='|' read -r arguments text; do
  # shellcheck disable=SC2086
  expect 2 "$text" $arguments
  one_line
done <<'LIST'
trian x|did you mean train?
frobnicate x|there is no command "frobnicate"
train|DATA is missing
train a b|one argument too many
train a --report false|"false" is one argument too many; did you mean --report=false?
train a --resume auto|did you mean --resume=auto?
train a --force b|"b" is one argument too many: colonnade train DATA
train a --lable x|did you mean --label?
train a --resume|there is nothing to continue in colonnade-run
train a --time-limit 1|--time-limit: "1" is not a time as 100ms
predict m d --hidden 3|predict has no such option
train a --dropout 1.5|--dropout: "1.5" is not a number from 0 to 1 (excluded)
train a --epochs -1|--epochs: "-1" is not a whole number from 0 to 1000000
train a --activation rellu|did you mean relu?
train a --progress fast|--progress: "fast" is not one of auto, bar, lines, none
train a --recipe strong|default, plain, textbook
bench --inputs 0|--inputs: "0" is not a whole number from 1
train - --valid -|DATA and --valid cannot both be standard input
train - --init -|DATA and --init cannot both be standard input
train x --init - --test -|--init and --test cannot both be standard input
predict - -|MODEL and DATA cannot both be standard input
check - --model -|DATA and --model cannot both be standard input
evaluate - x --compare -|MODEL and --compare cannot both be standard input
evaluate x - --compare -|DATA and --compare cannot both be standard input
convert a|OUT is missing
export --format c|MODEL is missing
export a|export wants --format: onnx, c or json
export a --format pmml|--format: "pmml" is not one of onnx, c, json
predict a|DATA is missing
train a --valid b --valid-fraction 0.1|--valid and --valid-fraction cannot both be given
train a --test b --test-fraction 0.1|--test and --test-fraction cannot both be given
help frobnicate|there is no command
LIST

# ---- the instruction set comes from the environment, for every command
for command in "inspect $scratch/none" doctor gradcheck; do
  # shellcheck disable=SC2086
  COLONNADE_ISA=mmx expect 2 'COLONNADE_ISA: ' $command
  one_line
done

equal "an unknown instruction set" "$(COLONNADE_ISA=mmx "$colonnade" doctor 2>&1 | grep -cE 'it has generic(, [a-z0-9]+)*$')" 1

# ---- a bad OMP_NUM_THREADS stops what starts threads, also with --threads, and nothing else
for command in "train $examples/cvd.csv --threads 2" "bench --threads 1" gradcheck doctor; do
  # shellcheck disable=SC2086
  OMP_NUM_THREADS=0 expect 2 'OMP_NUM_THREADS: "0" is not a number of threads' $command
done
OMP_NUM_THREADS=0 expect 1 'cannot open' inspect "$scratch/none"

COLONNADE_MEMORY=lots expect 2 'COLONNADE_MEMORY: "lots" is not a size as 512M or 16G' inspect "$scratch/none"

# ---- standard output that cannot be written is a failure
if [ -w /dev/full ]; then
  "$colonnade" --help >/dev/full 2>"$scratch/stderr"
  equal "exit code with a full device" $? 1
  holds "a full device" 'cannot write standard output: No space left' "$scratch/stderr"
fi

# ---- recipe, then config file, then options; the last of two wins; a table on standard input
option() { sed -n "s/^ *\"$1\": \(.*[^,]\),*\$/\1/p" "$scratch/run/run.json"; }
printf '# of the test\nrecipe = textbook\nepochs = 7\nlr = 0.25\nprogress = none\n' >"$scratch/run.conf"
expect 0 '' train "$examples/cvd.csv" --lr 0.3 --config "$scratch/run.conf" --out "$scratch/run" --seed 5 --seed 6
equal "an option overrides the config file" "$(option lr)" 0.3
equal "the config file overrides the recipe" "$(sed -n '/"options"/,/}/s/^ *"epochs": \(.*\),/\1/p' "$scratch/run/run.json")" 7
equal "the recipe of the config file" "$(option optimizer)" '"sgd"'
equal "the last of two" "$(option seed)" 6
cp "$scratch/run/model.safetensors" "$scratch/first"
"$colonnade" train --recipe plain - --force --config - --out "$scratch/run" <"$examples/cvd.csv" 2>"$scratch/stderr"
equal "two readers of standard input" $? 2
"$colonnade" evaluate "$scratch/run" - --config - </dev/null 2>"$scratch/stderr"
equal "DATA and --config on standard input" $? 2
holds "DATA and --config on standard input" 'DATA and --config cannot both be standard input' "$scratch/stderr"
"$colonnade" train - --force --lr 0.3 --config "$scratch/run.conf" --out "$scratch/run" --seed 6 \
  <"$examples/cvd.csv" 2>"$scratch/stderr"
equal "a table on standard input" $? 0
cmp "$scratch/first" "$scratch/run/model.safetensors" || fail "a table on standard input gives another model"
printf 'epochs = many\n' >"$scratch/run.conf"
expect 2 "$scratch/run.conf:1: epochs: \"many\"" \
  train "$examples/cvd.csv" --config "$scratch/run.conf" --out "$scratch/other"
[ ! -e "$scratch/other" ] || fail "misuse leaves a run directory"

finish
