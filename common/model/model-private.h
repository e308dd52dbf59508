/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/model.h"
#include "model/plan.h"

struct _ActModel {
  gint ref_count;
  ActModelConfig *config;
  ActSafetensors *weights;
  ActSafetensors *target; /* NULL: in weights too */
  char *target_prefix;
};

/* file and target; load stays as it is */
void act_model_init_weights (const ActModel *model, ActWeights *weights);
