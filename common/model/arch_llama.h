/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* What the Llama kinds share: RMS norms, rotary positions, grouped-query
 * attention or one matrix for queries, keys and values, biases or none. */

extern const ActStep act_llama_first[];
extern const ActStep act_llama_attention[];
extern const ActStep act_llama_last[];

gboolean act_llama_read_config (
    ActModelConfig *config, JsonObject *object, GError **error);
