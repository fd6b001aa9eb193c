#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Made the files beside it, which tests/golden.sh reads for ever:
#   COLONNADE=./colonnade bash tests/golden/make.sh
# They are not to be made again unless the format's version changes; then into a folder of their own, and the old ones stay.
set -eu
cd "$(dirname "$0")"
colonnade=${COLONNADE:?the program}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Numbers with gaps, exponents and extremes, categories with gaps and quotes, two values, a constant.
{
  echo 'x,y,job,sex,constant,class'
  for i in $(seq 40); do
    x=$((i * 37 % 41)).$((i % 10))
    [ $((i % 9)) -ne 0 ] || x=
    y=$((i * i % 23))e-$((i % 4))
    job=clerk
    [ $((i % 3)) -ne 0 ] || job='"smith, ""black"""'
    [ $((i % 7)) -ne 0 ] || job=
    [ $((i % 11)) -ne 0 ] || job=Gärtner
    echo "$x,$y,$job,$([ $((i % 2)) -eq 0 ] && echo m || echo f),7,$([ $((i * 37 % 41 + i % 5)) -gt 20 ] && echo yes || echo no)"
  done
} >train.csv
{
  head -n 21 train.csv
  printf '1e38,-1e38,clerk,f,7,no\n,,,,,\n-0,1e-45,never seen,d,8,yes\n0.1,3,"smith, ""black""",m,,yes\n'
} >table.csv

train() { # NAME options...
  "$colonnade" train train.csv --out "$scratch/$1" --threads 1 --progress none --recipe plain --batch-size 8 --seed 7 "${@:2}"
  cp "$scratch/$1/model.safetensors" "$1.safetensors"
  "$colonnade" predict "$1.safetensors" table.csv --threads 1 >"$1.csv"
}
train sigmoid --activation sigmoid --hidden 3 --epochs 20 --scale none --optimizer sgd --lr 0.1
train tanh --activation tanh --hidden 5,4,3 --epochs 5 --optimizer momentum
train relu --activation relu --hidden 4,3 --epochs 5 --dropout 0.1
train leaky-relu --activation leaky-relu --hidden 4 --epochs 5 --scale robust --optimizer adam
train elu --activation elu --hidden 3,3 --epochs 5 --class-weight balanced
train selu --activation selu --hidden 2,2,2,2 --epochs 5 --weight y
train gelu --activation gelu --hidden 6 --epochs 5 --label-smoothing 0.1
train silu --activation silu --hidden 3,2 --epochs 5 --max-levels 2
train mish --activation mish --hidden 17 --epochs 5 --positive no
train untrained --hidden 1 --epochs 0 --ignore job,sex
"$colonnade" convert table.csv table.cache

# Later formats.  Formats 2 and 3 are of the program before numeric columns had ranges (format 4): today's makes format 4 of all.
[ "${FORMAT:-4}" -ne 2 ] || train format2 --ensemble 3 --hidden 4 --epochs 5 --embedding periodic --input-scaling --scale quantile \
  --parametrisation ntk --calibrate temperature
for format in 3 4; do
  [ "${FORMAT:-4}" -ne $format ] || train format$format --ensemble 2 --hidden 4,3 --epochs 5 --embedding both --bins 5 \
    --parametric-activation --one-hot-levels 2 --level-rows 1 --level-values 2 --threshold f2 --activation mish
done
[ "${FORMAT:-4}" -ne 4 ] || train format4-plain --hidden 4 --epochs 5
