#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   tests/gpu/check-elements.sh [--emulated] [FOLDER]
#
# The second part of the check: the elements themselves, on a machine that has
# a GPU and little else, with what tests/gpu/pack-elements.sh put into FOLDER
# (default: gpu-elements) and nothing of the machine's but its driver. Prints a
# line a check; exits 0 if all passed, 77 if there is no device.
set -u

emulated=false
if [ "${1:-}" = --emulated ]; then
  emulated=true
  shift
fi
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
$emulated && flag=--emulated || flag=
"$here/unpack-elements.sh" $flag "${1:-gpu-elements}" "$scratch" || exit 2

run() {
  TMPDIR=$scratch timeout 240 "$scratch/run" "$@"
}

failed=0
check() {
  what=$1
  shift
  if "$@" >"$log" 2>&1; then
    printf '%-60s ok\n' "$what"
  else
    printf '%-60s FAILED\n' "$what"
    sed 's/^/    /' "$log" | tail -20
    failed=1
  fi
}

lists_elements() {
  run gst-inspect-1.0 actcuda && [ "$(run gst-inspect-1.0 actcuda | grep -c '^  cudaact')" = 7 ]
}

dashboard() {
  device=$1
  shift
  run gst-activations dashboard --quiet --device "$device" --model "$top/samples/licences-model" \
    --text "$top/COPYING" --n-ctx 64 --batch-size 16 "$@"
}

# one device listed twice: two shards, merged, and the dashboard of the store
shards() {
  run gst-activations run --quiet store-cuda model="$top/samples/licences-model" \
    text="$top/COPYING" n-ctx=64 batch-size=16 store="$scratch/shard-$1" \
    shard-index="$1" shard-count=2
}
merged() {
  shards 0 && shards 1 &&
    run gst-activations merge --quiet "$scratch/shard-0" "$scratch/shard-1" \
      --output "$scratch/store" &&
    run gst-activations run --quiet from-store stores="$scratch/store" \
      output="$scratch/from-store"
}

# every file but run_info.json, which the page has too
same() {
  diff -r -q -x run_info.json -x run_info.js "$1" "$2"
}

# activations of device and CPU differ in their last bits, texts do not
same_texts() {
  cmp "$1/text_samples.jsonl" "$2/text_samples.jsonl"
}

check 'elements: the plugin and its seven elements' lists_elements
if ! run gst-launch-1.0 fakesrc num-buffers=0 ! cudaactupload ! fakesink >"$log" 2>&1 &&
    grep -q 'there is no CUDA device to run on' "$log"; then
  echo "no device: $(grep -o 'there is no CUDA device to run on ([^)]*)' "$log" | head -1)"
  exit 77
fi
check 'elements: golden cases, filter and clusters' run test-cuda-goldenclusters
check 'elements: golden cases, from dump to dashboard' run test-cuda-golden
check 'elements: from text to dashboard' dashboard cuda --output "$scratch/cuda"
check 'elements: again' dashboard auto --output "$scratch/again"
check 'elements: the same bytes again' same "$scratch/cuda" "$scratch/again"
check 'elements: the CPU does it' dashboard cpu --output "$scratch/cpu"
check 'elements: the same texts as on the CPU' same_texts "$scratch/cuda" "$scratch/cpu"
check 'elements: two shards, merged' merged
check 'elements: the same bytes as one run' same "$scratch/cuda" "$scratch/from-store"
exit $failed
