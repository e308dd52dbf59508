#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Everything about CUDA on a machine that has a device, nvcc, and Python with
# NumPy and PyTorch: no GLib, no network. Builds the kernels, their tests and the
# benchmark with nvcc alone and runs them; prints a table and leaves a log.
#
# check.sh [--emulated] [FOLDER]
#   --emulated: the same with the kernels emulated on the CPU (g++, a BLAS with
#     CBLAS), to try the script; PyTorch then runs on the CPU, or is left out
#   FOLDER: where things are built, and check.log lies (default: a new one)
# ELEMENTS: the folder that pack-elements.sh made (default: gpu-elements beside
# this tree's files); without it the elements are left out.
# PYTHON and NVCC in the environment name others. CUDA_ARCH: the device's
# architecture, for nvcc (default: native).
set -u
emulated=0
if [ "${1:-}" = --emulated ]; then emulated=1; shift; fi
here=$(cd "$(dirname "$0")" && pwd) || exit 1
root=$(cd "$here/../.." && pwd) || exit 1
build=${1:-$(mktemp -d)} || exit 1
mkdir -p "$build/plans" || exit 1
build=$(cd "$build" && pwd) || exit 1
log=$build/check.log
table=$build/table
: >"$log"
: >"$table"
python=${PYTHON:-python3}
failed=0

say() { printf '%s\n' "$*" | tee -a "$log"; }

# row WHAT STATUS: a line of the table
row() { printf '%-44s %s\n' "$1" "$2" >>"$table"; }

# check WHAT COMMAND...: runs it, notes how it went; 77 is skipped
check() {
  what=$1
  shift
  say "== $what"
  "$@" >"$build/out" 2>&1
  code=$?
  cat "$build/out" >>"$log"
  # TAP's way to say so, with status 0
  if [ $code = 0 ] && grep -q '^1\.\.0 # SKIP' "$build/out"; then code=77; fi
  grep -E '^not ok|^# .*(differ|expected)|Bail|ERROR SUMMARY|RACECHECK SUMMARY' "$build/out"
  case $code in
    0) row "$what" ok ;;
    77) row "$what" "skipped: $(head -1 "$build/out")" ;;
    *) row "$what" "FAILED ($code)"; tail -5 "$build/out"; failed=1 ;;
  esac
  return $code
}

finish() {
  say ""
  say "$(cat "$table")"
  say "log: $log"
  exit $failed
}

# what runs on the CPU: the reference for CSR and clusters, GLib left out
plain="-O2 -std=gnu11 -ffp-contract=off -I$here/plain -I$root/common"
host_objects() {
  for file in cpu sparse/csr sparse/csr_c sparse/cluster sparse/filter; do
    ${CC:-cc} $plain -c "$root/common/$file.c" -o "$build/$(basename $file).o" || return 1
  done
  if [ "$(uname -m)" = x86_64 ]; then
    ${CC:-cc} $plain -mavx2 -mpopcnt -c "$root/common/sparse/csr_avx2.c" \
      -o "$build/csr_avx2.o" || return 1
    ${CC:-cc} $plain -mavx2 -mpopcnt -mavx512f -mavx512bw -mavx512vl \
      -c "$root/common/sparse/csr_avx512.c" -o "$build/csr_avx512.o" || return 1
  fi
  for file in kernels device csrtests clustertests operationtests planfile goldens bench; do
    ${CC:-cc} $plain $defines "-I$root/gpu" "-I$runtime" -c "$here/$file.c" \
      -o "$build/$file.o" || return 1
  done
}

# the kernels, two at a time
device_objects() {
  ls "$root"/gpu/*.cu | xargs -P "$(nproc)" -I FILE sh -c '
    case $0 in
      emulated) g++ -x c++ -std=c++17 -O2 -ffp-contract=off -Wno-unknown-pragmas \
        -I"$2" -I"$3" -c FILE -o "$1/gpu_$(basename FILE .cu).o" ;;
      *) "$4" -std=c++17 -O3 -lineinfo -arch="$5" -I"$3" -c FILE \
        -o "$1/gpu_$(basename FILE .cu).o" ;;
    esac' "$kind" "$build" "$runtime" "$root/gpu" "$nvcc" "${CUDA_ARCH:-native}"
}

link() {
  program=$1
  shift
  objects="$build/device.o"
  for object in "$@"; do objects="$objects $build/$object.o"; done
  if [ $emulated = 1 ]; then
    g++ $objects "$build"/gpu_*.o "$build"/emulated_*.o -o "$build/$program" \
      -lopenblas -lpthread -lm
  else
    "$nvcc" $objects "$build"/gpu_*.o "$build/gpublas.o" -o "$build/$program" \
      -ldl -lpthread -lm
  fi
}

build_all() {
  host_objects && device_objects || return 1
  if [ $emulated = 1 ]; then
    for file in blas emulated runtime; do
      g++ -std=c++17 -O2 -U_FORTIFY_SOURCE $(pkg-config --cflags openblas) \
        "-I$runtime" "-I$root/gpu" -c "$runtime/$file.cc" \
        -o "$build/emulated_$file.o" || return 1
    done
  else
    ${CC:-cc} -O2 -std=gnu11 "-I$root/gpu" -c "$root/gpu/gpublas.c" \
      -o "$build/gpublas.o" || return 1
  fi
  cpu="cpu csr csr_c cluster filter"
  [ "$(uname -m)" = x86_64 ] && cpu="$cpu csr_avx2 csr_avx512"
  link kernels kernels csrtests clustertests operationtests $cpu \
    && link goldens goldens planfile \
    && link bench bench planfile
}

if [ $emulated = 1 ]; then
  kind=emulated
  runtime=$here/emulated
  defines=-DACT_TEST_EMULATED
  nvcc=
  repeats=2
  small=1
else
  kind=device
  nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
  runtime=$(cd "$(dirname "$nvcc")/.." && pwd)/include
  defines=
  repeats=100
  small=0
  if ! "$nvcc" --version >>"$log" 2>&1; then
    say "no nvcc: set NVCC, or use --emulated"
    exit 1
  fi
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >>"$log" 2>&1
  # without a device there is no native architecture, but everything still compiles
  nvidia-smi -L >/dev/null 2>&1 || CUDA_ARCH=${CUDA_ARCH:-sm_90}
fi

check "build ($kind)" build_all || finish
check "golden models as plan files" "$python" "$here/plan.py" golden \
  "$root/tests/data" "$root/samples/licences-model" "$build/plans" || finish
check "kernels against the CPU's, $repeats runs" "$build/kernels" $repeats
if [ $? = 77 ]; then
  say "there is no CUDA device here: the rest needs one"
  failed=77
  finish
fi
goldens=$(cd "$build/plans" && ls *.tokens | sed "s|^|$build/plans/|; s|\.tokens$||")
# the paths have no spaces unless FOLDER has
check "goldens in fp32, tf32, bf16" "$build/goldens" $repeats $goldens
grep -E '^(ok|not ok)' "$build/out" | sed 's|.*/plans/|  |' >>"$table"

if [ $emulated = 0 ]; then
  sanitizer=$(command -v compute-sanitizer || echo "$(dirname "$nvcc")/compute-sanitizer")
  for tool in memcheck racecheck initcheck; do
    if [ -x "$sanitizer" ]; then
      check "compute-sanitizer $tool" timeout 900 "$sanitizer" --tool $tool --error-exitcode 9 \
        "$build/kernels" 1
    else
      row "compute-sanitizer $tool" "skipped: not installed"
    fi
  done
fi

[ $small = 1 ] && scale=16 || scale=1
check "large model" "$python" "$here/plan.py" large "$build/plans" $scale \
  && check "benchmark" "$build/bench" $small "$build/plans/bench-sample" \
    "$build/plans/bench-large" && sed 's/^/  /' "$build/out" >>"$table"
check "the same in PyTorch" "$python" "$here/torch_forward.py" $small \
  "$root/samples/licences-model" && sed 's/^/  /' "$build/out" >>"$table"

# Part two: the elements, with all that they need from pack-elements.sh.
elements=${ELEMENTS:-$root/gpu-elements}
if [ -f "$elements/elements.tar.gz" ]; then
  [ $emulated = 1 ] && flag=--emulated || flag=
  check "elements" "$here/check-elements.sh" $flag "$elements"
  grep '^elements: ' "$build/out" | sed 's/^/  /' >>"$table"
else
  row "elements" "left out: no $elements (pack-elements.sh)"
fi
finish
