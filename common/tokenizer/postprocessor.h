/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "tokenizer/stage.h"

/* The tokens that a tokenizer.json puts before and after a text, like BERT's
 * [CLS] and [SEP]: its "post_processor". */

typedef struct {
  GArray *before, *after; /* gint32 */
} ActPostProcessor;

/* node may be NULL or null: no tokens */
ActPostProcessor *act_post_processor_new (
    JsonNode *node, const ActStageContext *context, GError **error);
void act_post_processor_free (ActPostProcessor *post);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActPostProcessor, act_post_processor_free)
