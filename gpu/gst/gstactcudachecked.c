/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudachecked.h"

#include <string.h>

#include "gpu/gst/gstactcudamemory-private.h"

static GstMemory *
get_memory (GstBuffer *buffer, guint block)
{
  gint index = gst_act_batch_meta_get (buffer)->block[block];

  if (index < 0 || (guint) index >= gst_buffer_n_memory (buffer))
    return NULL;
  return gst_buffer_peek_memory (buffer, (guint) index);
}

static GstActCudaMemory *
lock_root (GstMemory *memory)
{
  GstActCudaMemory *root =
      (GstActCudaMemory *) (memory->parent ? memory->parent : memory);

  g_mutex_lock (&root->lock);
  return root;
}

/* FALSE: there is nothing to say of blocks like these */
static gboolean
describe (GstBuffer *buffer, GstActBlock first, gsize n_rows, gsize n_columns,
    GstActCudaChecked *checked)
{
  const GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);

  checked->n_rows = n_rows;
  checked->n_columns = n_columns;
  checked->n_values = first == GST_ACT_BLOCK_CLUSTER_INDPTR
      ? meta->n_cluster_values
      : meta->n_component_values;
  for (guint i = 0; i < 3; i++) {
    GstMemory *memory = get_memory (buffer, first + i);
    GstActCudaMemory *root;

    if (memory == NULL || !gst_is_act_cuda_memory (memory)
        || memory->offset != 0)
      return FALSE;
    root = lock_root (memory);
    checked->versions[i] = root->version;
    g_mutex_unlock (&root->lock);
  }
  return TRUE;
}

void
gst_act_cuda_csr_set_checked (
    GstBuffer *buffer, GstActBlock first, gsize n_rows, gsize n_columns)
{
  GstActCudaChecked checked;
  GstActCudaMemory *indptr;

  if (!describe (buffer, first, n_rows, n_columns, &checked))
    return;
  indptr = lock_root (get_memory (buffer, first));
  indptr->checked = checked;
  g_mutex_unlock (&indptr->lock);
}

gboolean
gst_act_cuda_csr_is_checked (
    GstBuffer *buffer, GstActBlock first, gsize n_rows, gsize n_columns)
{
  GstActCudaChecked checked;
  GstActCudaMemory *indptr;
  gboolean same;

  if (!describe (buffer, first, n_rows, n_columns, &checked))
    return FALSE;
  indptr = lock_root (get_memory (buffer, first));
  same = memcmp (&indptr->checked, &checked, sizeof checked) == 0;
  g_mutex_unlock (&indptr->lock);
  return same;
}
