/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "model/statenames.h"

#include <string.h>

#define COMPONENTS "_components."
#define TARGET "target_model."

static const struct {
  const char *old, *now;
} prefixes[] = {
  { "patched_model.", TARGET },
  { "_gates.", "_ci_fns." },
  { "ci_fn._ci_fns.", "_ci_fns." },
  { "ci_fn._gates.", "_ci_fns." },
};

static const char *const known_prefixes[] = { TARGET, COMPONENTS, "_ci_fns." };

static gboolean
skip_wrapper (const char **name)
{
  /* DistributedDataParallel, torch.compile */
  static const char *const wrappers[] = { "module.", "_orig_mod." };

  for (guint i = 0; i < G_N_ELEMENTS (wrappers); i++)
    if (g_str_has_prefix (*name, wrappers[i])) {
      *name += strlen (wrappers[i]);
      return TRUE;
    }
  return FALSE;
}

char *
act_state_name_unwrap (const char *name)
{
  GString *plain;

  while (skip_wrapper (&name))
    ;
  plain = g_string_new (name);
  g_string_replace (plain, "._orig_mod.", ".", 0);
  return g_string_free (plain, FALSE);
}

static char *
replace_prefix (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i].old))
      return g_strconcat (
          prefixes[i].now, name + strlen (prefixes[i].old), NULL);
  return g_strdup (name);
}

/* "target_model.h.0.mlp.c_fc.components.V", its components once lay there */
static char *
move_components (const char *name)
{
  const char *at = strstr (name, ".components.");
  g_autofree char *module = NULL;

  if (at == NULL || !g_str_has_prefix (name, TARGET))
    return NULL;
  module =
      g_strndup (name + strlen (TARGET), (gsize) (at - name) - strlen (TARGET));
  return g_strconcat (COMPONENTS, g_strdelimit (module, ".", '-'),
      at + strlen (".components"), NULL);
}

/* "target_model.h.0.mlp.c_fc.original.weight" */
static char *
remove_original (const char *name)
{
  const char *at = strstr (name, ".original.");
  g_autofree char *front = NULL;

  if (at == NULL || !g_str_has_prefix (name, TARGET))
    return NULL;
  front = g_strndup (name, (gsize) (at - name));
  return g_strconcat (front, at + strlen (".original"), NULL);
}

char *
act_state_name_new (const char *name)
{
  g_autofree char *plain = act_state_name_unwrap (name);
  g_autofree char *now = replace_prefix (plain);
  char *moved = move_components (now);

  if (moved == NULL)
    moved = remove_original (now);
  if (moved != NULL)
    return moved;
  for (guint i = 0; i < G_N_ELEMENTS (known_prefixes); i++)
    if (g_str_has_prefix (now, known_prefixes[i]))
      return g_steal_pointer (&now);
  return NULL;
}

char *
act_state_name_dup_module (const char *name)
{
  char *module;

  if (!g_str_has_prefix (name, COMPONENTS) || !g_str_has_suffix (name, ".V"))
    return NULL;
  module = g_strndup (name + strlen (COMPONENTS),
      strlen (name) - strlen (COMPONENTS) - strlen (".V"));
  return g_strdelimit (module, "-", '.');
}

/* names that mean a place; what is not here comes between wte and lm_head */
static guint
rank (const char *part)
{
  static const char *const order[] = { "wte", "wpe", "attn", "mlp", "q_proj",
    "k_proj", "v_proj", "c_attn", "o_proj", "gate_proj", "up_proj", "c_fc",
    "down_proj", "c_proj" };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if (strcmp (part, order[i]) == 0)
      return i;
  return strcmp (part, "lm_head") == 0 ? G_MAXUINT : G_N_ELEMENTS (order);
}

static gint
compare_parts (const char *a, const char *b)
{
  guint64 x, y;

  if (g_ascii_string_to_unsigned (a, 10, 0, G_MAXUINT32, &x, NULL)
      && g_ascii_string_to_unsigned (b, 10, 0, G_MAXUINT32, &y, NULL))
    return x < y ? -1 : x > y;
  if (rank (a) != rank (b))
    return rank (a) < rank (b) ? -1 : 1;
  return strcmp (a, b);
}

gint
act_state_module_compare (const char *a, const char *b)
{
  g_auto (GStrv) left = g_strsplit (a, ".", -1);
  g_auto (GStrv) right = g_strsplit (b, ".", -1);

  for (guint i = 0;; i++) {
    gint order;

    if (left[i] == NULL || right[i] == NULL)
      return left[i] != NULL ? 1 : right[i] != NULL ? -1 : 0;
    order = compare_parts (left[i], right[i]);
    if (order != 0)
      return order;
  }
}
