/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "gpu/gst/gstactcudauser.h"

G_BEGIN_DECLS

/* The blocks of a batch where kernels find them. Sizes are checked, and what
 * the indices say, if nobody did that yet. The buffer must outlive it. */
typedef struct {
  guint64 batch_index;
  gsize n_positions;
  guint n_samples, sequence_length;
  const gint32 *tokens; /* NULL: there are none */
  GstActLayout layout;
  guint n_components;
  const gint64 *indptr;
  const gint32 *indices;
  const gfloat *values; /* NULL: tokens only */
  gsize n_values;       /* of the CSR, or of the dense matrix */
  GBytes *alive;        /* in the computer's memory, NULL: all */

  GstActCudaStream stream; /* of the kernels that read it */
  GstMemory *memories[4];
  guint n_memories;
} GstActCudaBatch;

gboolean gst_act_cuda_batch_get (GstActCudaBatch *batch, GstBuffer *buffer,
    const GstActInfo *info, GstActMapFlags parts, GstActCudaUser *user,
    GError **error);

/* Those kernels are done: the host waited for something behind them. */
void gst_act_cuda_batch_done (GstActCudaBatch *batch);

/* Memory for the three blocks of a CSR. */
typedef struct {
  GstMemory *memory[3];
  gint64 *indptr;
  gint32 *indices;
  gfloat *values;
  gsize capacity;
} GstActCudaCsr;

gboolean gst_act_cuda_csr_new (GstActCudaCsr *csr, GstActCudaUser *user,
    gsize n_positions, gsize capacity, GError **error);
void gst_act_cuda_csr_clear (GstActCudaCsr *csr);
/* Behind the kernels that filled it, and found indices below n_columns: adds it
 * to the buffer. */
gboolean gst_act_cuda_csr_store (GstActCudaCsr *csr, GstBuffer *buffer,
    GstActBlock first, gsize n_positions, gsize n_columns, gsize n_values,
    GError **error);

/* a few bytes to the device and back, in the stream; the second waits */
gboolean gst_act_cuda_write (GstActCudaUser *user, gpointer to,
    gconstpointer from, gsize size, GError **error);
gboolean gst_act_cuda_read (GstActCudaUser *user, gpointer to,
    gconstpointer from, gsize size, GError **error);

/* memory of a run that is used again each batch, made larger where it must */
gboolean gst_act_cuda_scratch (GstActCudaUser *user, GstMemory **scratch,
    gsize size, gpointer *data, GError **error);

G_END_DECLS
