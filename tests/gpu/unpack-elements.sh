#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   tests/gpu/unpack-elements.sh [--emulated] FOLDER SCRATCH
#
# Unpacks what pack-elements.sh put into FOLDER into SCRATCH/elements and writes
# SCRATCH/run: "SCRATCH/run PROGRAM ARGUMENT..." runs a program of it with its
# own C library and nothing of the machine's but its driver and cuBLAS.
set -eu

emulated=false
if [ "$1" = --emulated ]; then
  emulated=true
  shift
fi
top=$(cd "$(dirname "$0")/../.." && pwd)
packed=$(cd "$1" 2>/dev/null && pwd) || {
  echo "unpack-elements.sh: no folder '$1': tests/gpu/pack-elements.sh makes it" >&2
  exit 2
}
mkdir -p "$2/elements"
scratch=$(cd "$2" && pwd)
folder=$scratch/elements
tar -C "$folder" -xzf "$packed/elements.tar.gz"

# the C library of the folder runs all, whatever the machine's is; of the
# machine only where drivers and cuBLAS lie
libraries=$folder/lib:$folder/root/lib
plugins=$folder/plugins:$folder/root/gstreamer-1.0
if $emulated; then
  libraries=$folder/emulated:$libraries
  plugins=$folder/emulated:$plugins
else
  mkdir -p "$scratch/driver"
  for name in libcuda.so.1 libcublas.so libcublasLt.so; do
    for place in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/cuda/lib64 \
        /usr/local/nvidia/lib64 /usr/local/cuda/compat $(echo "${LD_LIBRARY_PATH:-}" | tr : ' '); do
      # links to them alone: their neighbours are not to be found
      for file in "$place/$name"*; do
        test ! -e "$file" || ln -sf "$file" "$scratch/driver/"
      done
    done
  done
  for file in /usr/lib/x86_64-linux-gnu/libnvidia-*.so* /usr/lib64/libnvidia-*.so*; do
    test ! -e "$file" || ln -sf "$file" "$scratch/driver/"
  done
  libraries=$libraries:$scratch/driver
fi

# nothing of the caller's environment but what a device or a log needs
cat >"$scratch/run" <<END
#!/bin/sh
program=\$1
shift
exec env -i HOME="$scratch" PATH=/usr/bin:/bin TMPDIR="\${TMPDIR:-$scratch}" \\
  CUDA_VISIBLE_DEVICES="\${CUDA_VISIBLE_DEVICES-0}" \\
  GST_DEBUG="\${GST_DEBUG:-}" GST_DEBUG_FILE="\${GST_DEBUG_FILE:-}" GST_DEBUG_NO_COLOR=1 \\
  GST_PLUGIN_SYSTEM_PATH_1_0= GST_PLUGIN_PATH_1_0="$plugins" \\
  GST_REGISTRY_1_0="$scratch/registry.bin" GST_REGISTRY_FORK=no \\
  GST_ACTIVATIONS_PIPELINES="$top/pipelines" \\
  ACT_TEST_DATA="$top/tests/data" \\
  ACT_TEST_SAMPLE="$top/samples/licences-model" \\
  CK_DEFAULT_TIMEOUT=300 OPENBLAS_NUM_THREADS=1 G_DEBUG=gc-friendly \\
  "$folder/root/lib/ld-linux-x86-64.so.2" \\
  --library-path "$libraries" "$folder/bin/\$program" "\$@"
END
chmod +x "$scratch/run"
