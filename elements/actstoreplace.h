/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "actstoredrain.h"

/* Where the batches of an actstore's run are kept. */

/* At the start of a run: what the folder is, if there is one, and not yet what
 * is in it. */
gboolean gst_act_store_open_folder (GstActStore *self, GError **error);
void gst_act_store_close_folder (GstActStore *self);

/* Answers act-stored, which may take as long as reading all that is stored;
 * FALSE where nothing stays, and when a flush or a change to READY ends it. */
gboolean gst_act_store_answer_stored (GstActStore *self, GstQuery *query);

/* The run begins: makes self->store. first: its first batch, or NULL where
 * there is none. */
gboolean gst_act_store_begin (
    GstActStore *self, GstBuffer *first, GError **error);

/* All came: the manifest says so. */
gboolean gst_act_store_write_complete (GstActStore *self, GError **error);
