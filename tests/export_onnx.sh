#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Exported ONNX models are valid by onnx.checker and give predict's probabilities within 1e-6 and its predictions, evaluated by
# tests/export/onnx_numpy.py; the JSON export holds the very weights.  ONNXRUNTIME=FOLDER (of node_modules with onnxruntime-node):
# evaluated by onnxruntime instead; ROWS=100000: more rows.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
. "$top_srcdir/tests/export/models.sh"
python=$(python_with onnx) || { echo "there is no python3 with onnx (python3-onnx)"; exit 77; }
rows=${ROWS:-400}
table 1500 1 train >train.csv
table "$rows" 2 new >new.csv
table "$rows" 3 tame >tame.csv
table "$rows" 4 far >far.csv
folders=()

# exported NAME TABLE: into a folder of its own, as onnx_numpy.py wants it
exported() {
  mkdir "onnx-$1"
  cp "$2" "onnx-$1/table.csv"
  "$colonnade" predict "$1" "$2" >"onnx-$1/predictions.csv" 2>stderr || fail "$1: $(cat stderr)"
  for format in onnx json; do
    "$colonnade" export "$1" --format "$format" --out "onnx-$1/model.$format" 2>stderr || fail "$1 as $format: $(cat stderr)"
  done
  "$python" "$here/json_weights.py" "$1/model.safetensors" "onnx-$1/model.json" 2>stderr || fail "$1 as JSON: $(tail -n 1 stderr)"
  folders+=("onnx-$1")
}

while read -r name rows_of options; do
  # shellcheck disable=SC2086
  train "$name" $options
  exported "$name" "$rows_of.csv"
done < <(recipes)

# ---- a column of the outputs' names, and one without a name
{
  echo 'probability,prediction,colonnade/,y'
  for i in $(seq 60); do echo "$((i % 7)),p$((i % 3)),$((i % 11)),$((i * i % 7 > 3))"; done
} >names.csv
"$colonnade" train names.csv --recipe plain --out names --epochs 1 --hidden 3 --progress none 2>train.err || fail "$(cat train.err)"
"$colonnade" export names --format onnx --out names.onnx
"$(dirname "$COLONNADE")/tests/make_model" hostile.safetensors
"$colonnade" export hostile.safetensors --format onnx --out hostile.onnx
"$python" - <<'PYTHON' || fail "names"
import onnx
names = onnx.load("names.onnx")
onnx.checker.check_model(names, full_check=True)
assert [x.name for x in names.graph.input] == ["probability", "colonnade/", "prediction"], names.graph.input
assert [x.name for x in names.graph.output] == ["probability_", "prediction_"], names.graph.output
hostile = onnx.load("hostile.onnx")
onnx.checker.check_model(hostile, full_check=True)
assert "unnamed" in [x.name for x in hostile.graph.input]
PYTHON

if [ -n "${ONNXRUNTIME:-}" ]; then
  for folder in "${folders[@]}"; do
    printf '%-18s ' "$folder"
    NODE_PATH=$ONNXRUNTIME node "$here/onnx_runtime.js" "$folder/model.onnx" "$folder/model.json" "$folder/table.csv" \
      "$folder/predictions.csv" 2>stderr || fail "$folder by onnxruntime: $(head -n 5 stderr)"
  done
else
  "$python" "$here/onnx_numpy.py" "${folders[@]}" 2>stderr || fail "evaluated by numpy: $(tail -n 3 stderr)"
fi

# ---- the same bytes again, of every form
for format in onnx json; do
  "$colonnade" export plain/model.safetensors --format "$format" >again
  cmp -s again "onnx-plain/model.$format" || fail "another $format file of the same model"
  cmp -s "onnx-tanh/model.$format" again && fail "the same $format file of another model"
done

finish
