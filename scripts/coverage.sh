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
src/base/io	crc|CRC64|byte < 256|pclmul|int k = 	the checksum without carry-less multiplication, which this CPU has
src/base/number	.	numbers that are never met there: a bound that the callers keep
src/base/json	assert|size_mul|size_add	a mistake of our own, or a product that cannot wrap within the limits of its factors
.	size_mul|size_add|PTRDIFF_MAX|SIZE_MAX|TABLE_MAX|_LEVELS|too_many|_MAX_LINE	a limit that only gigabytes reach
.	failure|least|_workers|tid|together|parallel|few_levels|too_many_column	what only several threads meet
.	cursor|CLN_OK|status|source_read	an error that another step of those written alike meets
.	err\)|err &&|_MEMORY|mem_alloc|failed|!(numbers|reader|\*values|model->members)	no memory, or no wish for a reason
src/model|src/data/cache|src/data/npy|src/base/json	.	a forged file that another condition refuses first
src/cli|src/report	.	a state of the run directory or of a signal that the kernel does not allow to be made
.	problem|PROBLEM|[|]{2}|&&|[?] |if \(|n_rows|UTF-|table_place	one side of a condition whose other sides decide first
.	for \(|while \(	a loop that always ends in its middle, or is never empty
END
}

for file in $files; do
  gcov -b -c -t "$file.gcda" | awk -v file="$file.c" -v mode="$mode" '
    /^ +-: +0:Source:/ { ours = $0 ~ file "$" }
    /^ *[0-9#=*-]+\*?: *[0-9]+:/ { split($0, part, ":"); line = part[2] + 0; sub(/^[^:]*:[^:]*:/, ""); gsub(/\t/, " "); text = $0 }
    ours && /^branch/ && !/taken 0|never executed/ { all++; taken++ }
    ours && /^branch/ && /taken 0|never executed/ {
      all++
      if (!(line in seen)) { list = list " " line; order[++n] = line; texts[line] = text }
      seen[line]++
    }
    END {
      printf "%s %d %d\n", file, all, taken
      if (mode == "--lines") print "  never taken:" list
      for (i = 1; mode == "--reasons" && i <= n; i++)
        printf "branch\t%s\t%d\t%d\t%s\n", file, order[i], seen[order[i]], texts[order[i]]
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
