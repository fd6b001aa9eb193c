#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every instruction set's object defines its table and nothing else that the linker sees: a helper with an external name could be
# taken for one of the same name elsewhere and would then run on a CPU without these instructions.
set -u
command -v nm >/dev/null || { echo "nm is missing (package binutils)"; exit 77; }
failed=0 seen=0
for object in src/kernels/libkernels_*.o; do
	[ -e "$object" ] || continue
	seen=$((seen + 1))
	name=${object##*libkernels_}
	name=kernels_${name%%_a-*}
	# names with two leading underscores are the compiler's own (sanitizers, coverage)
	symbols=$(nm -g --defined-only "$object" | awk '$NF !~ /^__/ && NF >= 2 { print $NF }' | sort)
	if [ "$symbols" != "$name" ]; then
		echo "$object defines: ${symbols//$'\n'/ }; only $name is allowed"
		failed=1
	fi
done
[ "$seen" -gt 0 ] || { echo "no kernel objects in $PWD/src/kernels"; failed=1; }
exit $failed
