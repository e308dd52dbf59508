/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "elements/csrblocks.h"

#include "sparse/csr.h"

void
gst_act_csr_blocks_lend (GstActCsrBlocks *blocks, gsize n_rows, gsize n_columns)
{
  gsize n = blocks->n_expected;
  gpointer indptr, indices, values;

  if (n == 0) /* the first */
    return;
  n += n / 16 + n_columns + ACT_CSR_SLACK;
  blocks->memory[0] =
      gst_act_memory_new ((n_rows + 1) * sizeof (gint64), &indptr);
  blocks->memory[1] = gst_act_memory_new (n * sizeof (gint32), &indices);
  blocks->memory[2] = gst_act_memory_new (n * sizeof (gfloat), &values);
  act_csr_arrays_lend (&blocks->csr, n_rows, indptr, n, indices, values);
}

gboolean
gst_act_csr_blocks_set (GstActCsrBlocks *blocks, GstBuffer *buffer,
    GstActBlock first, GError **error)
{
  const ActCsrArrays *csr = &blocks->csr;

  if (!csr->lent)
    return gst_act_buffer_copy_csr (buffer, first, csr->n_rows, csr->n_values,
        csr->indptr, csr->indices, csr->values, error);
  return gst_act_buffer_set_csr (buffer, first,
      gst_memory_ref (blocks->memory[0]), gst_memory_ref (blocks->memory[1]),
      gst_memory_ref (blocks->memory[2]), csr->n_values, error);
}

void
gst_act_csr_blocks_end (GstActCsrBlocks *blocks)
{
  blocks->n_expected = blocks->csr.n_values;
  act_csr_arrays_give_back (&blocks->csr);
  for (guint i = 0; i < 3; i++)
    g_clear_pointer (&blocks->memory[i], gst_memory_unref);
}

void
gst_act_csr_blocks_clear (GstActCsrBlocks *blocks)
{
  gst_act_csr_blocks_end (blocks);
  act_csr_arrays_clear (&blocks->csr);
  blocks->n_expected = 0;
}
