/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "actstoredrain.h"

/* What a reader of the store's folder needs beside the segments: clusters.json
 * and vocabulary.json. In a store that is not new they are there, unless the
 * run that began it ended right then. */
gboolean gst_act_store_write_context (
    const GstActStore *self, gboolean is_new, GError **error);
