/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* cuda_runtime_api.h on the CPU. */

#include "cuda_runtime_api.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "state.h"

struct CUstream_st {
  std::deque<std::function<void ()>> work; /* that nobody waited for yet */
  uint64_t n_given, n_done;
  bool urgent;
};

/* where an event was recorded */
struct Mark {
  cudaStream_t stream;
  uint64_t n; /* of the stream's work, this included */
  bool passed;
  std::chrono::steady_clock::time_point when;
};

struct CUevent_st {
  std::shared_ptr<Mark> mark; /* none: it never was */
};

namespace
{

std::mutex lock;
ActEmulatedCounts counts;
std::map<void *, size_t> blocks;
std::map<const char *, size_t> pinned;
std::string missing;
bool missing_is_set;
int n_devices = -1;
size_t shared_size = 227 << 10; /* of a block */
size_t memory_size, pinned_limit;
size_t fail_in;
cudaError_t fail_with;
cudaError_t fail_waits;
CUstream_st default_stream;
std::set<cudaStream_t> streams;
thread_local cudaError_t last_error = cudaSuccess;
thread_local int current_device;

int
get_n_devices ()
{
  const char *set = getenv ("ACT_EMULATED_DEVICES");

  if (n_devices < 0)
    n_devices = set != nullptr ? atoi (set) : 1;
  return n_devices;
}

cudaError_t
give (cudaError_t error)
{
  if (error != cudaSuccess)
    last_error = error;
  return error;
}

/* What follows is called with the lock. */

CUstream_st *
stream_of (cudaStream_t stream)
{
  return stream != nullptr ? stream : &default_stream;
}

void
enqueue (cudaStream_t stream, std::function<void ()> work)
{
  stream_of (stream)->n_given++;
  stream_of (stream)->work.push_back (std::move (work));
}

/* the first n that a stream was given */
void
run (CUstream_st *stream, uint64_t n)
{
  while (stream->n_done < n) {
    std::function<void ()> work = std::move (stream->work.front ());

    stream->work.pop_front ();
    stream->n_done++;
    work ();
  }
}

cudaError_t
finish (cudaStream_t stream)
{
  run (stream_of (stream), stream_of (stream)->n_given);
  return give (fail_waits);
}

cudaError_t
finish_all ()
{
  for (cudaStream_t stream : streams)
    finish (stream);
  return finish (nullptr);
}

bool
is_pinned (const void *memory)
{
  const char *at = static_cast<const char *> (memory);
  auto block = pinned.upper_bound (at);

  return block != pinned.begin () && at < (--block)->first + block->second;
}

void
count_copy (size_t size, cudaMemcpyKind kind)
{
  if (kind == cudaMemcpyHostToDevice) {
    counts.n_uploads++;
    counts.uploaded += size;
  } else if (kind == cudaMemcpyDeviceToHost) {
    counts.n_downloads++;
    counts.downloaded += size;
  } else if (kind == cudaMemcpyDeviceToDevice) {
    counts.n_device_copies++;
    counts.device_copied += size;
  }
}

/* full of NaN: what reads before it writes is found out */
cudaError_t
allocate (void **memory, size_t size)
{
  size_t padded = (size + 255) / 256 * 256;

  *memory = nullptr;
  if (get_n_devices () == 0)
    return give (cudaErrorNoDevice);
  if (size == 0)
    return cudaSuccess;
  if (memory_size != 0 && counts.allocated + size > memory_size)
    return give (cudaErrorMemoryAllocation);
  *memory = aligned_alloc (256, padded);
  if (*memory == nullptr)
    return give (cudaErrorMemoryAllocation);
  memset (*memory, 0xff, size);
  blocks[*memory] = size;
  counts.n_allocated++;
  counts.allocated += size;
  if (counts.allocated > counts.peak)
    counts.peak = counts.allocated;
  return cudaSuccess;
}

cudaError_t
release (void *memory)
{
  if (memory == nullptr)
    return cudaSuccess;
  auto block = blocks.find (memory);
  if (block == blocks.end ())
    return give (cudaErrorInvalidValue);
  memset (memory, 0xff, block->second);
  counts.n_allocated--;
  counts.allocated -= block->second;
  blocks.erase (block);
  free (memory);
  return cudaSuccess;
}

} // namespace

bool
act_emulated_count_launch (cudaStream_t stream, bool *backwards)
{
  std::lock_guard<std::mutex> guard (lock);

  *backwards = counts.n_launches++ % 2 != 0;
  counts.n_urgent += stream_of (stream)->urgent;
  if (act_emulated_is_missing ("kernels")) {
    last_error = cudaErrorNoKernelImageForDevice;
    return false;
  }
  if (fail_in == 0 || --fail_in > 0)
    return true;
  last_error = fail_with;
  return false;
}

void
act_emulated_enqueue (cudaStream_t stream, std::function<void ()> work)
{
  std::lock_guard<std::mutex> guard (lock);

  enqueue (stream, std::move (work));
}

bool
act_emulated_is_missing (const char *what)
{
  const char *set = getenv ("ACT_EMULATED_MISSING");

  if (missing_is_set)
    return missing == what;
  return set != nullptr && strcmp (set, what) == 0;
}

extern "C" {

void
act_emulated_set_shared (size_t size)
{
  shared_size = size;
}

cudaError_t
act_emulated_allow_shared (int size)
{
  return (size_t) size <= shared_size ? cudaSuccess
                                      : give (cudaErrorInvalidValue);
}

void
act_emulated_set_missing (const char *what)
{
  missing_is_set = true;
  missing = what != nullptr ? what : "";
}

void
act_emulated_get_counts (ActEmulatedCounts *now)
{
  std::lock_guard<std::mutex> guard (lock);

  for (cudaStream_t stream : streams)
    run (stream, stream->n_given);
  run (&default_stream, default_stream.n_given);
  *now = counts;
}

void
act_emulated_reset_counts (void)
{
  std::lock_guard<std::mutex> guard (lock);
  ActEmulatedCounts fresh = {};

  finish_all ();
  fresh.n_allocated = counts.n_allocated;
  fresh.pinned = counts.pinned;
  fresh.allocated = fresh.peak = counts.allocated;
  counts = fresh;
}

void
act_emulated_set_n_devices (int n)
{
  n_devices = n;
}

void
act_emulated_set_memory (size_t size)
{
  memory_size = size;
}

void
act_emulated_set_pinned (size_t size)
{
  pinned_limit = size;
}

void
act_emulated_fail_launch (size_t n, cudaError_t error)
{
  fail_in = n;
  fail_with = error;
}

void
act_emulated_fail_waits (cudaError_t error)
{
  std::lock_guard<std::mutex> guard (lock);

  fail_waits = error;
}

cudaError_t
cudaGetDeviceCount (int *n)
{
  *n = get_n_devices ();
  return *n > 0 ? cudaSuccess : give (cudaErrorNoDevice);
}

cudaError_t
cudaGetDevice (int *device)
{
  *device = current_device;
  return cudaSuccess;
}

cudaError_t
cudaSetDevice (int device)
{
  if (get_n_devices () == 0)
    return give (cudaErrorNoDevice);
  if (device < 0 || device >= get_n_devices ())
    return give (cudaErrorInvalidDevice);
  current_device = device;
  return cudaSuccess;
}

cudaError_t
cudaDeviceSynchronize (void)
{
  std::lock_guard<std::mutex> guard (lock);

  return finish_all ();
}

cudaError_t
cudaGetDeviceProperties (struct cudaDeviceProp *properties, int device)
{
  snprintf (
      properties->name, sizeof properties->name, "emulated device %d", device);
  return cudaSuccess;
}

cudaError_t
cudaDeviceGetAttribute (int *value, cudaDeviceAttr attribute, int device)
{
  switch (attribute) {
  case cudaDevAttrMaxSharedMemoryPerBlockOptin:
    *value = (int) shared_size;
    break;
  case cudaDevAttrComputeCapabilityMajor:
    *value = 9;
    break;
  case cudaDevAttrComputeCapabilityMinor:
    *value = 0;
    break;
  case cudaDevAttrMemoryPoolsSupported:
    *value = 1;
    break;
  case cudaDevAttrL2CacheSize:
    *value = 50 << 20;
    break;
  default:
    *value = 4;
  }
  return device < get_n_devices () ? cudaSuccess
                                   : give (cudaErrorInvalidDevice);
}

cudaError_t
cudaDriverGetVersion (int *version)
{
  *version = get_n_devices () > 0 ? 13000 : 0;
  return cudaSuccess;
}

cudaError_t
cudaRuntimeGetVersion (int *version)
{
  *version = 13000;
  return cudaSuccess;
}

cudaError_t
cudaMalloc (void **memory, size_t size)
{
  std::lock_guard<std::mutex> guard (lock);

  if (memory_size != 0 && counts.allocated + size > memory_size)
    finish_all ();
  return allocate (memory, size);
}

cudaError_t
cudaFree (void *memory)
{
  std::lock_guard<std::mutex> guard (lock);

  if (memory != nullptr)
    finish_all ();
  return release (memory);
}

/* What the stream frees before it allocates is there again. */
cudaError_t
cudaMallocAsync (void **memory, size_t size, cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  if (memory_size != 0 && counts.allocated + size > memory_size)
    run (stream_of (stream), stream_of (stream)->n_given);
  return allocate (memory, size);
}

cudaError_t
cudaFreeAsync (void *memory, cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  enqueue (stream, [=] () { release (memory); });
  return cudaSuccess;
}

cudaError_t
cudaMallocHost (void **memory, size_t size)
{
  std::lock_guard<std::mutex> guard (lock);

  *memory = nullptr;
  if (pinned_limit == 0 || counts.pinned + size <= pinned_limit)
    *memory = malloc (size > 0 ? size : 1);
  if (*memory == nullptr)
    return give (cudaErrorMemoryAllocation);
  pinned[static_cast<const char *> (*memory)] = size;
  counts.pinned += size;
  return cudaSuccess;
}

cudaError_t
cudaHostAlloc (void **memory, size_t size, unsigned)
{
  return cudaMallocHost (memory, size);
}

cudaError_t
cudaFreeHost (void *memory)
{
  std::lock_guard<std::mutex> guard (lock);
  auto block = pinned.find (static_cast<const char *> (memory));

  finish_all ();
  if (block == pinned.end ())
    return give (cudaErrorInvalidValue);
  counts.pinned -= block->second;
  pinned.erase (block);
  free (memory);
  return cudaSuccess;
}

cudaError_t
cudaMemGetInfo (size_t *available, size_t *total)
{
  std::lock_guard<std::mutex> guard (lock);

  *total = memory_size != 0 ? memory_size : (size_t) 1 << 36;
  *available = *total - counts.allocated;
  return cudaSuccess;
}

cudaError_t
cudaDeviceGetDefaultMemPool (cudaMemPool_t *pool, int)
{
  *pool = nullptr;
  return cudaSuccess;
}

cudaError_t
cudaMemPoolSetAttribute (cudaMemPool_t, cudaMemPoolAttr, void *)
{
  return cudaSuccess;
}

/* all memory is the pool's */
cudaError_t
cudaMemPoolGetAttribute (cudaMemPool_t, cudaMemPoolAttr attribute, void *value)
{
  std::lock_guard<std::mutex> guard (lock);

  if (attribute != cudaMemPoolAttrUsedMemHigh)
    return give (cudaErrorInvalidValue);
  *static_cast<uint64_t *> (value) = counts.peak;
  return cudaSuccess;
}

cudaError_t
cudaMemPoolCreate (cudaMemPool_t *pool, const struct cudaMemPoolProps *)
{
  *pool = nullptr;
  return cudaSuccess;
}

cudaError_t
cudaMemPoolDestroy (cudaMemPool_t)
{
  return cudaSuccess;
}

cudaError_t
cudaMemPoolTrimTo (cudaMemPool_t, size_t)
{
  return cudaSuccess;
}

cudaError_t
cudaMallocFromPoolAsync (
    void **memory, size_t size, cudaMemPool_t, cudaStream_t stream)
{
  return cudaMallocAsync (memory, size, stream);
}

cudaError_t
cudaMemcpy (void *to, const void *from, size_t size, cudaMemcpyKind kind)
{
  std::lock_guard<std::mutex> guard (lock);
  cudaError_t error = finish_all ();

  if (size > 0)
    memcpy (to, from, size);
  count_copy (size, kind);
  return error;
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, size_t size, cudaMemcpyKind kind,
    cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  count_copy (size, kind);
  if (size == 0)
    return cudaSuccess;
  if (kind == cudaMemcpyHostToDevice && !is_pinned (from)) {
    /* goes through memory of CUDA's, at once */
    const char *begin = static_cast<const char *> (from);
    std::vector<char> copy (begin, begin + size);

    enqueue (stream, [=] () { memcpy (to, copy.data (), size); });
    return cudaSuccess;
  }
  enqueue (stream, [=] () {
    if (kind != cudaMemcpyDeviceToHost || fail_waits == cudaSuccess)
      memcpy (to, from, size);
  });
  return cudaSuccess;
}

cudaError_t
cudaMemset (void *to, int value, size_t size)
{
  std::lock_guard<std::mutex> guard (lock);

  finish_all ();
  if (size > 0)
    memset (to, value, size);
  return cudaSuccess;
}

cudaError_t
cudaMemsetAsync (void *to, int value, size_t size, cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  if (size > 0)
    enqueue (stream, [=] () { memset (to, value, size); });
  return cudaSuccess;
}

cudaError_t
cudaStreamCreate (cudaStream_t *stream)
{
  std::lock_guard<std::mutex> guard (lock);

  *stream = new CUstream_st ();
  streams.insert (*stream);
  return cudaSuccess;
}

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned)
{
  return cudaStreamCreate (stream);
}

cudaError_t
cudaDeviceGetStreamPriorityRange (int *least, int *greatest)
{
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

cudaError_t
cudaStreamCreateWithPriority (cudaStream_t *stream, unsigned, int priority)
{
  cudaError_t error = cudaStreamCreate (stream);

  (*stream)->urgent = priority < 0;
  return error;
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  finish (stream);
  streams.erase (stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize (cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  counts.n_waits += !stream_of (stream)->work.empty ();
  return finish (stream);
}

cudaError_t
cudaStreamQuery (cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);

  return stream_of (stream)->work.empty () ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t
cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned)
{
  std::lock_guard<std::mutex> guard (lock);
  std::shared_ptr<Mark> mark = event->mark;

  if (mark != nullptr)
    enqueue (stream, [=] () {
      if (!mark->passed)
        run (mark->stream, mark->n);
    });
  return cudaSuccess;
}

cudaError_t
cudaLaunchHostFunc (cudaStream_t stream, cudaHostFn_t function, void *data)
{
  std::lock_guard<std::mutex> guard (lock);

  enqueue (stream, [=] () { function (data); });
  return cudaSuccess;
}

cudaError_t
cudaEventCreate (cudaEvent_t *event)
{
  *event = new CUevent_st ();
  return cudaSuccess;
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned)
{
  return cudaEventCreate (event);
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  delete event;
  return cudaSuccess;
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  std::lock_guard<std::mutex> guard (lock);
  auto mark = std::make_shared<Mark> ();

  mark->stream = stream_of (stream);
  mark->n = mark->stream->n_given + 1;
  enqueue (stream, [=] () {
    mark->passed = true;
    mark->when = std::chrono::steady_clock::now ();
  });
  event->mark = mark;
  return cudaSuccess;
}

cudaError_t
cudaEventQuery (cudaEvent_t event)
{
  std::lock_guard<std::mutex> guard (lock);

  return event->mark == nullptr || event->mark->passed
      ? cudaSuccess
      : give (cudaErrorNotReady);
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  std::lock_guard<std::mutex> guard (lock);

  if (event->mark != nullptr && !event->mark->passed) {
    counts.n_waits++;
    run (event->mark->stream, event->mark->n);
  }
  return give (fail_waits);
}

cudaError_t
cudaEventElapsedTime (float *ms, cudaEvent_t from, cudaEvent_t to)
{
  *ms = std::chrono::duration<float, std::milli> (
      to->mark->when - from->mark->when)
            .count ();
  return cudaSuccess;
}

cudaError_t
cudaGetLastError (void)
{
  cudaError_t error = last_error;

  last_error = cudaSuccess;
  return error;
}

cudaError_t
cudaPeekAtLastError (void)
{
  return last_error;
}

const char *
cudaGetErrorName (cudaError_t error)
{
  switch (error) {
  case cudaSuccess:
    return "cudaSuccess";
  case cudaErrorMemoryAllocation:
    return "cudaErrorMemoryAllocation";
  case cudaErrorNoDevice:
    return "cudaErrorNoDevice";
  case cudaErrorLaunchFailure:
    return "cudaErrorLaunchFailure";
  default:
    return "cudaError";
  }
}

const char *
cudaGetErrorString (cudaError_t error)
{
  switch (error) {
  case cudaSuccess:
    return "no error";
  case cudaErrorMemoryAllocation:
    return "out of memory";
  case cudaErrorNoDevice:
    return "no CUDA-capable device is detected";
  case cudaErrorNoKernelImageForDevice:
    return "no kernel image is available for execution on the device";
  case cudaErrorLaunchFailure:
    return "unspecified launch failure";
  default:
    return "invalid argument";
  }
}
}
