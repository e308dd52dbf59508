#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a merge of a plan's shards. If it finds that one is damaged, makes the
# damaged parts of the shards again, here, and merges once more.
#
#   merge-repaired.sh PROGRAM PLAN ARGUMENTS...
#
# ARGUMENTS are those of `gst-activations merge`. Exit code: the merge's.
set -u

program=$1 plan=$2
shift 2
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
merge() {
  local code=0
  "$program" merge "$@" 2>"$errors" || code=$?
  cat "$errors" >&2
  return "$code"
}

merge "$@" && exit
code=$?
grep -q damaged "$errors" || exit "$code"
# 0,3-5, in words
shards=$("$program" shard --missing "$plan" --verify)
for range in ${shards//,/ }; do
  for shard in $(seq "${range%-*}" "${range#*-}"); do
    "$program" run --quiet --wait --repair --plan "$plan" --shard "$shard" || exit
  done
done
[ -z "$shards" ] && exit "$code"
merge "$@"
