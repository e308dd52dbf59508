#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds with warnings as errors and runs every test. Installs Debian packages
# that are missing, and makes .venv for the Python peers. Ends with a line
# "N passed, N failed, N skipped"; exits non-zero if anything failed.
set -euo pipefail
cd "$(dirname "$0")"
. .ci/setup.sh

need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
need_python

say 'building'
configure build-test -Dwerror=true -Dtests=enabled -Dexamples=enabled \
  -Dintrospection=enabled -Dtest-python="$PWD/.venv/bin/python"
ninja -C build-test

say 'testing'
# the count below says whether that went well
meson test -C build-test --no-rebuild --print-errorlogs "$@" || true
say 'result'
count_results build-test
