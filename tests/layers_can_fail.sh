#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every rule of scripts/check_layers.sh fails on a tree that breaks it, and what is allowed passes.
set -eu
check=${top_srcdir:-$(dirname "$0")/..}/scripts/check_layers.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fresh_tree() {
	rm -rf "$work/tree"
	mkdir -p "$work"/tree/{include,scripts,tests} "$work"/tree/src/{base,kernels,nn,data,comm,train,model,report,api,cli}
	printf '/* SPDX-License-Identifier: MIT */\nvoid f(void);\n' > "$work/tree/include/colonnade.h"
}

write() { # FILE LINE
	printf '/* SPDX-License-Identifier: MIT */\n%s\n' "$2" > "$work/tree/$1"
}

breaks() { # RULE'S WORDS, FILE, LINE: the second line of a file breaks this rule and no other
	fresh_tree
	write "$2" "$3"
	if "$check" "$work/tree" > "$work/out" || ! grep -qF "$2:2: $1" "$work/out" || [ "$(wc -l < "$work/out")" -ne 2 ]; then
		printf 'not found: "%s" in %s: %s\n' "$1" "$2" "$3"
		cat "$work/out"
		failures=$((failures + 1))
	fi
}

passes() { # FILE LINE
	fresh_tree
	write "$1" "$2"
	if ! "$check" "$work/tree" > "$work/out"; then
		printf 'refused: %s: %s\n' "$1" "$2"
		cat "$work/out"
		failures=$((failures + 1))
	fi
}

# Each direction that is not allowed, room by room; each that is.
for pair in base:kernels kernels:nn kernels:data nn:data nn:train data:kernels data:train comm:train report:api \
	train:model model:api api:cli api:report cli:train cli:base; do
	breaks "${pair%:*} may not include ${pair#*:}" "src/${pair%:*}/x.c" "#include \"${pair#*:}/x.h\""
done
for pair in base:base kernels:base nn:kernels nn:base data:base comm:base report:base train:nn train:data train:comm model:train \
	api:model api:data cli:api cli:report cli:cli; do
	passes "src/${pair%:*}/x.c" "#include \"${pair#*:}/x.h\""
done
breaks "the public header may include system headers only" include/x.h '#include "base/mem.h"'
breaks "nn, kernels and train know no files" src/nn/x.c '#include <fcntl.h>'
breaks "nn, kernels and train know no files" src/train/x.c '#include "base/io.h"'
breaks "nn, kernels and train know no files" src/train/x.c 'void f(FILE *file);'
breaks "nn and kernels know no threads" src/kernels/x.h '#include <pthread.h>'
breaks "nn and kernels know no threads" src/nn/x.c '#include "base/parallel.h"'
breaks "OpenMP belongs to base/parallel.c" src/train/x.c '#pragma omp barrier'
breaks "OpenMP belongs to base/parallel.c" src/api/x.c '#include <omp.h>'
breaks "OpenMP belongs to base/parallel.c" src/cli/x.c 'int n = omp_get_max_threads();'
breaks "a parallel region says default(none)" src/base/parallel.c '#pragma omp parallel num_threads(2)'
passes src/base/parallel.c '#pragma omp parallel num_threads(2) default(none)'
breaks "memory comes from base/mem.h" src/data/x.c 'char *p = malloc(4);'
breaks "memory comes from base/mem.h" src/cli/x.c 'free(p);'
passes src/base/mem.c 'char *p = malloc(4);'
passes src/data/x.c 'mem_free(p); table->free(p);'
breaks "libm transcendental: use base/dmath.h" src/train/x.c 'double x = exp(y);'
breaks "libm transcendental: use base/dmath.h" src/nn/x.c 'float x = tanhf(y);'
passes src/nn/x.c 'double x = sqrt(dmath_exp(y)) + kernels->exp(y); /* exp(y) */'
breaks "the library never prints or exits" src/api/x.c 'printf("x");'
breaks "the library never prints or exits" src/data/x.c 'fprintf(stderr, "x");'
breaks "the library never prints or exits" src/base/x.c 'exit(1);'
passes src/base/x.c 'snprintf(text, 4, "exit(1)");'
passes src/cli/x.c 'printf("x");'
breaks "the library never changes locale, signals or environment" src/api/x.c 'setlocale(LC_ALL, "C");'
breaks "longer than 132 columns" src/api/x.c "$(printf '\t%0125d' 0)"
passes src/api/x.c "$(printf '\t%0124d' 0)"

fresh_tree
echo 'int x;' > "$work/tree/src/base/x.c"
if "$check" "$work/tree" > "$work/out" || ! grep -qF 'src/base/x.c:1: no SPDX line' "$work/out"; then
	echo "not found: no SPDX line"
	failures=$((failures + 1))
fi

[ "$failures" -eq 0 ] || { echo "$failures rules do not do what they say"; exit 1; }
