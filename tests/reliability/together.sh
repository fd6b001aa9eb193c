#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One model is asked by several threads of a program at once; scripts/check.sh tsan runs the same under ThreadSanitizer.
. "${top_srcdir:?}/tests/cli_testing.sh"
together=$(dirname "$COLONNADE")/tests/reliability/together
[ -x "$together" ] || { echo "tests/reliability/together is not built"; exit 77; }
cd "$scratch" || exit 1
head -n 2001 "$examples/adult.csv" >table.csv
expect 0 '' train --recipe plain table.csv --out run --epochs 1 --progress none
"$together" run table.csv || fail "threads at once: exit code $?"
finish
