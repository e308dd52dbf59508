/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

G_BEGIN_DECLS

/* What the clustering elements whose clusters share no component ask of their
 * settings, on the CPU and on a CUDA device. */

/* In start, before the first batch is made: whether property 'clusters' is set.
 * Posts an error if it is not. */
gboolean act_partition_check_settings (GstActClusterBase *base);

/* (transfer full): the cluster of each of n_components columns, -1: none. NULL:
 * a component is in two; the error names the file. */
gint32 *act_partition_get (GstActClusterBase *base,
    const GstActAssignment *assignment, gsize n_components, GError **error);

G_END_DECLS
