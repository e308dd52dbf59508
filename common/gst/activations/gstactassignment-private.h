/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactassignment.h>

#include "clusters/clusterfile.h"

/* gst_act_assignment_new_from_file() in two steps: an element reads the file
 * before it knows the labels */
GstActAssignment *gst_act_assignment_new_from_cluster_file (
    const GstActInfo *info, const gchar *run, const ActClusterFile *file,
    const gchar *filename, GError **error);
