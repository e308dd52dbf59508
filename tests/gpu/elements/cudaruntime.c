/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* every symbol is seen: plugin and test share this library's state */
#pragma GCC visibility push(default)
#include "gpu/cudaruntime.h"
#include "tests/gpu/elements/cudaruntime.h"
#pragma GCC visibility pop

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUBBISH 0xa5

/* a copy to the host that nobody waited for yet */
typedef struct {
  void *to;
  const void *from;
  size_t size;
} Copy;

typedef struct {
  GArray *copies;
} Stream;

typedef struct {
  Stream *stream; /* that it was recorded in, NULL: in none */
} Event;

static GMutex lock; /* of everything */
static ActEmulatedCounts counts;
static GHashTable *sizes; /* device memory -> its bytes */
static size_t memory_size;
static int failure;

static size_t
total (void)
{
  const char *text = getenv ("ACT_EMULATED_CUDA_MEMORY");

  if (memory_size > 0)
    return memory_size;
  return text != NULL ? strtoull (text, NULL, 10) : (size_t) 1 << 30;
}

void
act_emulated_counts (ActEmulatedCounts *to)
{
  g_mutex_lock (&lock);
  *to = counts;
  g_mutex_unlock (&lock);
}

void
act_emulated_reset_counts (void)
{
  g_mutex_lock (&lock);
  counts = (ActEmulatedCounts){
    .n_used = counts.n_used,
    .bytes_used = counts.bytes_used,
  };
  g_mutex_unlock (&lock);
}

void
act_emulated_set_memory (size_t size)
{
  g_mutex_lock (&lock);
  memory_size = size;
  g_mutex_unlock (&lock);
}

void
act_emulated_set_failure (int status)
{
  g_mutex_lock (&lock);
  failure = status;
  g_mutex_unlock (&lock);
}

const char *
act_cudart_status_text (ActCudartStatus status)
{
  switch (status) {
  case 0:
    return "no error";
  case ACT_CUDART_OUT_OF_MEMORY:
    return "out of memory";
  case 100:
    return "no CUDA-capable device is detected";
  case 719:
    return "unspecified launch failure";
  default:
    return "unknown error";
  }
}

ActCudartStatus
act_cudart_device_count (int *n)
{
  const char *text = getenv ("ACT_EMULATED_CUDA_DEVICES");

  *n = text != NULL ? atoi (text) : 1;
  return *n > 0 ? 0 : 100;
}

ActCudartStatus
act_cudart_device_name (int device, char *name, size_t size)
{
  snprintf (name, size, "emulated device %d", device);
  return 0;
}

ActCudartStatus
act_cudart_set_device (int device)
{
  return 0;
}

ActCudartStatus
act_cudart_memory_info (size_t *n_free, size_t *all)
{
  g_mutex_lock (&lock);
  *all = total ();
  *n_free = *all - MIN (*all, counts.bytes_used);
  g_mutex_unlock (&lock);
  return 0;
}

ActCudartStatus
act_cudart_pool_new (int device, void **pool)
{
  *pool = g_new0 (int, 1);
  return 0;
}

void
act_cudart_pool_trim (void *pool)
{
}

void
act_cudart_pool_free (void *pool)
{
  g_free (pool);
}

ActCudartStatus
act_cudart_alloc (void *pool, size_t size, void *stream, void **data)
{
  ActCudartStatus status = 0;

  g_mutex_lock (&lock);
  if (size > total () - MIN (total (), counts.bytes_used)) {
    status = ACT_CUDART_OUT_OF_MEMORY;
  } else {
    if (sizes == NULL)
      sizes = g_hash_table_new (NULL, NULL);
    *data = g_aligned_alloc (size, 1, 256);
    memset (*data, RUBBISH, size);
    g_hash_table_insert (sizes, *data, GSIZE_TO_POINTER (size));
    counts.n_allocated++;
    counts.n_used++;
    counts.bytes_used += size;
  }
  g_mutex_unlock (&lock);
  return status;
}

void
act_cudart_free (void *data, void *stream)
{
  size_t size;

  g_mutex_lock (&lock);
  g_assert (g_hash_table_contains (sizes, data));
  size = GPOINTER_TO_SIZE (g_hash_table_lookup (sizes, data));
  g_hash_table_remove (sizes, data);
  memset (data, RUBBISH, size);
  g_aligned_free (data);
  counts.n_used--;
  counts.bytes_used -= size;
  g_mutex_unlock (&lock);
}

ActCudartStatus
act_cudart_host_alloc (size_t size, void **data)
{
  *data = g_aligned_alloc (size, 1, 4096);
  memset (*data, RUBBISH, size);
  g_mutex_lock (&lock);
  counts.n_pinned++;
  g_mutex_unlock (&lock);
  return 0;
}

void
act_cudart_host_free (void *data)
{
  g_aligned_free (data);
}

ActCudartStatus
act_cudart_stream_new (void **stream)
{
  Stream *made = g_new0 (Stream, 1);

  made->copies = g_array_new (FALSE, FALSE, sizeof (Copy));
  *stream = made;
  return 0;
}

void
act_cudart_stream_free (void *stream)
{
  g_array_unref (((Stream *) stream)->copies);
  g_free (stream);
}

/* with the lock */
static ActCudartStatus
finish (Stream *stream)
{
  for (guint i = 0; i < stream->copies->len; i++) {
    const Copy *copy = &g_array_index (stream->copies, Copy, i);

    if (failure == 0)
      memcpy (copy->to, copy->from, copy->size);
  }
  g_array_set_size (stream->copies, 0);
  return failure;
}

ActCudartStatus
act_cudart_stream_synchronize (void *stream)
{
  ActCudartStatus status;

  g_mutex_lock (&lock);
  status = finish (stream);
  g_mutex_unlock (&lock);
  return status;
}

ActCudartStatus
act_cudart_stream_wait (void *stream, void *event)
{
  return 0;
}

ActCudartStatus
act_cudart_event_new (void **event)
{
  *event = g_new0 (Event, 1);
  return 0;
}

void
act_cudart_event_free (void *event)
{
  g_free (event);
}

ActCudartStatus
act_cudart_event_record (void *event, void *stream)
{
  ((Event *) event)->stream = stream;
  return 0;
}

ActCudartStatus
act_cudart_event_synchronize (void *event)
{
  ActCudartStatus status = failure;

  g_mutex_lock (&lock);
  if (((Event *) event)->stream != NULL)
    status = finish (((Event *) event)->stream);
  g_mutex_unlock (&lock);
  return status;
}

static void
count (size_t *n, size_t *bytes, size_t size)
{
  ++*n;
  *bytes += size;
}

/* To the device at once, since kernels run at once too. */
ActCudartStatus
act_cudart_copy (void *to, const void *from, size_t size,
    ActCudartCopy direction, void *stream)
{
  Copy copy = { to, from, size };

  g_mutex_lock (&lock);
  if (direction == ACT_CUDART_TO_HOST) {
    count (&counts.n_to_host, &counts.bytes_to_host, size);
    g_array_append_val (((Stream *) stream)->copies, copy);
  } else {
    if (direction == ACT_CUDART_TO_DEVICE)
      count (&counts.n_to_device, &counts.bytes_to_device, size);
    else
      counts.n_on_device++;
    memcpy (to, from, size);
  }
  g_mutex_unlock (&lock);
  return 0;
}
