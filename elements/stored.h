/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "shard.h"

/* What a store downstream of a source holds already, and whether it is of the
 * same input. */
typedef struct {
  GArray *ranges;  /* GstActBatchRange, or NULL: nobody said */
  GArray *digests; /* guint64: of each batch's tokens, or NULL */
  char *store;     /* its name, or NULL */
} GstActStored;

/* Asks behind the source's pad, whose caps must be out; FALSE if the stream may
 * not go on there. */
gboolean gst_act_stored_ask (GstActStored *stored, const GstActShard *shard,
    GstPad *pad, GError **error);
void gst_act_stored_clear (GstActStored *stored);

gboolean gst_act_stored_has (const GstActStored *stored, guint64 batch);

/* Whether these are the tokens of a batch that is stored. */
gboolean gst_act_stored_check_tokens (const GstActStored *stored, guint64 batch,
    const gint32 *tokens, gsize n_tokens, GError **error);

/* Another input: what shows it goes before what can be done. */
void gst_act_stored_set_error (const GstActStored *stored, GError **error,
    const char *format, ...) G_GNUC_PRINTF (3, 4);
