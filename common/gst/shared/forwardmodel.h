/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "model/model.h"

/* What the forward passes for the CPU and for CUDA share: properties that say
 * which model and which of its modules, the model, and what caps say of it. */

/* the properties; an element's own come behind them */
enum {
  ACT_FORWARD_PROP_MODEL = 1,
  ACT_FORWARD_PROP_MODULES,
  ACT_FORWARD_N_PROPS
};

/* their values; all zero at first */
typedef struct {
  gchar *folder;
  gchar *modules; /* patterns; NULL or "": all */
} ActForwardSettings;

void act_forward_install_properties (GObjectClass *klass);
/* FALSE: it is a property of the element's own */
gboolean act_forward_settings_set (
    ActForwardSettings *settings, guint id, const GValue *value);
gboolean act_forward_settings_get (
    const ActForwardSettings *settings, guint id, GValue *value);
void act_forward_settings_copy (
    ActForwardSettings *to, const ActForwardSettings *from);
void act_forward_settings_clear (ActForwardSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    ActForwardSettings, act_forward_settings_clear)

/* The model and the modules that are computed. All zero at first. */
typedef struct {
  ActModel *model;
  gchar *fingerprint;
  guint8 *selected; /* a byte a module */
  GBytes *alive;    /* a byte a column, 0 where left out; NULL: none is */
} ActForwardModel;

/* without a folder: an error that says what is expected */
gboolean act_forward_model_load (
    ActForwardModel *self, const ActForwardSettings *settings, GError **error);
void act_forward_model_clear (ActForwardModel *self);

/* (transfer full): what caps become, seen from the pad on side direction; those
 * of components have both layouts, and what the model says only once there is
 * one */
GstCaps *act_forward_model_transform_caps (const ActForwardModel *self,
    const GstCaps *caps, GstPadDirection direction);
/* CSR comes first whatever order downstream lists layouts in; takes caps */
GstCaps *act_forward_fixate_caps (GstCaps *caps, GstPadDirection direction);

/* whether the query is for the model, and it is there: answered then */
gboolean act_forward_model_answer (
    const ActForwardModel *self, GstQuery *query);

/* whether the model takes such tokens */
gboolean act_forward_model_check_tokens (
    const ActForwardModel *self, const GstActInfo *info, GError **error);
