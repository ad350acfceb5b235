#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build-fuzz.sh OUTPUT TOP SOURCE... - the fuzzer, by clang whatever compiler
# the project uses, with everything in it instrumented.
set -eu
out=$1 top=$2
shift 2
# shellcheck disable=SC2046 -- words are wanted
exec clang -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter \
    -Wno-sign-compare -Wno-missing-field-initializers \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -I"$top" -o "$out" "$@" $(pkg-config --cflags --libs glib-2.0)
