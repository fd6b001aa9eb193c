#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A small model and a small column cache, damaged in every small way by tests/reliability/damage.c; then through the program, as the
# other tools' files were that doc/reliability.md compares with.  RELIABILITY=long: a million mutations, 500 flips and cuts.
. "${top_srcdir:?}/tests/cli_testing.sh"
damage=$(dirname "$COLONNADE")/tests/reliability/damage
[ -x "$damage" ] || { echo "tests/reliability/damage is not built"; exit 77; }
cd "$scratch" || exit 1
mutations=10000 times=25
[ "${RELIABILITY:-short}" = short ] || { mutations=1000000 times=500; }
# A limit on addresses leaves no room for AddressSanitizer's shadow.
case $(nm "$damage" 2>/dev/null) in *__asan_init* | *__tsan_init*) mutations=$((mutations / 10)) ;; *) export SMALL_MEMORY=1 ;; esac

printf 'x,job,left,y\n1,clerk,a,no\n,smith,b,yes\n2.50,,c,no\n3,clerk,d,yes\n-1e3,smith,e,no\n' >table.csv
"$colonnade" train table.csv --out run --hidden 2 --epochs 2 --batch-size 2 --valid-fraction 0.4 --threads 1 --progress none \
  2>stderr || fail "the model: $(cat stderr)"
"$colonnade" convert table.csv table.cache --ignore left 2>stderr || fail "the cache: $(cat stderr)"
cp run/model.safetensors model
echo "model $(wc -c <model) bytes, cache $(wc -c <table.cache) bytes"
"$damage" model model "$mutations" || fail "a damaged model: exit code $?"
"$damage" cache table.cache "$mutations" || fail "a damaged cache: exit code $?"

# of_program HOW FILE ARGUMENTS...: what the program makes of it, `spoilt` being the damaged file
of_program() {
  local how=$1 file=$2 n refused=0 crashed=0 same=0 different=0
  shift 2
  for ((n = 0; n < times; n++)); do
    "$damage" spoil "$how" "$file" "$n" spoilt || fail "$file cannot be spoilt"
    timeout 20 "$colonnade" "$@" >out 2>stderr
    case $? in
    0) if cmp -s out right; then same=$((same + 1)); else different=$((different + 1)); fi ;;
    1 | 3) refused=$((refused + 1)) ;;
    *) crashed=$((crashed + 1)) ;;
    esac
  done
  printf '%-6s %-28s %9d cases %9d refused %7d crashed or hung, %d same output, %d other output\n' "$file" "$how, colonnade $1" \
    "$times" "$refused" "$crashed" "$same" "$different"
  [ "$refused" -eq "$times" ] || fail "$file, $how: not all were refused"
}
"$colonnade" predict model table.csv >right 2>stderr || fail "predictions: $(cat stderr)"
of_program flip model predict spoilt table.csv
of_program cut model predict spoilt table.csv
of_program flip table.cache predict model spoilt
of_program cut table.cache predict model spoilt

finish
