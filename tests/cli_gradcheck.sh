#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gradcheck as a program: its exit code, its table, the instruction set it is told, and the sample in doc/derivation.md.
# shellcheck source-path=SCRIPTDIR source=tests/cli_testing.sh
. "${top_srcdir:?}/tests/cli_testing.sh"

# Nine activations, without and with extras, W and b of three layers and the cost; with extras V, beta, T, and alpha of two layers.
expect 0 '' gradcheck
equal "lines that are ok" "$(grep -c ' ok$' "$scratch/stdout")" $((9 * (2 * 7 + 5)))
holds "the count" '^171 lines, 0 failed$' "$scratch/stdout"

expect 0 '' gradcheck --activation gelu --hidden 20,10 --seed 7
equal "lines of one activation" "$(grep -c '^gelu .* ok$' "$scratch/stdout")" $((2 * 7 + 5))

export COLONNADE_ISA=generic
expect 0 '' gradcheck --json --activation tanh
holds "one instruction set" '"isas": "generic"' "$scratch/stdout"
holds "the verdict" '"ok": true' "$scratch/stdout"

# The numbers are the same on every machine, so the page's are this program's; but not the textbook's errors (field 6), which are
# the rounding of differences and change with every last bit of the functions they are made of.
comparable() { awk '/^tanh .* ok *$/ { if (NF == 11) $6 = ""; $1 = $1; print }' "$1"; }
expect 0 '' gradcheck --activation tanh
equal "lines in doc/derivation.md" "$(comparable "$top_srcdir/doc/derivation.md" | wc -l)" $((2 * 7 + 5))
diff <(comparable "$scratch/stdout") <(comparable "$top_srcdir/doc/derivation.md") || fail "doc/derivation.md shows another table"

export COLONNADE_ISA=mmx
expect 2 'mmx' gradcheck
one_line

finish
