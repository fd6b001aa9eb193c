#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library as a user has it: examples/predict.c, which includes the public header alone, is run as make check built it; then it
# is compiled anew from an installed header, library and pkg-config file, without the source tree.
. "${top_srcdir:?}/tests/cli_testing.sh"
build=$(dirname "$colonnade")
cd "$scratch" || exit 1

# what the example prints: the bits are the same on every machine.
"$build/examples/predict" >got 2>stderr || fail "the example fails: $(cat stderr)"
[ ! -e predict-example.safetensors ] || fail "the example leaves its model"
diff "$top_srcdir/examples/predict.txt" got >difference || fail "the example says something else: $(cat difference)"

# a model of the program, with categories and gaps of its own: the library's probabilities are those of colonnade predict
"$colonnade" train "$examples/adult.csv" --recipe plain --epochs 1 --missing 40 --out run --progress none 2>/dev/null ||
  fail "no model"
head -n 301 "$examples/adult.csv" >rows.csv
"$colonnade" predict run rows.csv >predictions.csv 2>/dev/null
"$build/examples/predict" run rows.csv 300 >got 2>stderr || fail "the example fails on a file: $(cat stderr)"
holds "threads" '^300 rows: 4 of 4 threads have the same bits$' got
# The example rounds to six digits what the program writes with all.
tail -n +2 got | sed 's/^row [0-9]*: //; s/, /,/' | paste -d, - <(tail -n +2 predictions.csv) |
  awk -F, '($1 - $3) ^ 2 > 1e-12 || $2 != $4 { print } END { if (NR != 300) print NR " rows" }' >difference
[ ! -s difference ] || fail "other probabilities than the program's: $(head -n 4 difference)"
"$build/examples/predict" run nowhere.csv >got 2>stderr
equal "the exit code for a file that is not there" "$?" 1
holds "its message" '^CLN_E_IO: cannot open nowhere.csv: ' stderr

# ---- installed
if ! command -v pkg-config >/dev/null; then
  echo "SKIP: there is no pkg-config" >&2
  finish
fi
(unset MAKEFLAGS MAKELEVEL MFLAGS; make -s -C "$build" install-libLIBRARIES install-includeHEADERS install-pkgconfigDATA \
  install-exec-hook prefix="$scratch/prefix" >log 2>&1) || fail "nothing can be installed: $(cat log)"
pc=$(find prefix -name colonnade.pc)
export PKG_CONFIG_PATH=$scratch/${pc%/*}
flags=$(pkg-config --define-variable=prefix="$scratch/prefix" --cflags --libs colonnade) ||
  fail "pkg-config does not find it"
cp "$examples/predict.c" .
# what the library calls so inside is the program's to name
command -v objcopy >/dev/null && echo 'int json_string, mem_alloc, note;' >>predict.c
# shellcheck disable=SC2086 # flags are words
${CC:-cc} -std=c17 -Wall -Wextra -Werror ${SANITIZER_CFLAGS-} predict.c $flags -pthread -o predict 2>log ||
  fail "the example does not compile against what was installed: $(head -n 5 log)"
./predict >got 2>stderr || fail "compiled by a user it fails: $(cat stderr)"
diff "$top_srcdir/examples/predict.txt" got >difference || fail "compiled by a user it says something else: $(cat difference)"
# shellcheck disable=SC2086
${CC:-cc} -shared -fPIC ${SANITIZER_CFLAGS-} predict.c $flags -o predict.so 2>log ||
  fail "a shared library cannot have it inside: $(head -n 5 log)"
equal "what is installed" "$(cd prefix && find . -type f | sort | tr '\n' ' ')" \
  "./include/colonnade.h ./lib/libcolonnade.a ./lib/pkgconfig/colonnade.pc "
if command -v c++ >/dev/null; then
  printf '#include <colonnade.h>\nint main() { return cln_status_name(CLN_OK)[0] != %sC%s; }\n' "'" "'" >main.cpp
  c++ -Wall -Wextra -Werror -I prefix/include -c main.cpp -o main.o 2>log || fail "the header is no C++: $(head -n 5 log)"
fi
finish
