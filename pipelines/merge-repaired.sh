#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a merge of some of a plan's shards, or of what was merged of them. If it
# finds that a shard is damaged, makes the damaged parts of it again, here, and
# merges once more. What was merged before and is damaged, or is not the plan's,
# does not matter: the shards have all of it, and are merged then.
#
#   merge-repaired.sh PROGRAM PLAN FIRST LAST TARGET [--part] STORES...
#
# STORES have the shards from FIRST to LAST. A TARGET of a --part is nobody
# else's; with REPAIR=yes it is read if it is there. Exit code: the merge's.
set -u

program=$1 plan=$2 first=$3 last=$4 target=$5
shift 5
part=()
[ "${1:-}" != --part ] || { part=(--part) && shift; }
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
merge() {
  local code=0
  "$program" merge --quiet --plan "$plan" "${part[@]}" "$@" --output "$target" \
    2>"$errors" || code=$?
  cat "$errors" >&2
  return "$code"
}
# whether the error is about what was merged, not about a shard, or a full disk
is_of_merged() {
  local store
  ! grep -qE 'No space left|File too large|Permission denied|Input/output error' \
    "$errors" || return
  for store in "$target" "$@"; do
    [[ $store =~ /shard-[0-9]+$ ]] && continue
    grep -qF -e "'$store'" -e "'$store/" "$errors" && return
  done
  return 1
}

merge ${REPAIR:+--repair} "$@" && exit
code=$?
merged=
if is_of_merged "$@"; then
  merged=yes
  # of shards that were removed since, or of another cut of the tree
  if [ -n "${part[*]}" ] && grep -qF "'$target" "$errors"; then
    rm -rf "$target"
  fi
fi
[ -n "$merged" ] || grep -q damaged "$errors" || exit "$code"
# 0,3-5, in words; of them those that are merged here: others are somebody else's
repaired=
for range in $("$program" shard --missing "$plan" --verify | tr , ' '); do
  for shard in $(seq "${range%-*}" "${range#*-}"); do
    if [ "$shard" -lt "$first" ] || [ "$shard" -gt "$last" ]; then
      continue
    fi
    "$program" run --quiet --wait --repair --plan "$plan" --shard "$shard" || exit
    repaired=yes
  done
done
[ -n "$repaired$merged" ] || exit "$code"
stores=()
for shard in $(seq "$first" "$last"); do
  stores+=("$(dirname "$plan")/shards/$(printf 'shard-%05d' "$shard")")
done
merge --repair "${stores[@]}"
