#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Submits a planned run to Slurm: an array job with a task a shard that is not
# complete, or damaged, and a job after it that merges the shards and makes the
# dashboard. Submitted again it makes what is missing.
#
#   gst-activations shard --plan PLAN --shards N shard model=DIR text=PATH
#   submit.sh PLAN OUTPUT [name=value ...]
#
# name=value are variables of the description from-store, for the dashboard.
# OUTPUT gets merged/, dashboard/ and logs/. Options for sbatch, a word each:
#   SHARD_OPTIONS   of a shard's task (default: --time=60 --cpus-per-task=1)
#   MERGE_OPTIONS   of the merge      (default: --time=60 --cpus-per-task=1)
#   MAX_TASKS       shards at once (default: as many as there is room for)
#   WARNING_SECONDS how long before its time limit a task is to stop (120)
#   VERIFY          not empty: read the shards that are complete, too, and make
#                   again what is damaged of them; else their files' sizes count
#   REPAIRS_LEFT    how often a merge that finds damage may submit again (2)
set -euo pipefail

if [ $# -lt 2 ]; then
  echo 'usage: submit.sh PLAN OUTPUT [name=value ...]' >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
plan=$(realpath "$1")
mkdir -p "$2/logs"
output=$(realpath "$2")
shift 2
read -ra shard_options <<<"${SHARD_OPTIONS:---time=60 --cpus-per-task=1}"
read -ra merge_options <<<"${MERGE_OPTIONS:---time=60 --cpus-per-task=1}"

code=0
missing=$(gst-activations shard --missing "$plan" ${VERIFY:+--verify}) || code=$?
dependency=()
# of the merge, should it find more to do
export REPAIRS_LEFT=${REPAIRS_LEFT:-2} SUBMIT=$here/submit.sh
case $code in
  0) echo 'all shards are complete' ;;
  3)
    shards=$(sbatch --parsable --requeue --open-mode=append \
      --array="$missing${MAX_TASKS:+%$MAX_TASKS}" \
      --signal="B:USR1@${WARNING_SECONDS:-120}" \
      --output="$output/logs/shard-%a.log" "${shard_options[@]}" \
      "$here/shard.sbatch" "$plan")
    echo "shards $missing: job $shards"
    # whatever becomes of them: the merge looks itself whether all are there
    dependency=(--dependency="afterany:${shards%%;*}")
    ;;
  *) exit "$code" ;;
esac
merge=$(sbatch --parsable --requeue --open-mode=append "${dependency[@]}" \
  --output="$output/logs/merge.log" "${merge_options[@]}" \
  "$here/merge.sbatch" "$plan" "$output" "$@")
echo "merge and dashboard: job $merge"
