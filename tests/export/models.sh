# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests of exported models: what is trained, and an export against predict, as C and as ONNX.  Behind cli_testing.sh.
# shellcheck disable=SC2154 # what that and the environment set
here=$top_srcdir/tests/export
cc=${CC:-cc}
strict=(-std=c99 -O1 -Wall -Wextra -pedantic -Werror -ffp-contract=off)
runs_here() { # whether this machine has fused multiply-adds, with which the C files are fast
  printf 'int main(void) { return !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")); }\n' |
    "$cc" -x c - -o supports 2>/dev/null && ./supports
}
if runs_here; then strict+=(-mavx2 -mfma); fi

# python_with MODULE: the Python that has it; a machine may have several
python_with() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c "import $1" 2>/dev/null && echo "$python" && return
  done
  return 1
}

table() { awk -v rows="$1" -v seed="$2" -v kind="$3" -f "$here/tables.awk"; }

# What each model is trained with, beside the table; one a line: NAME ROWS options...
# ROWS are those that it bears.  new: with extreme numbers.  far: with these to the bit, but since its scaling does not bound them
# and a logit's rounding grows with its terms, what adds in another order is compared on numbers only somewhat outside of the
# training rows'.  tame: no extreme numbers at all, with which its probability is not even a number.
recipes() {
  cat <<EOT
plain far --recipe plain --hidden 32,16 --epochs 3
default new --ensemble 3 --epochs 3 --hidden 64,32 --one-hot-levels 20
effort tame --effort quick --epochs 2 --parametric-activation
textbook tame --recipe textbook --scale standardise --epochs 20
none tame --recipe plain --hidden 8 --epochs 2 --scale none
standardise far --recipe plain --hidden 8 --epochs 3 --scale standardise
robust new --recipe plain --hidden 8 --epochs 3 --scale robust
quantile new --recipe plain --hidden 8 --epochs 3 --scale quantile
auto new --recipe plain --hidden 8 --epochs 3 --scale auto
periodic new --recipe plain --hidden 16 --epochs 3 --embedding periodic --scale robust
spread new --recipe plain --hidden 16 --epochs 3 --embedding periodic --scale quantile --frequency-scale 2
piecewise new --recipe plain --hidden 16 --epochs 3 --embedding piecewise --scale quantile
both far --recipe plain --hidden 16 --epochs 3 --embedding both --bins 5 --scale standardise --input-scaling
levels far --recipe plain --hidden 16 --epochs 3 --one-hot-levels 4 --level-values 5
level far --recipe plain --hidden 16 --epochs 3 --one-hot-levels 4 --level-values 1 --level-rows 2 --input-scaling
rare far --recipe plain --hidden 16 --epochs 3 --max-levels 3
codes far --recipe plain --hidden 16 --epochs 3 --categorical code,whole
sigmoid far --recipe plain --hidden 17,1,3 --epochs 3 --activation sigmoid
tanh far --recipe plain --hidden 20,20 --epochs 3 --activation tanh
relu far --recipe plain --hidden 20,20 --epochs 3 --activation relu --parametric-activation
leaky-relu far --recipe plain --hidden 20,20 --epochs 3 --activation leaky-relu
elu far --recipe plain --hidden 20,20 --epochs 3 --activation elu
selu far --recipe plain --hidden 20,20 --epochs 3 --activation selu --parametric-activation
gelu far --recipe plain --hidden 20,20 --epochs 3 --activation gelu
silu far --recipe plain --hidden 20,20 --epochs 3 --activation silu
mish far --recipe plain --hidden 20,20 --epochs 3 --activation mish --parametric-activation
ensemble far --recipe plain --hidden 16 --epochs 2 --ensemble 4
temperature far --recipe plain --hidden 16 --epochs 2 --calibrate temperature --threshold f1
calibrated far --recipe plain --hidden 16 --epochs 2 --ensemble 2 --calibrate temperature --threshold cost:1:5
positive far --recipe plain --hidden 16 --epochs 2 --positive no --threshold 0.25
numbers far --recipe plain --hidden 16 --epochs 2 --ignore sex,job,town,code
texts new --recipe plain --hidden 16 --epochs 2 --ignore x,tail,flag,whole
one new --recipe plain --hidden 16 --epochs 2 --ignore x,tail,flag,whole,job,town,code
untrained far --recipe plain --hidden 4 --epochs 0
EOT
}

# train NAME options...: NAME.safetensors
train() {
  # shellcheck disable=SC2154
  "$colonnade" train train.csv --label y --out "$1" --force --threads 1 --progress none "${@:2}" 2>train.err ||
    fail "$1: $(cat train.err)"
}

# as_c MODEL TABLE: predictions of the exported C file are those in predictions.csv, to the bit, and it passes its self-test
as_c() {
  "$colonnade" export "$1" --format c --out model.c 2>stderr || fail "$1 as C: $(cat stderr)"
  sed -n 's|^\t\(const char \*\)\([a-z0-9_]*\); /\* \(".*"\) \*/$|{\3, offsetof(struct colonnade_row, \2), 0},|p
    s|^\tfloat \([a-z0-9_]*\); /\* \(".*"\) \*/$|{\2, offsetof(struct colonnade_row, \1), 1},|p' model.c >fields.h
  "$cc" "${strict[@]}" -DMODEL='"model.c"' -DFIELDS='"fields.h"' -DCOLONNADE_SELF_TEST -I. "$here/rows.c" -lm -o rows 2>stderr ||
    fail "$1 as C: $(head -n 5 stderr)"
  ./rows "$2" predictions.csv >stdout 2>&1 || fail "$1 as C: $(cat stdout)"
}

# self_test MODEL: the exported C file's own
self_test() {
  "$colonnade" export "$1" --format c --out model.c 2>stderr || fail "$1 as C: $(cat stderr)"
  "$cc" "${strict[@]}" -DCOLONNADE_SELF_TEST model.c -lm -o self-test 2>stderr || fail "$1 as C: $(head -n 5 stderr)"
  ./self-test >stdout 2>stderr || fail "$1, self-test: $(head -n 5 stderr)"
}
