#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Holds the sources to the rules that no compiler checks.  Usage: check_layers.sh [TREE]
# Prints file:line: rule for each breach, and ends with 1 if there is one.  tests/layers_can_fail.sh shows that every rule can.
set -eu
export LC_ALL=C
cd "${1:-${top_srcdir:-$(dirname "$0")/..}}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
breaches=$work/breaches
: > "$breaches"

# Includes flow one way; a room may use itself and what stands here.  The public header is everybody's.
may_include() {
	case $1 in
	base) echo ;;
	kernels | data | comm | report) echo base ;;
	nn) echo base kernels ;;
	train) echo base kernels nn data comm ;;
	model) echo base kernels nn data comm train ;;
	api) echo base kernels nn data comm train model ;;
	cli) echo api report ;;
	esac
}

# Code alone, as file:line:text: comments and the insides of strings and character constants become blanks.
strip_comments() {
	awk '
	FNR == 1 { in_comment = 0 }
	{
		out = ""
		line = $0
		while (line != "") {
			if (in_comment) {
				end = index(line, "*/")
				if (!end) { line = ""; break }
				line = substr(line, end + 2); in_comment = 0; out = out " "
			} else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\*|\/\//)) {
				token = substr(line, RSTART, RLENGTH)
				out = out substr(line, 1, RSTART - 1)
				line = substr(line, RSTART + RLENGTH)
				if (token == "/*") in_comment = 1
				else if (token == "//") line = ""
				else out = out substr(token, 1, 1) substr(token, 1, 1)
			} else { out = out line; line = "" }
		}
		if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
	}' "$@"
}

breach() { # RULE, with file:line:text on standard input
	sed -E "s|^([^:]*:[0-9]+):.*|\1: $1|" >> "$breaches"
}

sources() { find "$@" -name '*.[ch]' -type f | sort; }

room_files() { # ROOM...
	for room; do
		if [ -d "src/$room" ]; then grep "^src/$room/" "$work/code" || true; fi
	done
}

mapfile -t all_sources < <(sources src include)
strip_comments "${all_sources[@]}" > "$work/code"
library="base data kernels nn train model comm api"

# 1. Include directions.
for directory in src/*/; do
	room=$(basename "$directory")
	allowed=" $room $(may_include "$room") "
	sources "$directory" | xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
		while IFS=: read -r file line text; do
			target=${text#*\"}
			target=${target%%/*}
			case "$target" in
			*\") continue ;; # beside the file itself, as "config.h"
			esac
			case "$allowed" in
			*" $target "*) ;;
			*) echo "$file:$line: $room may not include $target" ;;
			esac
		done >> "$breaches"
done
sources include | xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
	breach "the public header may include system headers only" || true

# 2. The equations and the step know nothing of files; the equations nothing of threads.
sources src/nn src/kernels src/train 2> /dev/null |
	xargs -r grep -nHE '#[[:space:]]*include[[:space:]]*("base/io\.h"|<(fcntl|unistd|sys/(stat|mman|file))\.h>)' |
	breach "nn, kernels and train know no files" || true
room_files nn kernels train | grep -E '(^|[^A-Za-z0-9_])(FILE|fopen|fdopen)([^A-Za-z0-9_]|$)' |
	breach "nn, kernels and train know no files" || true
sources src/nn src/kernels 2> /dev/null |
	xargs -r grep -nHE '#[[:space:]]*include[[:space:]]*("base/(parallel|cpus)\.h"|<(pthread|threads|sched|stdatomic)\.h>)' |
	breach "nn and kernels know no threads" || true

# 3. OpenMP is in one file.
grep -v '^src/base/parallel\.c:' "$work/code" |
	grep -E '#[[:space:]]*pragma[[:space:]]+omp|omp\.h|(^|[^A-Za-z0-9_])omp_[a-z_]+[[:space:]]*\(' |
	breach "OpenMP belongs to base/parallel.c" || true
grep -E '#[[:space:]]*pragma[[:space:]]+omp[[:space:]]+parallel' "$work/code" | grep -v 'default(none)' |
	breach "a parallel region says default(none)" || true

# A call of one of the functions in the extended regular expression; members of structs are other functions.
calls() { grep -E "(^|[^A-Za-z0-9_.>])($1)[[:space:]]*\\("; }

# 4. The allocator is called in one file.
allocator='malloc|calloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|memalign'
allocator="$allocator|strdup|strndup|getline|v?asprintf|open_memstream"
grep -v '^src/base/mem\.c:' "$work/code" | calls "$allocator" | breach "memory comes from base/mem.h" || true

# 5. No libm transcendental: its bits differ between machines.
transcendental='exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|sin|cos|tan|sincos|asin|acos|atan|atan2'
transcendental="$transcendental|sinh|cosh|tanh|asinh|acosh|atanh|erf|erfc|cbrt|hypot|tgamma|lgamma"
calls "($transcendental)[fl]?" < "$work/code" | breach "libm transcendental: use base/dmath.h" || true

# 6. The library neither prints nor ends the process nor changes its settings.  mpi.c is the program's.
# shellcheck disable=SC2086 # a list of words
room_files $library | { grep -v '^src/comm/mpi\.c:' || true; } > "$work/library"
{
	calls 'v?printf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort' < "$work/library"
	grep -E '(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)' "$work/library"
} | breach "the library never prints or exits" || true
calls 'setlocale|signal|sigaction|setenv|putenv|unsetenv' < "$work/library" |
	breach "the library never changes locale, signals or environment" || true

# 7. Every file says its licence on the first line, or the second behind #!.
find src include tests scripts Makefile.am configure.ac -type f \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.m4' -o -name Makefile.am -o -name configure.ac \) \
	! -path 'scripts/build-aux/*' 2> /dev/null | sort |
	while read -r file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file:1: no SPDX line"
	done >> "$breaches"

# 8. At most 132 columns, a tab being 8.
find src include tests scripts -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' \) 2> /dev/null | sort |
	while read -r file; do
		expand -t 8 "$file" | awk -v file="$file" 'length > 132 { print file ":" FNR ": longer than 132 columns" }'
	done >> "$breaches"

if [ -s "$breaches" ]; then
	cat "$breaches"
	echo "$(wc -l < "$breaches") breaches of the layers' rules"
	exit 1
fi
