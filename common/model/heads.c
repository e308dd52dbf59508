/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/heads.h"

static const ActHeadKind *const kinds[] = {
  &act_head_shared_mlp,
  &act_head_vector_mlp,
  &act_head_mlp,
};

const ActHeadKind *
act_head_kind_lookup (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i]->name, name))
      return kinds[i];
  return NULL;
}

char *
act_head_kind_names (void)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_string_append_printf (
        names, "%s\"%s\"", i > 0 ? ", " : "", kinds[i]->name);
  return g_string_free (names, FALSE);
}

guint
act_head_widest_hidden (const ActHead *head)
{
  guint widest = 0;

  for (guint i = 0; i + 1 < head->n_layers; i++)
    widest = MAX (widest, head->layers[i].d_out);
  return widest;
}

/* layers are stored as 0, 2, 4, ..: the functions between them count too */
char *
act_head_tensor_name (const ActHead *head, guint layer, const char *which)
{
  g_autofree char *dashed =
      g_strdelimit (g_strdup (head->module->name), ".", '-');

  return g_strdup_printf ("_ci_fns.%s.layers.%u.%s", dashed, 2 * layer, which);
}
