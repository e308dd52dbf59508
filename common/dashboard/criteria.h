/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What samples are ranked by. */

typedef enum {
  ACT_PROPERTY_MAX_ACTIVATION,
  ACT_PROPERTY_MEAN_ACTIVATION,
  ACT_PROPERTY_MIN_ACTIVATION,
  ACT_PROPERTY_MEDIAN_ACTIVATION,
  ACT_PROPERTY_MAX_POSITION,
  ACT_N_PROPERTIES
} ActProperty;

typedef struct {
  ActProperty property;
  gboolean descending; /* direction "max"; else "min" */
  char *key;           /* "max_activation-max-16" */
} ActCriterion;

typedef struct {
  guint n;
  ActCriterion *items;
} ActCriteria;

/* text: "max_activation-max,mean_activation-min"; n_samples goes into the
 * keys. */
ActCriteria *act_criteria_parse (
    const char *text, guint n_samples, GError **error);
void act_criteria_free (ActCriteria *criteria);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActCriteria, act_criteria_free)
