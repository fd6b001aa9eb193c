#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The examples of the man pages, word for word: each ends with exit code 0 and leaves or prints what it says.  The files that they
# name are small ones, and trainings are cut short by options that a wrapper adds.  tests/mpi.sh runs those of colonnade-mpi.
. "${top_srcdir:?}/tests/cli_testing.sh"

commands="train predict evaluate inspect importance gradcheck check bench tune doctor convert crossval export report search"
"$colonnade" doctor | grep -q 'zlib: yes' || commands=${commands/convert /} # its first example reads a .gz
mkdir "$scratch/bin" "$scratch/examples"

# A name that looks like the program's, first on the path.
cat >"$scratch/bin/colonnade" <<END
#!/usr/bin/env bash
case \$1 in
train | crossval) exec "$colonnade" "\$@" --epochs 2 ;;
search) exec "$colonnade" "\$@" --epochs 4 --hidden 4 ;;
bench) exec "$colonnade" "\$@" --rows 2000 --seconds 0.05 ;;
tune) exec "$colonnade" "\$@" --hidden 8 --seconds $((4 + $(nproc))) ;;
*) exec "$colonnade" "\$@" ;;
esac
END
chmod +x "$scratch/bin/colonnade"
export PATH=$scratch/bin:$PATH

# rows FILE SEED: a table with every column that an example names.
rows() {
  awk -v seed="$2" 'BEGIN {
    srand(seed)
    print "id,name,patient,age,occupation,outcome"
    for (i = 1; i <= 80; i++) {
      age = int(20 + 60 * rand())
      printf "%d,n%d,p%d,%d,%s,%s\n", i, i % 7, i % 20, age, i % 3 ? "clerk" : "smith", (age + 30 * rand() > 65) ? "yes" : "no"
    }
  }' >"$1"
}

# What an example finds: tables, configurations, runs.
prepare() {
  rows data.csv 1
  rows test.csv 2
  rows valid.csv 3
  rows new.csv 4
  gzip -c data.csv >data.csv.gz
  printf 'hidden = 8\n' >run.conf
  printf 'hidden = 4 | 8\nlr = log 0.001 .. 0.1\n' >space.conf
  mkdir -p examples
  head -n 200 "$examples/adult.csv" >examples/adult.csv
  local run
  for run in colonnade-run other-run; do
    "$colonnade" train data.csv --recipe plain --hidden 8 --epochs 2 --out "$run" --progress none >/dev/null 2>&1 ||
      fail "no model to try the examples with"
  done
  cp colonnade-run/model.safetensors .
}

# Every example of one page starts where the ones before it have left off, as a reader tries them.
run_page() { # COMMAND
  local line n=0
  mkdir "$scratch/$1"
  cd "$scratch/$1" || exit 1
  prepare
  case $1 in train | convert) rm -r colonnade-run ;; esac # they make it
  while IFS= read -r line; do
    n=$((n + 1))
    bash -o pipefail -c "$line" >stdout 2>stderr </dev/null || fail "$line: exit code $?: $(tail -n 3 stderr)"
    ! grep '^colonnade: ' stderr >&2 || fail "$line: an error"
    [ -s stdout ] || [ -s stderr ] || [[ $line == *">"* || $line == *--out* ]] || fail "$line: nothing printed"
  done < <(examples_of "$top_srcdir/doc/man/colonnade-$1.1")
  [ "$n" -gt 0 ] || fail "colonnade-$1(1) has no examples"
}

for command in $commands; do
  run_page "$command"
done
# What the examples were to write.
cd "$scratch" || exit 1
[[ $commands != *convert* ]] || [ -s convert/data.cache ] || fail "the examples left no convert/data.cache"
for file in predict/predictions.csv importance/partial.csv export/model.onnx export/model.c \
  report/report.html.gz train/run1/model.safetensors train/run/model.safetensors search/search5/search.json; do
  [ -s "$file" ] || fail "the examples left no $file"
done
finish
