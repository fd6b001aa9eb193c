#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what the tests need and runs them.
#
#   scripts/check.sh              everything that fits in some 20 minutes on two cores
#   scripts/check.sh --long       also every fault of tests/reliability, 64-bit ARM emulated, Slurm, long fuzzing,
#                                 functions measured over every float, 10^7 numbers
#   scripts/check.sh STEP ...     these steps alone (after the same preparation); --list names them
#
# Works on a copy of the tree in build-check/, so that a build in the tree itself is neither in the way nor touched.  Each step
# prints what it does, its time and result; the log of a failed step is shown from its end.  The last line counts tests and steps:
# "N passed, N failed, N skipped"; the exit code is 1 where something failed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

check=$top/build-check
source=$check/source
logs=$check/logs
counts=$check/counts
jobs=$(nproc)
instrumented="-O1 -g1" # CFLAGS of builds with sanitizers, which take twice as long to compile with -O2
unset COLONNADE COLONNADE_ISA OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND MAKEFLAGS

steps="shellcheck gcc isa same_bits clang serial sanitizers tsan fuzz quickstart distcheck generated"
long_steps="mpi mpi_long reliability all_sanitizers export arm slurm long_fuzz long_tests"

# ---------------------------------------------------------------- preparation

# The runtime of clang's sanitizers is a package of its own, whose name has changed: the one that goes with this clang.
clang_runtime_package() {
	local major candidate
	major=$(clang -dumpversion 2> /dev/null | cut -d . -f 1)
	for candidate in "libclang-rt-$major-dev" libclang-rt-dev "libclang-common-$major-dev"; do
		if apt-cache show "$candidate" > /dev/null 2>&1; then
			echo "$candidate"
			return
		fi
	done
}

has_check() { have pkg-config && pkg-config --atleast-version=0.15 check; }
trivial_program() { echo 'int main(void) { return 0; }'; }
has_clang_runtime() { trivial_program | builds clang -fsanitize=thread; }
has_onnx() { python3 -c 'import onnx' 2> /dev/null || /usr/bin/python3 -c 'import onnx' 2> /dev/null; }
has_clang_openmp() { openmp_program | builds clang -fopenmp; }

install_test_packages() {
	local apt="" dnf=""
	has_check || { apt="$apt check pkg-config" dnf="$dnf check-devel pkgconf-pkg-config"; }
	have clang || { apt="$apt clang" dnf="$dnf clang compiler-rt"; }
	have shellcheck || { apt="$apt shellcheck" dnf="$dnf ShellCheck"; }
	have strace || { apt="$apt strace" dnf="$dnf strace"; }
	have taskset || { apt="$apt util-linux" dnf="$dnf util-linux"; }
	has_onnx || { apt="$apt python3-onnx" dnf="$dnf python3-onnx"; }
	have xz || { apt="$apt xz-utils" dnf="$dnf xz"; }
	[ -z "$apt" ] || install_packages "$apt" "$dnf" || true
	if have clang; then
		has_clang_openmp || install_packages libomp-dev libomp-devel || true
		has_clang_runtime || install_packages "$(clang_runtime_package)" compiler-rt || true
	fi
}

# The tree without what a build has put into it.
copy_source() { # TO
	rm -rf "$1"
	mkdir -p "$1"
	tar -C "$top" -cf - --exclude=./.git --exclude='./build*' --exclude='./colonnade-run*' --exclude=./autom4te.cache \
		--exclude='*.o' --exclude='*~' --exclude='*.a' --exclude='*.log' --exclude='*.trs' \
		--exclude=.deps --exclude=.dirstamp \
		--exclude=./Makefile --exclude=./colonnade --exclude=./colonnade.pc --exclude=./config.h --exclude=./config.status \
		--exclude=./stamp-h1 --exclude=./shared_code.inc --exclude='./colonnade-*.tar.xz' . | tar -C "$1" -xf -
	find "$1/tests" -type f -name 'test_*' ! -name '*.*' -delete
}

prepare() {
	mkdir -p "$check" "$logs"
	: > "$counts"
	echo "== packages: what the build and the tests need"
	install_build_packages
	install_test_packages
	if ! has_check; then
		echo "The unit tests need the package check (check-devel on Fedora)." >&2
		exit 1
	fi
	copy_source "$source"
	if [ ! -f "$source/configure" ]; then
		echo "== packages: configure is not there, so it is made by autoreconf -fi"
		have autoreconf || install_packages "autoconf automake" "autoconf automake"
		(cd "$source" && autoreconf -fi > "$logs/autoreconf.log" 2>&1) || { tail -n 20 "$logs/autoreconf.log"; exit 1; }
	fi
}

# ---------------------------------------------------------------- running steps

skip() { # REASON: ends a step
	echo "skipped: $*"
	exit 77
}

# configure_in NAME ARGUMENTS...: configures build-check/NAME afresh, where the arguments or configure have changed.
configure_in() {
	local build=$check/$1
	shift
	mkdir -p "$build"
	cd "$build"
	if [ "$(cat arguments 2> /dev/null)" != "$*" ] || [ "$source/configure" -nt config.status ] ||
		[ "$source/Makefile.in" -nt config.status ]; then
		"$source/configure" "$@"
		echo "$*" > arguments
	fi
}

# Adds up the results of the last make check in this directory.
count_results() {
	local results
	results=$(find . -name '*.trs' -exec sed -n 's/^:test-result: \([A-Z]*\).*/\1/p' {} +)
	awk '/^(PASS|XFAIL)$/ { passed++ } /^(FAIL|ERROR|XPASS)$/ { failed++ } /^SKIP$/ { skipped++ }
		END { print passed + 0, failed + 0, skipped + 0 }' <<< "$results" >> "$counts"
}

# run_tests ARGUMENTS...: make check; its tests are counted one by one.
run_tests() {
	local result=0
	find . -name '*.trs' -delete
	make -j"$jobs" check VERBOSE=1 "$@" || result=$?
	count_results
	return "$result"
}

# names VARIABLE: the tests that a variable of the Makefile lists.
names() {
	make -s --eval "names: ; @echo \$($1)" names
}

# run_some_tests UNIT-TESTS SHELL-TESTS: these alone, and no other is built.
run_some_tests() {
	run_tests CFLAGS="-g -O2 -Werror" check_PROGRAMS="$1" TESTS="$1 $2"
}

passed=0
failed=0
skipped=0

run_step() { # NAME
	local start log=$logs/$1.log result=0 before counted failures
	start=$(date +%s)
	printf '== %s: %s\n' "$1" "$(describe "$1")"
	before=$(wc -l < "$counts")
	set +e
	(
		set -e
		"step_$1"
	) > "$log" 2>&1
	result=$?
	set -e
	counted=$(tail -n +$((before + 1)) "$counts" | wc -l)
	failures=$(tail -n +$((before + 1)) "$counts" | awk '{ n += $2 } END { print n + 0 }')
	case $result in
	0)
		[ "$counted" -gt 0 ] || passed=$((passed + 1))
		echo "   passed, $(($(date +%s) - start)) s$(grep '^result: ' "$log" | sed 's/^result: /; /' || true)"
		;;
	77)
		skipped=$((skipped + 1))
		echo "   $(tail -n 1 "$log")"
		;;
	*)
		# Failed tests are counted one by one; what fails without a failed test counts once.
		[ "$failures" -gt 0 ] || failed=$((failed + 1))
		echo "   FAILED, $(($(date +%s) - start)) s; the end of $log:"
		grep -E '^(FAIL|ERROR):? ' "$log" | sort -u | head -n 20 | sed 's/^/   | /' || true
		tail -n 40 "$log" | sed 's/^/   | /'
		;;
	esac
}

# ---------------------------------------------------------------- the steps

describe() {
	case $1 in
	shellcheck) echo "every script" ;;
	gcc) echo "gcc, no warning; make check" ;;
	isa) echo "the tests that compute, once for each instruction set of this CPU" ;;
	same_bits) echo "one hash for 15,000 rows of Adult, over threads and instruction sets (SAME_BITS_ROWS=all: all of it)" ;;
	clang) echo "clang, no warning; the same hash as gcc's; the tests that compute" ;;
	serial) echo "--disable-openmp, --without-zlib, no warning; the same model as gcc's; their tests" ;;
	sanitizers) echo "AddressSanitizer and UndefinedBehaviorSanitizer; the tests" ;;
	all_sanitizers) echo "all of make check under AddressSanitizer and UndefinedBehaviorSanitizer" ;;
	tsan) echo "ThreadSanitizer with clang, libomp and Archer: the barrier's tests, lanes, training and prediction" ;;
	fuzz) echo "the fuzz targets, for a short time each" ;;
	mpi) echo "colonnade-mpi under mpirun, 2 and 3 ranks: the model of one process, signals, errors" ;;
	mpi_long) echo "the same with Open MPI and MPICH, 1 to 4 ranks of 1 and 2 threads" ;;
	quickstart) echo "scripts/quickstart.sh in a fresh copy of the tree, twice: the same model" ;;
	distcheck) echo "make distcheck" ;;
	generated) echo "autoreconf -fi makes the generated files that are committed" ;;
	reliability) echo "the long forms of tests/reliability: what doc/reliability.md counts" ;;
	export) echo "exported models of every kind on 100,000 rows: C to the bit, ONNX by onnxruntime within 1e-6" ;;
	arm) echo "built for 64-bit ARM and emulated: NEON, the same bits as here, the tests" ;;
	slurm) echo "the Slurm scripts of scripts/batch under a real Slurm of two nodes: 20 requeues, arrays" ;;
	long_fuzz) echo "10^7 runs of every fuzz target" ;;
	long_tests) echo "one hash for Adult, random options, functions over every float, 10^7 numbers, coverage, scikit-learn" ;;
	esac
}

step_shellcheck() {
	have shellcheck || skip "there is no shellcheck"
	cd "$source"
	find scripts tests .ci -type f \( -name '*.sh' -o -path .ci/run \) ! -path 'scripts/build-aux/*' -print0 |
		xargs -0 shellcheck
}

step_gcc() {
	have gcc || skip "there is no gcc"
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	run_tests CFLAGS="-g -O2 -Werror"
}

# Unit tests of the kernels go through all sets by themselves; the others take the one that COLONNADE_ISA names.
step_isa() {
	have gcc || skip "there is no gcc"
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	local isas isa
	isas=$(./colonnade doctor --json | sed -n '/"isas"/,/]/p' | sed -n 's/^ *"\([a-z0-9]*\)",\{0,1\}$/\1/p')
	[ -n "$isas" ]
	for isa in $isas; do
		echo "COLONNADE_ISA=$isa"
		export COLONNADE_ISA=$isa
		run_tests CFLAGS="-g -O2 -Werror" TESTS="tests/test_passes tests/test_trainer tests/test_fit" \
			check_PROGRAMS="tests/test_passes tests/test_trainer tests/test_fit"
	done
	echo "result: $(tr '\n' ' ' <<< "$isas")"
}

# The hash of tests/cli_same_bits.sh with a build, on standard output; fails where there is none.
hash_of_build() { # NAME ROWS
	local said=$check/same-bits-$1 result=0
	SAME_BITS_ROWS=$2 COLONNADE=$check/$1/colonnade top_srcdir=$source bash "$source/tests/cli_same_bits.sh" > "$said" ||
		result=$?
	cat "$said" >&2
	[ "$result" -eq 0 ] && tail -n 1 "$said" | grep -xE '[0-9a-f]{64}'
}

# The program of the step gcc, as the sources are now; others are compared with it.
make_gcc_program() {
	(
		configure_in gcc CC=gcc
		make -j"$jobs" CFLAGS="-g -O2 -Werror"
	)
}

step_same_bits() {
	have gcc || skip "there is no gcc"
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	local hash
	hash=$(hash_of_build gcc "${SAME_BITS_ROWS:-15000}")
	echo "result: sha256 $(cut -c 1-16 <<< "$hash")..."
}

# What reads, writes or calls the system is left to the steps gcc and sanitizers.
step_clang() {
	have clang || skip "there is no clang"
	has_clang_openmp || skip "clang has no OpenMP (libomp-dev)"
	configure_in clang CC=clang
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	local here there tests="" name
	if have gcc; then
		make_gcc_program
		here=$(hash_of_build clang 2000)
		there=$(hash_of_build gcc 2000)
		[ "$here" = "$there" ] || { echo "clang's hash is $here, gcc's $there"; return 1; }
	fi
	for name in rng dmath number parallel reduce pipeline dataset products kernels activations network passes path narrow \
		textbook front piecewise optimizer schedule trainer training checkpoint model fit ensemble; do
		tests="$tests tests/test_$name"
	done
	run_some_tests "$tests" "tests/golden.sh tests/cli_train.sh tests/cli_seam.sh"
}

# The tests of what is done in another way, or not at all.
step_serial() {
	configure_in serial --disable-openmp --without-zlib
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	if have gcc; then
		local build
		make_gcc_program
		head -n 2001 "$source/examples/adult.csv" > data.csv
		for build in gcc serial; do
			"$check/$build/colonnade" train data.csv --effort quick --epochs 4 --out "model-$build" --force \
				--progress none
		done
		cmp model-gcc/model.safetensors model-serial/model.safetensors
	fi
	run_some_tests "tests/test_parallel tests/test_cpus tests/test_csv tests/test_parts tests/test_reduce tests/test_trainer \
		tests/test_checkpoint tests/test_ensemble tests/test_fit tests/test_tune" "tests/cli_basics.sh tests/cli_train.sh \
		tests/cli_ensemble.sh tests/cli_convert.sh tests/cli_formats.sh tests/cli_doctor.sh"
}

# test_mpi NAME RANKS THREADS: NAME is openmpi or mpich, as Debian calls their programs where both are there.
test_mpi() {
	local mpicc=mpicc.$1 mpirun=mpirun.$1
	have "$mpicc" || mpicc=mpicc mpirun=mpirun
	configure_in "mpi-$1" CC=gcc "--with-mpi=$(command -v "$mpicc")"
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	[ "$1" = mpich ] || mpirun="$mpirun --oversubscribe --bind-to none"
	MPIRUN=$mpirun RANKS=$2 THREADS=$3 COLONNADE=$check/mpi-$1/colonnade COLONNADE_MPI=$check/mpi-$1/colonnade-mpi \
		top_srcdir=$source bash "$source/tests/mpi.sh"
}

step_mpi() {
	have gcc || skip "there is no gcc"
	have mpicc || install_packages "libopenmpi-dev openmpi-bin" "openmpi-devel" || skip "there is no MPI"
	have mpicc || skip "there is no mpicc; on Fedora: module load mpi"
	have mpicc.openmpi || [[ $(mpirun --version) == *"Open MPI"* ]] || { test_mpi mpich "2 3" 2; return; }
	test_mpi openmpi "2 3" 2
}

step_mpi_long() {
	have apt-get || skip "both MPIs are taken from Debian's packages"
	install_packages "libopenmpi-dev openmpi-bin libmpich-dev mpich" ""
	test_mpi openmpi "1 2 3 4" "1 2"
	test_mpi mpich "1 2 3 4" "1 2"
}

# Instrumented code is several times slower, so the tests get several times as long, and of the shell tests there are those that
# reach what the unit tests do not: bad input and its exits, allocations that fail, the commands of their own.
step_sanitizers() {
	export CK_TIMEOUT_MULTIPLIER=60
	configure_in sanitizers CFLAGS="$instrumented" --enable-sanitizers
	make -j"$jobs"
	local tests name
	tests=$(names unit_tests)
	for name in cli_basics cli_bad_input cli_check cli_search cli_importance cli_crossval cli_report library golden \
		reliability/allocations; do
		tests="$tests tests/$name.sh"
	done
	run_tests TESTS="$tests" \
		check_PROGRAMS="$(names unit_tests) examples/predict tests/make_model tests/reliability/faulty"
}

# All of them, also those that other steps' tests make likely to pass.
step_all_sanitizers() {
	export CK_TIMEOUT_MULTIPLIER=60
	configure_in sanitizers CFLAGS="$instrumented" --enable-sanitizers
	make -j"$jobs"
	run_tests
}

# gcc's libgomp is not instrumented and gives false reports; libomp tells ThreadSanitizer what it does through Archer.
step_tsan() {
	have clang || skip "there is no clang"
	has_clang_openmp || skip "clang has no OpenMP (libomp-dev)"
	has_clang_runtime || skip "clang has no ThreadSanitizer (libclang-rt-dev)"
	local archer threads
	archer=$(find /usr/lib/llvm-*/lib /usr/lib64 /usr/lib -name 'libarcher.so*' 2> /dev/null | sort -V | tail -n 1)
	[ -n "$archer" ] || skip "there is no libarcher.so (libomp-dev)"
	export OMP_TOOL_LIBRARIES=$archer TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1"
	configure_in tsan CC=clang CFLAGS="$instrumented" --enable-tsan
	make -j"$jobs"
	make -j"$jobs" tests/test_parallel tests/test_reduce tests/test_ranks tests/test_trainer tests/test_checkpoint \
		tests/test_ensemble tests/reliability/together
	for test in test_parallel test_reduce test_ranks test_trainer test_checkpoint; do
		CK_FORK=no CK_VERBOSITY=minimal "tests/$test"
	done
	CK_RUN_CASE=lanes CK_FORK=no CK_VERBOSITY=minimal tests/test_ensemble
	head -n 6001 "$source/examples/adult.csv" > data.csv
	head -n 1501 "$source/examples/adult.csv" | awk -F, -v copies=3 -f "$source/tests/beside_noise.awk" > wide.csv
	for threads in 2 3 8; do
		export OMP_NUM_THREADS=$threads
		rm -rf run
		# Columns are selected by small networks in lanes.
		./colonnade train wide.csv --out run --epochs 2 --hidden 8 --progress none 2> noted
		grep -q ' small networks on ' noted
		./colonnade train data.csv --recipe plain --out run --force --epochs 2 --batch-size 257 --hidden 96,48 \
			--dropout 0.2 --optimizer adam --clip-norm 1 --test-fraction 0.2 --progress none
		# A batch of one block, so that all threads are one team; then one that is no multiple of the block, in teams.
		./colonnade train data.csv --recipe plain --out run --force --epochs 2 --batch-size 256 --block-size 256 \
			--hidden 96,48 --dropout 0.1 --clip-norm 1 --progress none
		./colonnade train data.csv --out run --force --ensemble 1 --epochs 1 --batch-size 256 --block-size 256 \
			--hidden 96,48 --progress none
		./colonnade train data.csv --out run --force --ensemble 3 --epochs 1 --batch-size 300 --block-size 128 --hidden 64 \
			--optimizer momentum --activation gelu --progress none
		./colonnade predict run data.csv > predictions.csv
		./colonnade evaluate run data.csv --json
		./colonnade convert data.csv data.cache
		./colonnade predict run data.cache > of-cache.csv
		cmp predictions.csv of-cache.csv
	done
	unset OMP_NUM_THREADS
	tests/reliability/together run data.csv
	echo "result: 2, 3 and 8 threads"
}

# Builds the fuzz targets in build-check/NAME, each with the seeds that its mutations start from.
build_fuzzers() { # NAME CFLAGS
	have clang || skip "there is no clang"
	printf 'int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return !p && n; }\n' |
		builds clang -fsanitize=fuzzer || skip "clang has no libFuzzer (libclang-rt-dev)"
	configure_in "$1" CC=clang CFLAGS="$2" --enable-fuzzers --enable-sanitizers
	make -j"$jobs"
	targets=$(find "$source"/tests/fuzz -name 'fuzz_*.c' -exec basename {} .c \; | sed 's/^fuzz_//' | sort)
	local name replays=()
	for name in $targets; do replays+=("tests/fuzz/replay_$name"); done
	make -j"$jobs" "${replays[@]}"
	for name in $targets; do
		mkdir -p "corpus-$name"
		"tests/fuzz/replay_$name" --seeds "corpus-$name"
	done
	export KMP_BLOCKTIME=0 # else libomp's idle threads spin between the regions of one run and the next
}
fuzz() { # TARGET OPTIONS...: the options of libFuzzer
	local name=$1 result=0
	shift
	"tests/fuzz/fuzz_$name" -max_len=8192 -rss_limit_mb=2048 -timeout=120 -artifact_prefix="found-$name-" "$@" \
		"corpus-$name" > "log-$name" 2>&1 || result=$?
	[ "$result" -eq 0 ] || tail -n 40 "log-$name"
	tail -n 1 "log-$name" | sed "s/^/$name: /"
	return "$result"
}
# All targets side by side, as many as there are cores.
fuzz_all() { # OPTIONS...
	export -f fuzz
	xargs -P "$jobs" -I TARGET bash -c 'fuzz TARGET "$@"' fuzz "$@" <<< "$targets"
}

step_fuzz() {
	build_fuzzers fuzz "$instrumented"
	fuzz_all -max_total_time=5
}

# Without the tracing of comparisons, which slows the targets that parse JSON four times; the short form has it.
step_long_fuzz() {
	build_fuzzers long-fuzz "-g -O2 -fno-sanitize-coverage=trace-cmp"
	export ASAN_OPTIONS=malloc_context_size=2:quarantine_size_mb=16
	fuzz_all -runs=10000000
	echo "result: 10^7 runs of each of $(wc -w <<< "$targets") targets"
}

step_quickstart() {
	copy_source "$check/quickstart"
	if [ ! -f "$check/quickstart/configure" ]; then
		tar -C "$source" -cf - configure Makefile.in aclocal.m4 config.h.in scripts/build-aux |
			tar -C "$check/quickstart" -xf -
	fi
	cd "$check/quickstart"
	scripts/quickstart.sh --effort quick --epochs 4
	scripts/quickstart.sh --effort quick --epochs 4
	cmp colonnade-run-quickstart/model.safetensors colonnade-run-quickstart-2/model.safetensors
	echo "result: test rows, log loss, AUC and accuracy are $(sed -n 's/^test *//p' "$logs/quickstart.log" | head -n 1)"
}

# Builds, installs and uninstalls from the archive, which has every file that is committed but hidden ones; a few tests show that
# the result works.
step_distcheck() {
	configure_in dist
	make -j"$jobs" distcheck check_PROGRAMS=tests/test_fit \
		TESTS="tests/test_fit tests/cli_basics.sh tests/cli_train.sh tests/readme.sh tests/golden.sh"
	git -C "$top" rev-parse > /dev/null 2>&1 || return 0
	tar -tJf colonnade-*.tar.xz | sed 's|^[^/]*/||' | sort > archived
	git -C "$top" ls-files | grep -v '^\.' | sort | comm -23 - archived > missing
	[ ! -s missing ] || { echo "not in the archive:"; cat missing; return 1; }
}

# Only the versions that the committed files name make the same files again.
step_generated() {
	git -C "$top" ls-files --error-unmatch configure > /dev/null 2>&1 || skip "configure is not committed in this tree"
	have autoreconf || skip "there is no autoreconf"
	local autoconf automake
	autoconf=$(sed -n 's/^# Generated by GNU Autoconf \([0-9.]*[0-9]\).*/\1/p' "$top/configure" | head -n 1)
	automake=$(sed -n 's/^# generated automatically by aclocal \([0-9.]*[0-9]\).*/\1/p' "$top/aclocal.m4" | head -n 1)
	autoconf --version | head -n 1 | grep -qF " $autoconf" || skip "the files were made by Autoconf $autoconf"
	automake --version | head -n 1 | grep -qF " $automake" || skip "the files were made by Automake $automake"
	copy_source "$check/generated"
	cd "$check/generated"
	autoreconf -fi
	diff -r -x autom4te.cache -x '*~' "$source" "$check/generated"
}

# Check and zlib for ARM, unpacked into a directory: apt-get keeps a state of its own there, and nothing is installed.
fetch_arm_libraries() { # TO
	local to=$1 state=$1/apt package
	local options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State=$state" -o "Dir::Cache=$state"
		-o "Dir::State::lists=$state/lists" -o Dir::State::status=/dev/null -o APT::Sandbox::User=)
	mkdir -p "$state/lists/partial" "$state/archives/partial"
	(
		cd "$state"
		apt-get "${options[@]}" update && apt-get "${options[@]}" download check libsubunit-dev zlib1g-dev
	) || return 1
	for package in "$state"/*.deb; do
		dpkg-deb -x "$package" "$to" || return 1
	done
	rm -f "$to"/usr/lib/aarch64-linux-gnu/*.so # the static libraries are linked
}

# A fused multiply-add outside of the kernels would be the compiler's own doing; the products are to be made of vector ones.
check_fused_operations() {
	local fused='/\tf(n?m(add|sub)|ml[as])\t/ { n++ } END { print n + 0 }' object n
	while read -r object; do
		n=$(aarch64-linux-gnu-objdump -d --no-show-raw-insn "$object" | awk "$fused")
		[ "$n" -eq 0 ] || { echo "$object: $n fused operations that nobody wrote"; return 1; }
	done < <(find src -name '*.o' ! -name 'libkernels_*')
	aarch64-linux-gnu-objdump -d --no-show-raw-insn src/kernels/libkernels_neon_a-neon.o | awk '
		/^[0-9a-f]+ <.*>:$/ { name = $2 }
		name ~ /(forward|backward|gradient)_tile/ && /\tfmla\tv[0-9]+\.4s/ { vectors[substr(name, 2, 7)]++ }
		name ~ /(forward|backward|gradient)_tile/ && /\tfn?m(add|sub)\t/ { scalars++ }
		END {
			for (product in vectors) { products++; print product, vectors[product], "vector multiply-adds" }
			print scalars + 0, "scalar ones"
			exit !(products == 3 && !scalars)
		}'
}

step_arm() {
	[ "$(uname -m)" = x86_64 ] || skip "this step compares ARM with x86-64, and this machine is $(uname -m)"
	have apt-get || skip "the cross compiler with its C library is taken from Debian's packages"
	{ have aarch64-linux-gnu-gcc && [ -e /usr/aarch64-linux-gnu/include/stdio.h ] && have qemu-aarch64; } ||
		install_packages "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ""
	local root=$check/arm-root emulator="qemu-aarch64 -L /usr/aarch64-linux-gnu" library tests program
	[ -e "$root/usr/include/check.h" ] || fetch_arm_libraries "$root" || rm -rf "$root"
	library=$root/usr/lib/aarch64-linux-gnu
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror" all tests/measure_ulp
	configure_in arm --host=aarch64-linux-gnu CC=aarch64-linux-gnu-gcc CPPFLAGS="-I$root/usr/include" LDFLAGS="-L$library" \
		CHECK_CFLAGS="-pthread" CHECK_LIBS="-lcheck -lsubunit -lrt -lm"
	make -j"$jobs" CFLAGS="-g -O2 -Werror" all tests/measure_ulp
	check_fused_operations
	program=$check/arm/emulated
	printf '#!/bin/sh\nexec %s %s/arm/colonnade "$@"\n' "$emulator" "$check" > "$program"
	chmod +x "$program"
	COLONNADE=$check/gcc/colonnade EMULATED=$program top_srcdir=$source bash "$source/tests/long/arm.sh"
	"$check/gcc/tests/measure_ulp" 1021 | tail -n +2 > ulp-here
	$emulator tests/measure_ulp 1021 | tail -n +2 > ulp-there
	cmp ulp-here ulp-there
	if [ ! -d "$root" ]; then
		echo "result: the same bits; without the unit tests: Check for ARM could not be fetched"
		return
	fi
	tests="$(names unit_tests) $(names fuzz_replays)"
	for name in basics train seam bad_input gradcheck doctor same_bits; do tests="$tests tests/cli_$name.sh"; done
	export CK_TIMEOUT_MULTIPLIER=60
	run_tests CFLAGS="-g -O2 -Werror" LOG_COMPILER="$emulator" TESTS="$tests" \
		AM_TESTS_ENVIRONMENT="CK_TAP_LOG_FILE_NAME=-; CK_VERBOSITY=silent; COLONNADE=$program; top_srcdir=$source; \
		export CK_TAP_LOG_FILE_NAME CK_VERBOSITY COLONNADE top_srcdir;"
	echo "result: the same bits"
}

# Their output is the tables of doc/reliability.md.
step_reliability() {
	have gcc || skip "there is no gcc"
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	make -j"$jobs" CFLAGS="-g -O2 -Werror" tests/reliability/faulty tests/reliability/damage \
		tests/reliability/cycles tests/reliability/together
	local test result=0
	for test in "$source"/tests/reliability/*.sh; do
		echo "---- $(basename "$test" .sh)"
		RELIABILITY=long COLONNADE=$check/gcc/colonnade top_srcdir=$source bash "$test" || result=$?
	done
	return "$result"
}

# onnxruntime's own program for this machine is in the package; nothing of it is run at the installation.
fetch_onnxruntime() { # TO
	[ ! -d "$1/node_modules/onnxruntime-node" ] || return 0
	{ have npm && have node; } || install_packages "nodejs npm" "nodejs npm" || return 1
	mkdir -p "$1"
	(cd "$1" && npm install --ignore-scripts --no-audit --no-fund onnxruntime-node@1.17.0)
}

step_export() {
	have gcc || skip "there is no gcc"
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	make -j"$jobs" CFLAGS="-g -O2 -Werror" tests/make_model
	export ROWS=100000 COLONNADE=$check/gcc/colonnade top_srcdir=$source
	bash "$source/tests/export_c.sh"
	fetch_onnxruntime "$check/onnxruntime" || skip "the C files agree; onnxruntime could not be fetched"
	ONNXRUNTIME=$check/onnxruntime/node_modules bash "$source/tests/export_onnx.sh"
	echo "result: $(grep -c '^onnx-' "$logs/export.log") models"
}

step_slurm() {
	if ! have slurmctld || ! have munged; then
		install_packages "slurm-wlm munge" "slurm-slurmctld slurm-slurmd munge"
	fi
	configure_in gcc CC=gcc
	make -j"$jobs" CFLAGS="-g -O2 -Werror"
	# The program for several nodes, if a step before has made it; MPICH's runs on several nodes that are one machine.
	COLONNADE=$check/gcc/colonnade COLONNADE_MPI=$check/mpi-mpich/colonnade-mpi top_srcdir=$source \
		bash "$source/tests/long/slurm.sh"
}

have_sklearn() { python3 -c 'import sklearn' || /usr/bin/python3 -c 'import sklearn'; } 2> /dev/null

step_long_tests() {
	configure_in gcc CC=gcc
	have_sklearn || install_packages python3-sklearn python3-scikit-learn
	make -j"$jobs" CFLAGS="-g -O2 -Werror" all tests/measure_ulp tests/test_number tests/test_measures
	SAME_BITS_ROWS=all COLONNADE=$check/gcc/colonnade top_srcdir=$source bash "$source/tests/cli_same_bits.sh"
	RANDOM_DRAWS=300 COLONNADE=$check/gcc/colonnade top_srcdir=$source bash "$source/tests/cli_random.sh"
	top_srcdir=$source bash "$source/tests/metrics_sklearn.sh"
	top_srcdir=$source TEST_MEASURES_SAMPLES=4000 CK_TIMEOUT_MULTIPLIER=60 tests/test_measures
	tests/measure_ulp
	TEST_NUMBER_CASES=10000000 CK_TIMEOUT_MULTIPLIER=60 tests/test_number
}

# ---------------------------------------------------------------- main

selected=""
for argument; do
	case $argument in
	--long) steps="$steps $long_steps" ;;
	--list)
		for name in $steps $long_steps; do printf '%-12s %s\n' "$name" "$(describe "$name")"; done
		exit 0
		;;
	-*)
		echo "usage: $0 [--long] [--list] [STEP ...]" >&2
		exit 2
		;;
	*)
		[ -n "$(describe "$argument")" ] || { echo "$0: there is no step $argument; --list names them" >&2; exit 2; }
		selected="$selected $argument"
		;;
	esac
done

prepare
for name in ${selected:-$steps}; do
	run_step "$name"
done
while read -r p f s; do
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
done < "$counts"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
