#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Branch coverage of the readers, writers and exit paths, in a build directory made by configure --enable-coverage in which
# make check has run:
#   scripts/coverage.sh BUILD              a line a file
#   scripts/coverage.sh BUILD --lines      also the lines with a branch that was never taken
#   scripts/coverage.sh BUILD --reasons    these lines by the reason that no test takes the branch, from the table below
set -eu
build=${1:?the build directory}
mode=${2:-}
source=$(cd "$(dirname "$0")/.." && pwd)
cd "$build"
files="src/base/io src/base/json src/base/number src/base/area src/data/source src/data/csv src/data/csv_errors src/data/csv_fields
  src/data/csv_header src/data/csv_levels src/data/csv_parse src/data/csv_scan src/data/read src/data/parts src/data/libsvm
  src/data/npy src/data/npy_header src/data/cache_layout
  src/data/cache_read src/data/cache_write src/data/convert src/data/pipeline_read src/model/safetensors src/model/document
  src/model/model_file src/model/checkpoint src/report/output src/report/jsonl src/cli/run_directory src/cli/run_record
  src/cli/interrupt src/cli/exit_code"

# Why a branch is not taken: file, then what its line holds, both extended regular expressions, then the reason.  The first that
# fits holds.
reasons() {
  cat <<'END'
REASONS
END
}

for file in $files; do
  gcov -b -c -t "$file.gcda" | awk -v file="$file.c" -v mode="$mode" '
    /^ +-: +0:Source:/ { ours = $0 ~ file "$" }
    /^ *[0-9#=*-]+\*?: *[0-9]+:/ { split($0, part, ":"); line = part[2] + 0; sub(/^[^:]*:[^:]*:/, ""); text = $0 }
    ours && /^branch/ && !/taken 0|never executed/ { all++; taken++ }
    ours && /^branch/ && /taken 0|never executed/ {
      all++
      if (!(line in seen)) { list = list " " line; order[++n] = line; texts[line] = text }
      seen[line]++
    }
    END {
      printf "%s %d %d\n", file, all, taken
      if (mode == "--lines") print "  never taken:" list
      if (mode == "--reasons") for (i = 1; i <= n; i++) printf "branch\t%s\t%d\t%d\t%s\n", file, order[i], seen[order[i]], texts[order[i]]
    }'
done | if [ "$mode" != --reasons ]; then
  awk '
    /never taken/ { print; next }
    { printf "%-28s %5d branches %5d taken %5.1f %%\n", $1, $2, $3, $2 ? 100 * $3 / $2 : 100; all += $2; taken += $3 }
    END { printf "%-28s %5d branches %5d taken %5.1f %%\n", "all", all, taken, 100 * taken / all }'
else
  reasons | awk -F '\t' '
    FNR == NR { if (NF == 3) { where[++n] = $1; what[n] = $2; why[n] = $3 } next }
    $1 != "branch" { next }
    {
      for (k = 1; k <= n && !($2 ~ where[k] && $5 ~ what[k]); k++) ;
      reason = k <= n ? why[k] : "not explained"
      count[reason] += $4
      if ($2 != last[reason]) { lines[reason] = lines[reason] "\n  " $2 ":"; last[reason] = $2 }
      lines[reason] = lines[reason] " " $3
    }
    END { for (reason in count) print count[reason] " branches: " reason lines[reason] }' - /dev/fd/3
fi 3<&0
