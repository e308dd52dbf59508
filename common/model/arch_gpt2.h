/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* What the training code's two GPT-2 kinds share. */

extern const ActStep act_gpt2_first[];
extern const ActStep act_gpt2_last[];

/* combined_qkv: whether there is one matrix for queries, keys and values */
gboolean act_gpt2_read_config (ActModelConfig *config, JsonObject *object,
    gboolean combined_qkv, GError **error);
