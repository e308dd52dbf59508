/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "store/drain.h"

/* Between buffers and the store's core. */

/* A store of the shape that caps say, in memory. */
ActStore *gst_act_records_store_new (const GstActInfo *info);

/* Keeps the memories of a batch buffer in the store; of a dense one those that
 * are needed. Does not take the caller's reference. */
gboolean gst_act_records_add (
    ActStore *store, GstBuffer *buffer, const GstActInfo *info, GError **error);

/* The members of all clusters, for ActDrainSettings. */
typedef struct {
  guint *n_members;
  guint *members;
} GstActRecordsMembers;

gboolean gst_act_records_get_members (GstActRecordsMembers *members,
    const GstActAssignment *assignment, const GstActInfo *info, GError **error);
void gst_act_records_clear_members (GstActRecordsMembers *members);

/* The record buffer of the run that act_drain_next () gave. */
GstBuffer *gst_act_records_buffer_new (
    ActDrain *drain, const ActRun *run, const GstActInfo *info, GError **error);
