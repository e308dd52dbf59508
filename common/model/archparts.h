/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/plan.h"

/* What several architectures share: conditions of steps, fields of
 * config.json, the usual slots. */

gboolean act_when_always (const ActModelConfig *config);
gboolean act_when_separate_qkv (const ActModelConfig *config);
gboolean act_when_combined_qkv (const ActModelConfig *config);
gboolean act_when_attn_bias (const ActModelConfig *config);
gboolean act_when_mlp_bias (const ActModelConfig *config);

/* a size of at most largest, from the field of that name; value is where in
 * the config */
typedef struct {
  const char *field;
  guint largest;
  gsize offset;
} ActSizeField;

gboolean act_arch_read_sizes (ActModelConfig *config, JsonObject *object,
    const ActSizeField *fields, guint n_fields, GError **error);
/* heads of equal size; key/value heads shared evenly */
gboolean act_arch_check_heads (const ActModelConfig *config, GError **error);
gboolean act_arch_check_eps (
    const ActModelConfig *config, const char *field, GError **error);

void act_arch_slots (
    const ActModelConfig *config, ActSlotShape slots[ACT_N_SLOTS]);
