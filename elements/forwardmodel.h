/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "model/model.h"

/* What the forward passes for the CPU and for CUDA share: a model's folder, the
 * modules that are computed, and what caps say of both. All zero at first. */
typedef struct {
  ActModel *model;
  gchar *fingerprint;
  guint8 *selected; /* a byte a module */
  GBytes *alive;    /* a byte a column, 0 where left out; NULL: none is */
} ActForwardModel;

/* folder NULL or "": an error that says what is expected. modules: patterns, or
 * NULL or "" for all. */
gboolean act_forward_model_load (ActForwardModel *self, const gchar *folder,
    const gchar *modules, GError **error);
void act_forward_model_clear (ActForwardModel *self);

/* (transfer full): caps of components for those of tokens, both layouts; what
 * the model says only once there is one */
GstCaps *act_forward_model_components_caps (
    const ActForwardModel *self, const GstCaps *tokens);

/* whether the model takes such tokens */
gboolean act_forward_model_check_tokens (
    const ActForwardModel *self, const GstActInfo *info, GError **error);
