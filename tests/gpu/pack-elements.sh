#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   tests/gpu/pack-elements.sh BUILD [FOLDER]
#
# Makes a folder (default: gpu-elements) with what the elements need on a GPU
# machine that has no GLib, no GStreamer and no network: the programs and
# plugins of the build folder BUILD, and the Debian packages of all libraries
# that they use, from the C library on, in an archive. tests/gpu/check-elements.sh
# runs them there. Must be made on Debian, with apt-get able to download.
set -eu

build=${1:?which build folder?}
folder=${2:-gpu-elements}
limit=$((64 << 20))

fail() {
  echo "pack-elements.sh: $*" >&2
  exit 1
}

test -d "$build/plugins" || fail "'$build' is no build folder"
rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/lib" "$folder/plugins" "$folder/emulated" "$folder/root"

# --- what is ours ---
cp "$build/tools/gst-activations" "$folder/bin/"
for name in golden goldenclusters; do
  cp "$build/tests/gpu/elements/test-cuda-$name" "$folder/bin/"
done
cp "$build"/plugins/libgst*.so "$folder/plugins/"
cp "$build"/common/gst/activations/libgstactivations-1.0.so.1 "$folder/lib/"
cp "$build/tests/gpu/elements/libgstactcuda.so" \
  "$build/tests/gpu/elements/libact-emulated-cuda.so" "$folder/emulated/"
strip --strip-unneeded "$folder"/bin/* "$folder"/lib/* "$folder"/plugins/* \
  "$folder"/emulated/*

# --- what Debian has ---
gst=$(pkg-config --variable=pluginsdir gstreamer-1.0)
tools=$(command -v gst-launch-1.0)
scanner=$(pkg-config --variable=libexecdir gstreamer-1.0 2>/dev/null || true)

# the files that the loader would take, ours left out; LD_LIBRARY_PATH is for
# ours to be found
libraries() {
  LD_LIBRARY_PATH="$folder/lib:$folder/emulated" ldd "$folder"/bin/* \
    "$folder"/plugins/* "$folder"/emulated/* "$tools" \
    "$gst/libgstcoreelements.so" |
    sed -n 's/^[[:space:]]*[^ ]* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/lib64[^ ]*\) .*/\1/p' |
    grep -v "^$folder\|/$(basename "$folder")/" | sort -u
}

# dpkg knows a file by the name that it was installed under
package_of() {
  real=$(readlink -f "$1")
  for name in "$1" "$real" "${1#/usr}" "${real#/usr}"; do
    found=$(dpkg -S "$name" 2>/dev/null | head -1 | cut -d: -f1) || true
    test -z "$found" || { echo "$found"; return; }
  done
  fail "no package has '$1'"
}

used=$(libraries)
packages=$(for file in $used "$gst/libgstcoreelements.so" "$tools"; do
  package_of "$file"
done | sort -u)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get download -q $packages >/dev/null 2>"$work/log") ||
  { cat "$work/log" >&2; fail "packages could not be downloaded"; }
for package in "$work"/*.deb; do
  dpkg -x "$package" "$work/all"
done

# --- of it, what is loaded ---
mkdir -p "$folder/root/lib" "$folder/root/gstreamer-1.0"
for file in $used; do
  name=$(basename "$file")
  from=$(find "$work/all" -name "$name" | head -1)
  # a name that an alternative gives, as of BLAS
  test -n "$from" || from=$(find "$work/all" -name "$(basename "$(readlink -f "$file")")" | head -1)
  test -n "$from" || fail "none of the packages has '$name'"
  cp -L "$from" "$folder/root/lib/$name" 2>/dev/null ||
    cp "$(find "$work/all" -name "$(basename "$(readlink "$from")")" | head -1)" \
      "$folder/root/lib/$name"
done
cp "$(find "$work/all" -name libgstcoreelements.so | head -1)" "$folder/root/gstreamer-1.0/"
for name in gst-launch-1.0 gst-inspect-1.0; do
  cp -L "$(find "$work/all" -path "*/bin/$name" | head -1)" "$folder/bin/"
done
echo "$packages" >"$folder/packages"

# --- packed, or it is too much to travel ---
unpacked=$(du -sb "$folder" | cut -f1)
tar -C "$folder" -czf "$work/elements.tar.gz" .
rm -rf "$folder"
mkdir "$folder"
cp "$work/elements.tar.gz" "$folder/"
size=$(du -sb "$folder" | cut -f1)
echo "$folder: $(echo "$packages" | wc -l) packages, $((unpacked >> 20)) MiB, packed $((size >> 20))"
test "$size" -le "$limit" || fail "more than 64 MiB"
