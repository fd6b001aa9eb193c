# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For quickstart.sh and check.sh: installs what is missing from the distribution, saying so first.

have() { command -v "$1" > /dev/null 2>&1; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		echo "This needs root, and there is no sudo: $*" >&2
		return 1
	fi
}

apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null; }

# install_packages "APT NAMES" "DNF NAMES": the package lists are fetched only where an installation fails without that.
install_packages() {
	local names
	if have apt-get; then
		read -ra names <<< "$1"
		echo "Installing with apt-get: ${names[*]}"
		apt_install "${names[@]}" 2> /dev/null && return 0
		echo "Fetching the package lists first (apt-get update)"
		as_root apt-get update -qq && apt_install "${names[@]}"
	elif have dnf; then
		read -ra names <<< "$2"
		echo "Installing with dnf: ${names[*]}"
		as_root dnf install -y -q "${names[@]}"
	else
		echo "There is neither apt-get nor dnf here.  Please install: $1" >&2
		return 1
	fi
}

# Whether a C compiler makes a program out of standard input: builds COMPILER [FLAGS AND LIBRARIES...]
builds() {
	local compiler=$1 program result=0
	shift
	program=$(mktemp)
	"$compiler" -x c - -o "$program" "$@" 2> /dev/null || result=1
	rm -f "$program"
	return "$result"
}

openmp_program() { printf '#include <omp.h>\nint main(void) { return omp_get_num_threads() - 1; }\n'; }
has_openmp_compiler() { openmp_program | builds "${CC:-cc}" -fopenmp; }
has_zlib() { printf '#include <zlib.h>\nint main(void) { return !zlibVersion(); }\n' | builds "${CC:-cc}" -lz; }

# What ./configure && make need.
install_build_packages() {
	local apt="" dnf=""
	has_openmp_compiler || { apt="gcc libc6-dev" dnf="gcc glibc-devel"; }
	have make || { apt="$apt make" dnf="$dnf make"; }
	has_zlib || { apt="$apt zlib1g-dev" dnf="$dnf zlib-devel"; }
	[ -z "$apt" ] || install_packages "$apt" "$dnf"
}
