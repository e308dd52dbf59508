/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/gst/gstactcudaallocator.h"

G_BEGIN_DECLS

/* of a CSR that was found right: gstactcudachecked.h */
typedef struct {
  gsize versions[3]; /* of what its memories held */
  gsize n_rows, n_columns, n_values;
} GstActCudaChecked;

/* A part of a memory (its parent is not NULL) has where it lies, and the rest
 * is its parent's. */
typedef struct {
  GstMemory parent;

  gpointer data; /* on the device */
  GstActCudaStream stream;
  gboolean counted;          /* as a batch's */
  gpointer ready;            /* event behind what filled it last */
  GMutex lock;               /* of what follows */
  gsize version;             /* of what it holds: no other has the same */
  GstActCudaChecked checked; /* of the CSR of which it is indptr */
  guint n_readers[GST_ACT_CUDA_N_STREAMS]; /* that may not be done yet */
  gboolean filled;
  GstActCudaHost *host; /* a copy, NULL: none yet */
  gsize host_size;      /* bytes of it that are like the device's */
  gint n_maps;          /* that refer to host now */
} GstActCudaMemory;

/* takes data and the event */
GstMemory *gst_act_cuda_memory_wrap (GstActCudaAllocator *allocator,
    gpointer data, gsize size, gsize maxsize, gpointer ready);
/* how its memory is mapped, copied and shared */
void gst_act_cuda_memory_init_allocator (GstAllocator *allocator);

G_END_DECLS
