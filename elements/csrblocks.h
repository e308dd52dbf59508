/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "sparse/csrarrays.h"

G_BEGIN_DECLS

/* The blocks of a CSR that is made in one pass, so that its size is known only
 * when it is there. Batches of a run are nearly alike: it is made where it
 * stays, in blocks of the last one's size and some more, and copied only where
 * that was not enough. Zeroed at first. */
typedef struct {
  ActCsrArrays csr; /* of this batch, from lend to end */
  GstMemory *memory[3];
  gsize n_expected;
} GstActCsrBlocks;

/* before csr is filled; n_columns is the largest piece appended at once */
void gst_act_csr_blocks_lend (
    GstActCsrBlocks *blocks, gsize n_rows, gsize n_columns);
/* csr into the buffer; it may be read until end */
gboolean gst_act_csr_blocks_set (GstActCsrBlocks *blocks, GstBuffer *buffer,
    GstActBlock first, GError **error);
void gst_act_csr_blocks_end (GstActCsrBlocks *blocks);
void gst_act_csr_blocks_clear (GstActCsrBlocks *blocks);

G_END_DECLS
