#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The weights of a model file load into a torch.nn.Sequential of the same layers and give the same probabilities.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
. "$top_srcdir/tests/export/models.sh"
python=$(python_with torch) || { echo "there is no python3 with torch (python3-torch)"; exit 77; }
table 600 1 train | awk -F, -v OFS=, 'NR == 1 || $1 != "" { print $3, $4, $1, $10 }' >train.csv
for activation in relu tanh sigmoid gelu silu elu selu leaky-relu mish; do
  train "$activation" --recipe plain --scale none --hidden 12,5 --epochs 3 --activation "$activation"
  "$colonnade" predict "$activation" train.csv >predictions.csv 2>stderr || fail "$activation: $(cat stderr)"
  "$python" "$here/torch_sequential.py" "$activation/model.safetensors" train.csv predictions.csv 2>stderr ||
    fail "$activation in PyTorch: $(tail -n 1 stderr)"
done
finish
