/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "model/model.h"
#include "model/plan.h"

struct _ActModel {
  gint ref_count;
  ActModelConfig *config;
  ActSafetensors *weights;
};
