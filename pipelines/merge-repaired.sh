#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a merge of some of a plan's shards. If it finds that one is damaged, makes
# the damaged parts of them again, here, and merges once more.
#
#   merge-repaired.sh PROGRAM PLAN ARGUMENTS...
#
# ARGUMENTS are those of `gst-activations merge`, the shards' stores among them.
# Exit code: the merge's.
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
# 0,3-5, in words; of them those that are merged here: others are somebody else's
repaired=
for range in $("$program" shard --missing "$plan" --verify | tr , ' '); do
  for shard in $(seq "${range%-*}" "${range#*-}"); do
    [[ $* == *"$(printf 'shard-%05d' "$shard")"* ]] || continue
    "$program" run --quiet --wait --repair --plan "$plan" --shard "$shard" || exit
    repaired=yes
  done
done
[ -n "$repaired" ] || exit "$code"
merge "$@"
