#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Everything about CUDA on a machine that has a device, nvcc, and Python with
# NumPy and PyTorch: no GLib, no network. Prints the rows of a table as soon as
# they are known, and leaves a log of everything.
#
# check.sh [--emulated] [--folder=FOLDER] [STAGE...]
#   build      the kernels, their tests and the benchmark, by nvcc alone
#   kernels    every kernel against the CPU's, small and large
#   goldens    the forward pass against the golden models
#   bench      kernels, forward pass and PyTorch on the same work
#   elements   the elements themselves, if pack-elements.sh was here before
#   store      from tokens to a store: rate, bytes over the bus, memory
#   sanitizer  compute-sanitizer on the kernels' tests
# Without a stage all of them, in this order; a stage that fails stops no other.
# Each takes eight minutes at most, and finds what those before it left in
# FOLDER, also in another run. The exit status is 0 where all passed, 77 where
# there is no device.
#
#   --emulated: the same with the kernels emulated on the CPU (g++, a BLAS with
#     CBLAS), to try the script; PyTorch then runs on the CPU, or is left out
#   --folder: where things are built and check.log lies (default: build-gpu or
#     build-gpu-emulated in this tree)
# ELEMENTS: the folder that pack-elements.sh made (default: gpu-elements in this
# tree); without it elements and store are left out.
# PYTHON and NVCC in the environment name others. CUDA_ARCH: the device's
# architecture, for nvcc (default: native). REPEATS: how often each call is made
# (default: 100).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
root=$(cd "$here/../.." && pwd) || exit 1
all="build kernels goldens bench elements store sanitizer"
emulated=0
build=
while [ $# -gt 0 ]; do
  case $1 in
    --emulated) emulated=1 ;;
    --folder=*) build=${1#--folder=} ;;
    *) break ;;
  esac
  shift
done
for stage in "$@"; do
  case " $all " in
    *" $stage "*) ;;
    *) echo "check.sh: '$stage' is no stage, expected some of: $all" >&2; exit 2 ;;
  esac
done

if [ $emulated = 1 ]; then
  kind=emulated
  flag=--emulated
  runtime=$here/emulated
  defines=-DACT_TEST_EMULATED
  nvcc=
  repeats=${REPEATS:-2}
  small=1
  build=${build:-$root/build-gpu-emulated}
else
  kind=device
  flag=
  nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
  runtime=$(cd "$(dirname "$nvcc")/.." 2>/dev/null && pwd)/include
  defines=
  repeats=${REPEATS:-100}
  small=0
  build=${build:-$root/build-gpu}
fi
mkdir -p "$build/plans" || exit 1
build=$(cd "$build" && pwd) || exit 1
log=$build/check.log
table=$build/table
python=${PYTHON:-python3}
elements=${ELEMENTS:-$root/gpu-elements}
sample=$root/samples/licences-model
failed=0
no_device=0

say() { printf '%s\n' "$*" | tee -a "$log"; }

# row WHAT STATUS: a line of the table
row() { printf '%-44s %s\n' "$1" "$2" | tee -a "$table" "$log"; }

# check SECONDS SHOWN WHAT COMMAND...: runs it, notes how it went; 77 is skipped.
# Lines that match SHOWN go to the table at once.
check() {
  limit=$1 shown=$2 what=$3
  shift 3
  say "== $what ($(date +%T))"
  : >"$build/out"
  { timeout -k 10 "$limit" "$@" 2>&1; echo $? >"$build/code"; } |
    tee -a "$log" "$build/out" | grep --line-buffered -E "$shown" |
    sed -u "s|$build/plans/||g; s|^|  |" | tee -a "$table"
  code=$(cat "$build/code")
  case $code in
    0) row "$what" ok ;;
    77) row "$what" "skipped: $(head -1 "$build/out")"
      if grep -q 'no device' "$build/out"; then no_device=1; fi ;;
    124|137) row "$what" "FAILED: cut off after $limit s"; failed=1 ;;
    *) row "$what" "FAILED ($code)"; tail -5 "$build/out"; failed=1 ;;
  esac
  return "$code"
}
tests='^not ok|^# .*(differ|expected|device)|Bail'

# --- build ---

# what runs on the CPU: the reference for CSR and clusters, GLib left out
plain="-O2 -std=gnu11 -ffp-contract=off -I$here/plain -I$root/common"
host_objects() {
  for file in cpu sparse/csr sparse/csr_c sparse/csrarrays sparse/cluster sparse/filter sparse/tiles \
      sparse/tiles_c; do
    ${CC:-cc} $plain -c "$root/common/$file.c" -o "$build/$(basename $file).o" || return 1
  done
  if [ "$(uname -m)" = x86_64 ]; then
    for file in csr_avx2 tiles_avx2; do
      ${CC:-cc} $plain -mavx2 -mpopcnt -c "$root/common/sparse/$file.c" \
        -o "$build/$file.o" || return 1
    done
    for file in csr_avx512 tiles_avx512; do
      ${CC:-cc} $plain -mavx2 -mpopcnt -mavx512f -mavx512bw -mavx512vl \
        -c "$root/common/sparse/$file.c" -o "$build/$file.o" || return 1
    done
  fi
  for file in kernels device csrtests clustertests operationtests planfile \
      goldens bench; do
    ${CC:-cc} $plain $defines "-I$root/gpu" "-I$runtime" -c "$here/$file.c" \
      -o "$build/$file.o" || return 1
  done
}

# the kernels, as many at a time as there are processors
device_objects() {
  ls "$root"/gpu/*.cu | timeout 450 xargs -P "$(nproc)" -I FILE sh -c '
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

build_programs() {
  # without a device there is no native architecture, but everything compiles
  if [ $emulated = 0 ]; then
    "$nvcc" --version || { echo "no nvcc: set NVCC, or use --emulated"; return 1; }
    nvidia-smi -L || CUDA_ARCH=${CUDA_ARCH:-sm_90}
  fi
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
  cpu="cpu csr csr_c csrarrays cluster filter tiles tiles_c"
  [ "$(uname -m)" = x86_64 ] && cpu="$cpu csr_avx2 csr_avx512 tiles_avx2 tiles_avx512"
  link kernels kernels csrtests clustertests operationtests $cpu &&
    link goldens goldens planfile && link bench bench planfile
}

# a shell of its own, so that it can be cut off
if [ "${ACT_CHECK_BUILD:-}" = 1 ]; then
  build_programs
  exit
fi

stage_build() {
  rm -f "$build/kernels" "$build/goldens" "$build/bench"
  check 470 'error:|no nvcc' "build ($kind)" env ACT_CHECK_BUILD=1 "$here/check.sh" $flag \
    "--folder=$build"
}

# A stage that is called alone may find nothing built; without a device there is
# nothing to run.
need() {
  [ -x "$build/$1" ] || stage_build || return 1
  "$build/kernels" 0 none >"$build/out" 2>&1
  grep -q '^1\.\.0 # SKIP' "$build/out" || return 0
  row "$stage" "skipped: $(head -1 "$build/out")"
  no_device=1
  return 1
}

# --- the stages that need only that ---

stage_kernels() {
  need kernels || return
  check 320 "$tests" "kernels against the CPU's, $repeats runs" "$build/kernels" "$repeats"
  check 140 "$tests" "the same, large" "$build/kernels" 3 large
}

stage_goldens() {
  need goldens || return
  check 60 "$tests" "golden models as plan files" "$python" "$here/plan.py" golden \
    "$root/tests/data" "$sample" "$build/plans" || return
  goldens=$(cd "$build/plans" && ls *.tokens | sed "s|^|$build/plans/|; s|\.tokens$||")
  # the paths have no spaces unless FOLDER has
  check 400 '^not ok|^# .*largest' "goldens in fp32, tf32, bf16" "$build/goldens" "$repeats" $goldens
}

stage_bench() {
  need bench || return
  [ $small = 1 ] && scale=16 || scale=1
  rm -f "$build/forward.times"
  check 120 "$tests" "large model" "$python" "$here/plan.py" bench "$sample" \
    "$build/plans" $scale || return
  check 200 '^[|]|^device' "benchmark" "$build/bench" $small "$build/plans/bench-sample" \
    "$build/plans/bench-large" "$build/forward.times"
  check 150 '^[|]' "the same in PyTorch" "$python" "$here/torch_forward.py" $small "$sample" \
    "$build/forward.times"
}

# --- with what pack-elements.sh made ---

have_elements() {
  [ -f "$elements/elements.tar.gz" ] && return 0
  row "$1" "left out: no $elements (pack-elements.sh)"
  return 1
}

stage_elements() {
  have_elements elements || return
  check 470 '^elements: |^    ' "elements" "$here/check-elements.sh" $flag "$elements"
}

stage_store() {
  have_elements store || return
  rm -rf "$build/elements"
  check 60 "$tests" "elements, unpacked" "$here/unpack-elements.sh" $flag "$elements" \
    "$build/elements" || return
  check 400 '^[|]|^  ' "from tokens to a store" "$python" "$here/store.py" $flag "$sample" \
    "$build/store" "$build/elements/run" gst-activations
}

stage_sanitizer() {
  if [ $emulated = 1 ]; then
    row "compute-sanitizer" "left out: it needs a device"
    return
  fi
  need kernels || return
  sanitizer=$(command -v compute-sanitizer || echo "$(dirname "$nvcc")/compute-sanitizer")
  if ! [ -x "$sanitizer" ]; then
    row "compute-sanitizer" "skipped: not installed"
    return
  fi
  # not initcheck: what the kernels get is poisoned, and so never new
  for tool in memcheck racecheck; do
    check 230 "$tests|ERROR SUMMARY|RACECHECK SUMMARY" "compute-sanitizer $tool" \
      "$sanitizer" --tool $tool --error-exitcode 9 "$build/kernels" 1
  done
}

# cuBLAS may be PyTorch's only
if [ $emulated = 0 ]; then
  wheels=$("$python" -c 'import glob, nvidia
print(*{file.rsplit("/", 1)[0] for path in nvidia.__path__
        for file in glob.glob(path + "/*/lib/libcublas.so*")}, sep=":")' 2>/dev/null || true)
  LD_LIBRARY_PATH=$runtime/../lib64:${LD_LIBRARY_PATH:-}${wheels:+:$wheels}
  export LD_LIBRARY_PATH
fi
: >"$table"
say "$(date '+%F %T'): check.sh $kind ${*:-(all)}"
if [ $emulated = 0 ]; then
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1 |
    tee -a "$log"
fi
for stage in ${*:-$all}; do
  "stage_$stage"
done
say ""
say "$(cat "$table")"
say "log: $log"
[ $failed = 1 ] && exit 1
[ $no_device = 1 ] && exit 77
exit 0
