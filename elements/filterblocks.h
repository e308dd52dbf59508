/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

G_BEGIN_DECLS

/* The component blocks that a dead-component filter hands on: made anew, the
 * same again, or changed where they are. alive NULL: nothing is dead. */

/* n_values: at least as many as are left of a dense batch */
gboolean act_filter_add_csr (const GstActBatch *batch, GstBuffer *out,
    const guint8 *alive, gsize n_values, GError **error);
gboolean act_filter_add_dense (const GstActBatch *batch, GstBuffer *out,
    const guint8 *alive, GError **error);

/* Whether the component blocks may be written to: nobody else has them. Asked
 * before they are mapped, which takes references. */
gboolean act_filter_owns (GstBuffer *buffer, GstActLayout layout);
/* Takes what is dead by the buffer's meta, and -0.0, out of blocks that may be
 * written to and were checked when they were mapped for reading. */
gboolean act_filter_leave_out (
    GstBuffer *buffer, GstActLayout layout, guint n_components, GError **error);

G_END_DECLS
