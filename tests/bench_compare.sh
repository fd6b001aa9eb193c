#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/bench/compare.py in its quick form: it measures, carries on, writes between its marks alone; and README agrees with doc.
. "${top_srcdir:?}/tests/cli_testing.sh"

# ---- the figures of the README are those of the page
column() { awk -F ' *[|] *' -v n="$2" -v name="$3" '/compare.py: begin/ {on = 1} /compare.py: end/ {on = 0}
  on && $2 == name && NF >= 6 {print $n; exit}' "$1"; }
for workload in W1 W2 W2t W2b W3 W4; do
  [ -n "$(column "$top_srcdir/README.md" 5 "$workload")" ] || fail "README.md has no $workload"
  equal "$workload in README.md and doc/benchmarks.md" "$(column "$top_srcdir/README.md" 5 "$workload")" \
    "$(column "$top_srcdir/doc/benchmarks.md" 6 "$workload")"
  equal "the fraction of $workload in README.md and doc/benchmarks.md" "$(column "$top_srcdir/README.md" 6 "$workload")" \
    "$(column "$top_srcdir/doc/benchmarks.md" 10 "$workload")"
  equal "the fraction of $workload at its clock in both" "$(column "$top_srcdir/README.md" 7 "$workload")" \
    "$(column "$top_srcdir/doc/benchmarks.md" 12 "$workload")"
done

if ! command -v python3 >/dev/null; then
  [ "$failures" -eq 0 ] || exit 1
  echo "skipped: there is no python3"
  exit 77
fi

page() { printf '# Before\n\n<!-- compare.py: begin -->\nold\n<!-- compare.py: end -->\n\nAfter\n'; }
page >"$scratch/doc.md"
page >"$scratch/readme.md"
compare() {
  python3 "$top_srcdir/scripts/bench/compare.py" --program "$colonnade" --work "$scratch/measured" --doc "$scratch/doc.md" \
    --readme "$scratch/readme.md" "$@" >"$scratch/stdout" 2>"$scratch/stderr"
}
results=$scratch/measured/results.jsonl

# ---- no time: what was measured so far is nothing, and no page is touched
compare --smoke --only W0 --for 0
equal "exit code without time" $? 1
cmp -s <(page) "$scratch/doc.md" || fail "a page was written though nothing was measured"

# ---- two workloads: ours on one thread and on all, through bench and train
compare --smoke --only W0,W2b
equal "exit code of a quick run" $? 0
for page in doc readme; do
  equal "what stands before the marks of $page" "$(head -n 1 "$scratch/$page.md")" "# Before"
  equal "what stands behind the marks of $page" "$(tail -n 1 "$scratch/$page.md")" "After"
  ! grep -q old "$scratch/$page.md" || fail "what stood between the marks of $page is still there"
  holds "the row of W2b in $page" '^\| W2b \| 28-300-300-300-300-1 \| 100, relu \| [0-9]' "$scratch/$page.md"
done
number='[0-9][0-9,.]*'
holds "all figures of W2b" \
  "^\\| W2b \\| [-0-9]+ \\| 100, relu( \\| $number){4}( \\| $number %){4} \\| $number \\|\$" "$scratch/doc.md"
holds "both figures of W0" "^\\| Colonnade \\| $number \\| $number \\|\$" "$scratch/doc.md"
holds "the machine and the date" '20[0-9-]{8}: Colonnade [0-9.]+ \(.*\), .* threads allowed, Linux' "$scratch/doc.md"
threads=$("$colonnade" doctor --json | sed -n 's/^  "threads": \([0-9]*\),/\1/p')
for who in bench-1 "bench-$threads" "train-$threads"; do
  equal "measurements of W2b by $who" "$(grep -c "\"W2b\", \"who\": \"$who\"" "$results")" 1
done

# ---- again: nothing is left to do; what is missing is measured, and only that
cp "$results" "$scratch/before"
compare --smoke --only W0,W2b
cmp -s "$results" "$scratch/before" || fail "a finished comparison measured again"
grep -v '"process-ours"' "$scratch/before" >"$results"
printf '{"workload": "W0", "who": "proc' >>"$results" # killed while it wrote
printf '# Before\n<!-- compare.py: begin -->\n<!-- compare.py: end -->\nAfter\n' >"$scratch/doc.md"
cp "$scratch/doc.md" "$scratch/doc.before"
compare --smoke --only W0,W2b --for 0
equal "exit code where something is missing and there is no time" $? 1
holds "what to do then" 'the same command carries on' "$scratch/stderr"
cmp -s "$scratch/doc.md" "$scratch/doc.before" || fail "a page was written before all was measured"
compare --smoke --only W0,W2b
equal "exit code after an interruption" $? 0
equal "measurements after an interruption" "$(wc -l <"$results")" "$(wc -l <"$scratch/before")"
equal "those that were there already" "$(grep -v process-ours "$results")" "$(grep -v process-ours "$scratch/before")"
cp "$scratch/doc.md" "$scratch/doc.before"
compare --smoke --tables
cmp -s "$scratch/doc.md" "$scratch/doc.before" || fail "the same measurements make another page"

# ---- another program is not the one that was measured
(cat "$colonnade" && echo) >"$scratch/other"
chmod +x "$scratch/other"
compare --smoke --only W0 --program "$scratch/other"
holds "another program" 'starting afresh' "$scratch/stderr"
! grep -q W2b "$results" || fail "measurements of another program are kept"

# ---- misuse
compare --smoke --only W9
equal "exit code of an unknown workload" $? 2
echo "no marks" >"$scratch/doc.md"
compare --smoke --only W0
equal "exit code without marks" $? 1
equal "a page without marks" "$(cat "$scratch/doc.md")" "no marks"

finish
