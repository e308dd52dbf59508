#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What became of a job that Snakemake has submitted, in its words: running,
# success or failed. By the controller, or by the accounting where the
# controller has forgotten it.
job=${1%%;*}

if answer=$(squeue --noheader --states=all --jobs="$job" --format=%T 2>&1); then
  state=${answer%%$'\n'*}
elif [[ $answer == *'Invalid job id'* ]]; then
  state=
else
  # the controller does not answer now; it will
  echo running
  exit
fi
if [ -z "$state" ]; then
  answer=$(sacct --noheader --allocations --jobs="$job" --format=State 2>/dev/null)
  read -r state _ <<<"$answer"
fi
case $state in
  COMPLETED) echo success ;;
  PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | STOPPED | SIGNALING | \
    RESIZING | REQUEUED | STAGE_OUT) echo running ;;
  # cancelled, failed, out of time or memory, held; or nobody knows it
  *) echo failed ;;
esac
