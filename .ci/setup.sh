# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# What demo.sh, test.sh and .ci/run share: Debian packages and builds.
# To be sourced, in the repository's root.

# to build and to run
BUILD_PACKAGES=(
  gcc libc6-dev meson ninja-build pkg-config python3
  libglib2.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  gstreamer1.0-tools libjson-glib-dev libpcre2-dev libssl-dev libopenblas-dev
  libarchive-dev libisal-dev zlib1g-dev libyaml-dev
)
# and to test: bindings, and the peers that results are compared with
TEST_PACKAGES=(
  gobject-introspection libgirepository1.0-dev
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base
  slurmctld slurmd slurm-client munge snakemake
  chromium python3-venv python3-gi python3-numpy python3-torch python3-yaml
  ca-certificates
)
# and for the checks of the sources
CHECK_PACKAGES=(clang-format cppcheck)
# peers that Debian does not have; the tokenizers whose tables of characters
# common/tokenizer has
TEST_WHEELS=('tokenizers>=0.23,<0.24' 'safetensors>=0.4' 'playwright>=1.40'
  'jsonschema>=4' 'pyarrow>=14,<21' 'sentencepiece>=0.2'
  'axe-playwright-python>=0.1.4')
# the last transformers that goes with Debian's PyTorch; it wants older
# tokenizers, so it has an environment of its own
TRANSFORMERS_WHEELS=('transformers>=4.46,<4.48' 'safetensors>=0.4')

say() {
  printf '\n== %s\n' "$*"
}

# installs what is missing of the packages named, and only that
need_packages() {
  local missing=() package as_root=()

  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
      grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "as root: apt-get install ${missing[*]}" >&2
      return 1
    }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# need_wheels FOLDER IMPORTS WHEEL...: a virtual environment on top of Debian's
# Python packages in which IMPORTS works
need_wheels() {
  local folder=$1 imports=$2
  shift 2

  if [ ! -x "$folder/bin/python" ]; then
    say "making $folder"
    /usr/bin/python3 -m venv --system-site-packages "$folder"
  fi
  "$folder/bin/python" -c "$imports" 2>/dev/null ||
    "$folder/bin/pip" install -q --disable-pip-version-check "$@"
}

need_python() {
  need_wheels .venv 'import axe_playwright_python, jsonschema, playwright, pyarrow, safetensors, sentencepiece, tokenizers
assert tokenizers.__version__.startswith("0.23.")' "${TEST_WHEELS[@]}"
  need_wheels .venv/transformers 'import safetensors, transformers' \
    "${TRANSFORMERS_WHEELS[@]}"
}

# configure FOLDER [OPTION...]: a build folder, new or with other options
configure() {
  local folder=$1
  shift

  if [ -f "$folder/build.ninja" ]; then
    meson setup --reconfigure "$folder" "$@" >"$folder/configure.log"
  else
    mkdir -p "$folder"
    meson setup "$folder" "$@" >"$folder/configure.log" || {
      cat "$folder/configure.log"
      return 1
    }
  fi
}

# adds up meson's results of the build folders named: "N passed, ..."
count_results() {
  python3 .ci/count-results.py "$@"
}
