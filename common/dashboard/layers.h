/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/dashboard.h"
#include "dashboard/memberfacts.h"

/* A cluster's activation mass (the sum of its components' absolute
 * activations) by module and by layer. */

typedef struct {
  const char *module; /* or NULL: all of a layer */
  gint64 layer;       /* -1: none */
  guint n_members;
  double mass;
} ActMassPart;

typedef struct {
  double total;
  guint n_modules;
  ActMassPart *modules; /* those that have members, in the model's order */
  guint n_layers;
  ActMassPart *layers; /* ascending; last those without a number */
} ActMasses;

/* facts [n_members]. Masses are added in the order of the members. */
void act_masses_init (ActMasses *masses, const ActDashboardRun *run,
    const ActDashboardCluster *cluster, const ActMemberFact *facts);
void act_masses_clear (ActMasses *masses);

/* The first part between dots that is a number: 0 of "h.0.attn.q_proj"; -1 if
 * there is none. */
gint64 act_module_layer (const char *module);
/* which module a column is of, and which of its components */
guint act_module_of (const ActDashboardRun *run, guint column, guint *index);
