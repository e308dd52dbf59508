/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "sparse/cluster.h"
#include "store/drain.h"

/* Between buffers and the store's core. */

/* Whether the buffer's cluster activations are those that this reduction
 * makes of its components; FALSE with an error if it cannot be read. */
gboolean gst_act_records_are_derived (GstBuffer *buffer, const GstActInfo *info,
    ActClusterReduction reduction, const gint32 *cluster_of, GError **error);

/* where the store has cluster activations from */
typedef enum {
  GST_ACT_RECORDS_GIVEN,     /* as they come: it cannot make them */
  GST_ACT_RECORDS_DERIVABLE, /* as they come, or made when it drains */
  GST_ACT_RECORDS_DERIVED,   /* made */
} GstActRecordsClusters;

/* Keeps the memories of a batch buffer in the store; of a dense one those that
 * are needed. Does not take the caller's reference. */
gboolean gst_act_records_add (ActStore *store, GstBuffer *buffer,
    const GstActInfo *info, GstActRecordsClusters clusters, GError **error);

/* The members of all clusters, for ActDrainSettings. */
typedef struct {
  guint *n_members;
  guint *members;
} GstActRecordsMembers;

/* How many of the components are in a cluster. */
guint64 gst_act_records_count_members (
    const GstActAssignment *assignment, guint n_components);
/* Whether component records can be made: every two members of a cluster are
 * counted. */
gboolean gst_act_records_check_members (
    const GstActAssignment *assignment, GError **error);
gboolean gst_act_records_get_members (GstActRecordsMembers *members,
    const GstActAssignment *assignment, const GstActInfo *info, GError **error);
void gst_act_records_clear_members (GstActRecordsMembers *members);

/* The record buffer of the run that act_drain_next () gave. */
GstBuffer *gst_act_records_buffer_new (
    ActDrain *drain, const ActRun *run, const GstActInfo *info, GError **error);
