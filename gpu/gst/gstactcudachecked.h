/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

G_BEGIN_DECLS

/* Kernels take the indices of a CSR at their word. Those that an element of
 * ours made are right, and those that it uploaded were looked at; but whoever
 * has the allocator can put anything there. So the memories note for which
 * shape they were found right, until one of them is written to again. first is
 * the block of indptr, the next two are indices and values. */

void gst_act_cuda_csr_set_checked (
    GstBuffer *buffer, GstActBlock first, gsize n_rows, gsize n_columns);
gboolean gst_act_cuda_csr_is_checked (
    GstBuffer *buffer, GstActBlock first, gsize n_rows, gsize n_columns);

G_END_DECLS
