#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Training and freeing again and again in one process needs no more memory.  RELIABILITY=long: 10,000 cycles.
set -u
cycles=$(dirname "${COLONNADE:?}")/tests/reliability/cycles
[ -x "$cycles" ] || { echo "tests/reliability/cycles is not built"; exit 77; }
# Sanitizers keep what was freed for a while.
case $(nm "$cycles" 2>/dev/null) in *__asan_init* | *__tsan_init*) echo "this build keeps freed memory"; exit 77 ;; esac
n=500
[ "${RELIABILITY:-short}" = short ] || n=10000
exec "$cycles" "$n"
