/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/layers.h"

#include <stdlib.h>
#include <string.h>

gint64
act_module_layer (const char *module)
{
  g_auto (GStrv) parts = g_strsplit (module, ".", -1);

  for (guint i = 0; parts[i] != NULL; i++) {
    guint64 layer;

    if (parts[i][strspn (parts[i], "0123456789")] == '\0'
        && g_ascii_string_to_unsigned (
            parts[i], 10, 0, G_MAXINT32, &layer, NULL))
      return layer;
  }
  return -1;
}

guint
act_module_of (const ActDashboardRun *run, guint column, guint *index)
{
  guint module = 0;

  for (*index = column; *index >= run->components[module]; module++)
    *index -= run->components[module];
  return module;
}

/* those without a number last */
static int
compare_layers (const void *a, const void *b)
{
  guint64 x = ((const ActMassPart *) a)->layer;
  guint64 y = ((const ActMassPart *) b)->layer;

  return x < y ? -1 : x > y;
}

static void
add_to_layer (ActMasses *masses, gint64 layer, double mass)
{
  guint i = 0;

  while (i < masses->n_layers && masses->layers[i].layer != layer)
    i++;
  if (i == masses->n_layers)
    masses->layers[masses->n_layers++] = (ActMassPart){ NULL, layer, 0, 0.0 };
  masses->layers[i].n_members++;
  masses->layers[i].mass += mass;
}

/* only modules with members are kept */
static void
compact (ActMasses *masses, guint n)
{
  for (guint i = 0; i < n; i++)
    if (masses->modules[i].n_members > 0)
      masses->modules[masses->n_modules++] = masses->modules[i];
}

void
act_masses_init (ActMasses *masses, const ActDashboardRun *run,
    const ActDashboardCluster *cluster, const ActMemberFact *facts)
{
  *masses = (ActMasses){ 0 };
  masses->modules = g_new0 (ActMassPart, MAX (run->n_modules, 1));
  masses->layers = g_new0 (ActMassPart, MAX (run->n_modules, 1));
  for (guint i = 0; i < run->n_modules; i++)
    masses->modules[i].module = run->modules[i];
  for (guint i = 0; i < cluster->n_members; i++) {
    guint index;
    ActMassPart *part =
        &masses->modules[act_module_of (run, cluster->members[i], &index)];

    if (part->n_members++ == 0)
      part->layer = act_module_layer (part->module);
    part->mass += facts[i].mass;
    add_to_layer (masses, part->layer, facts[i].mass);
    masses->total += facts[i].mass;
  }
  compact (masses, run->n_modules);
  qsort (
      masses->layers, masses->n_layers, sizeof *masses->layers, compare_layers);
}

void
act_masses_clear (ActMasses *masses)
{
  g_clear_pointer (&masses->modules, g_free);
  g_clear_pointer (&masses->layers, g_free);
}
