/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reductions.h"

#include <string.h>

#include <gst/activations/activations.h>

#include "toolerror.h"

#define PREFIX "actcluster"

static gboolean
is_reduction (GstPluginFeature *feature, gpointer data)
{
  g_autoptr (GstPluginFeature) loaded = NULL;

  if (!GST_IS_ELEMENT_FACTORY (feature)
      || !g_str_has_prefix (GST_OBJECT_NAME (feature), PREFIX))
    return FALSE;
  loaded = gst_plugin_feature_load (feature);
  return loaded != NULL
      && g_type_is_a (
          gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (loaded)),
          GST_TYPE_ACT_CLUSTER_BASE);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (GST_OBJECT_NAME (a), GST_OBJECT_NAME (b));
}

/* "max, mean, sum" */
static char *
list_reductions (void)
{
  GList *features = gst_registry_feature_filter (
      gst_registry_get (), is_reduction, FALSE, NULL);
  GString *out = g_string_new (NULL);

  features = g_list_sort (features, compare_names);
  for (GList *l = features; l != NULL; l = l->next)
    g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "",
        GST_OBJECT_NAME (l->data) + strlen (PREFIX));
  gst_plugin_feature_list_free (features);
  return g_string_free (out, FALSE);
}

static gboolean
is_element_name (const char *word)
{
  return g_str_has_prefix (word, PREFIX)
      && strspn (word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-")
      == strlen (word);
}

gboolean
act_reductions_check (const char *const *words, GError **error)
{
  for (guint i = 0; words[i] != NULL; i++) {
    g_autoptr (GstElementFactory) factory = NULL;
    g_autofree char *all = NULL;

    /* behind what no value can be */
    if (!is_element_name (words[i])
        || (i > 0 && !g_str_equal (words[i - 1], "!")))
      continue;
    factory = gst_element_factory_find (words[i]);
    if (factory != NULL)
      continue;
    all = list_reductions ();
    g_set_error (error, ACT_TOOL_ERROR, ACT_TOOL_ERROR_USAGE,
        "no reduction '%s' (no element %s), expected one of %s",
        words[i] + strlen (PREFIX), words[i],
        *all != '\0' ? all : "none: no plugin has one");
    return FALSE;
  }
  return TRUE;
}
