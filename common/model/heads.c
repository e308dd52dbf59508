/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/heads.h"

static const ActHeadKind *const kinds[] = {
  &act_head_shared_mlp,
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
