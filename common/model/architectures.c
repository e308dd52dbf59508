/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/architectures.h"

static const ActArchitecture *const architectures[] = {
  &act_architecture_llama_simple_mlp,
  &act_architecture_llama_simple,
  &act_architecture_gpt2_simple,
  &act_architecture_gpt2,
  &act_architecture_gpt2_hf,
};

const ActArchitecture *
act_architecture_lookup (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (architectures); i++)
    if (g_str_equal (architectures[i]->name, name))
      return architectures[i];
  return NULL;
}

char *
act_architecture_names (void)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (architectures); i++)
    g_string_append_printf (
        names, "%s\"%s\"", i > 0 ? ", " : "", architectures[i]->name);
  return g_string_free (names, FALSE);
}
