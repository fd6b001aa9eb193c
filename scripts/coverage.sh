#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Branch coverage of the readers, writers and exit paths, in a build directory made by configure --enable-coverage in which
# make check has run:
#   scripts/coverage.sh BUILD [--lines]      a line a file; --lines: also the lines with a branch that was never taken
set -eu
build=${1:?the build directory}
cd "$build"
files="src/base/io src/base/json src/base/number src/base/area src/data/source src/data/csv src/data/csv_errors src/data/csv_fields
  src/data/csv_header src/data/csv_levels src/data/csv_parse src/data/csv_scan src/data/read src/data/parts src/data/libsvm
  src/data/npy src/data/npy_header src/data/cache_layout
  src/data/cache_read src/data/cache_write src/data/convert src/data/pipeline_read src/model/safetensors src/model/document
  src/model/model_file src/model/checkpoint src/report/output src/report/jsonl src/cli/run_directory src/cli/run_record
  src/cli/interrupt src/cli/exit_code"
for file in $files; do
  gcov -b -c -t "$file.gcda" | awk -v file="$file.c" -v lines="${2:-}" '
    /^ +-: +0:Source:/ { ours = $0 ~ file "$" }
    /^ *[0-9#=*-]+\*?: *[0-9]+:/ { split($0, part, ":"); line = part[2] + 0 }
    ours && /^branch/ && !/taken 0|never executed/ { all++; taken++ }
    ours && /^branch/ && /taken 0|never executed/ { all++; if (!(line in seen)) list = list " " line; seen[line] }
    END { printf "%s %d %d\n", file, all, taken; if (lines != "") print "  never taken:" list }'
done | awk '
  /never taken/ { print; next }
  { printf "%-28s %5d branches %5d taken %5.1f %%\n", $1, $2, $3, $2 ? 100 * $3 / $2 : 100; all += $2; taken += $3 }
  END { printf "%-28s %5d branches %5d taken %5.1f %%\n", "all", all, taken, 100 * taken / all }'
