#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Data that do not fit in memory: the same model, cache and metrics from scratch files, and, where cgroups can be written, under a
# real limit that the data exceed.
. "${top_srcdir:?}/tests/cli_testing.sh"
cd "$scratch" || exit 1
unset COLONNADE_MEMORY

# ---- nothing fits: tables, features, pipes
in_scratch=0
train() { # NAME DATA options...
  local name=$1 data=$2
  shift 2
  rm -rf "$name"
  "$colonnade" train --recipe plain "$data" --out "$name" --epochs 2 --progress none "$@" 2>"$name.err" ||
    fail "train $data $*: $(cat "$name.err")"
  in_scratch=$(grep -c 'do not fit in the memory left to this process: they lie in a scratch file' "$name.err")
}
head -n 8001 "$examples/adult.csv" >adult.csv
train usual adult.csv --test-fraction 0.1
equal "notes of scratch files" "$in_scratch" 0
COLONNADE_MEMORY=64K train short adult.csv --test-fraction 0.1
equal "notes of scratch files where memory is short" "$in_scratch" 1
cmp -s usual/model.safetensors short/model.safetensors || fail "scratch files make another model"
COLONNADE_MEMORY=64K TMPDIR=/nowhere OMP_NUM_THREADS=3 train short adult.csv --test-fraction 0.1
cmp -s usual/model.safetensors short/model.safetensors || fail "scratch files and three threads make another model"
for name in usual short; do
  sed -n '/"train": {/,$p' "$name/run.json" | grep -vE '"(seconds|rows_per_second|threads|finished)"' >"$name.metrics"
done
cmp -s usual.metrics short.metrics || fail "scratch files make other metrics"
expect 0 '' convert adult.csv usual.cache --categorical age
for _ in 1 2 3 4; do tail -n +2 adult.csv; done | cat <(head -n 1 adult.csv) - >several.csv # more than a MiB, so that it is spooled
expect 0 '' convert several.csv several.cache
COLONNADE_MEMORY=64K expect 0 '' convert adult.csv short.cache --categorical age
cmp -s usual.cache short.cache || fail "scratch files make another cache"
COLONNADE_MEMORY=64K "$colonnade" convert - short.cache <several.csv 2>stderr || fail "convert: $(cat stderr)"
cmp -s several.cache short.cache || fail "standard input and scratch files make another cache"
head -n 999999 several.csv | COLONNADE_MEMORY=64K "$colonnade" convert - short.cache 2>stderr ||
  fail "convert from a pipe: $(cat stderr)"
cmp -s several.cache short.cache || fail "a pipe and scratch files make another cache"
if "$colonnade" doctor | grep -q 'zlib: yes'; then
  gzip -c several.csv | COLONNADE_MEMORY=64K "$colonnade" convert - short.cache 2>stderr || fail "convert from gz: $(cat stderr)"
  cmp -s several.cache short.cache || fail "gz and scratch files make another cache"
fi
check() { # FORM: of a pipe with less room for scratch files, and less memory, than the text takes
  (
    trap '' XFSZ
    ulimit -f 2048 # of 1024 bytes
    dd if="several.$1" status=none | COLONNADE_MEMORY=64K "$colonnade" check - >limited.txt 2>stderr
  ) || fail "check of $1 without room for scratch files: $(cat stderr)"
  cmp -s unlimited.txt limited.txt || fail "check of $1 without room for scratch files says something else"
}
dd if=several.csv status=none | "$colonnade" check - >unlimited.txt
check csv
if "$colonnade" doctor | grep -q 'zlib: yes'; then
  gzip -c several.csv >several.gz
  check gz
fi
train short usual.cache --test-fraction 0.1
cmp -s usual/model.safetensors short/model.safetensors || fail "the cache gives another model"
COLONNADE_MEMORY=64K train short usual.cache --test-fraction 0.1
cmp -s usual/model.safetensors short/model.safetensors || fail "cache and scratch files make another model"
dd if=usual.cache status=none | COLONNADE_MEMORY=64K "$colonnade" predict usual - >short.csv 2>stderr ||
  fail "predict: $(cat stderr)"
"$colonnade" predict usual adult.csv 2>stderr | cmp -s - short.csv || fail "scratch files make other predictions"

# ---- a real limit: half a million rows have features of 206 MB
case $(nm "$colonnade" 2>/dev/null) in *__asan_init* | *__tsan_init*) # these need memory of their own
  echo "not tried: a limit (the program has a sanitizer)"
  finish
  ;;
esac
limit_test() { # DIRECTORY FILE DATA: 1 where there is no such group
  local directory=$1/colonnade-test-$$
  mkdir "$directory" 2>/dev/null || return 1
  if ! { [ -e "$directory/$2" ] && echo 134217728 >"$directory/$2"; } 2>/dev/null; then
    rmdir "$directory"
    return 1
  fi
  rm -rf limited
  (
    echo "$BASHPID" >"$directory/cgroup.procs"
    exec "$colonnade" train --recipe plain "$3" --out limited --epochs 1 --hidden 4 --batch-size 1024 --progress none 2>limited.err
  ) || fail "train under a limit: exit code $?, $(cat limited.err)"
  rmdir "$directory"
  cmp -s unlimited/model.safetensors limited/model.safetensors || fail "a limit makes another model"
  holds "the note of the features" 'do not fit in the memory left' limited.err
}
{
  cat "$examples/adult.csv"
  for _ in 2 3 4 5 6 7 8 9 10 11 12; do tail -n +2 "$examples/adult.csv"; done
} >many.csv
expect 0 '' convert many.csv many.cache
expect 0 '' train --recipe plain many.cache --out unlimited --epochs 1 --hidden 4 --batch-size 1024 --progress none
if limit_test /sys/fs/cgroup/memory memory.limit_in_bytes many.cache || limit_test /sys/fs/cgroup memory.max many.cache; then
  limit_test /sys/fs/cgroup/memory memory.limit_in_bytes many.csv || limit_test /sys/fs/cgroup memory.max many.csv
  echo "tried: a real limit"
else
  echo "not tried: a limit (cgroups cannot be written here)"
fi

finish
