/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/shared/partition.h"

static gchar *
dup_filename (GstActClusterBase *base)
{
  gchar *filename;

  g_object_get (base, "clusters", &filename, NULL);
  return filename;
}

gboolean
act_partition_check_settings (GstActClusterBase *base)
{
  g_autofree gchar *filename = dup_filename (base);
  g_autoptr (GError) error = NULL;

  if (filename != NULL)
    return TRUE;
  g_set_error (&error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
      "property 'clusters' is not set, expected a clusters.json or the zip of "
      "a merge history");
  gst_act_element_post_error (GST_ELEMENT (base), error);
  return FALSE;
}

gint32 *
act_partition_get (GstActClusterBase *base, const GstActAssignment *assignment,
    gsize n_components, GError **error)
{
  g_autofree gint32 *cluster_of = g_new (gint32, n_components);
  g_autofree gchar *filename = NULL;

  if (gst_act_assignment_get_partition (assignment, cluster_of, error))
    return g_steal_pointer (&cluster_of);
  filename = dup_filename (base);
  g_prefix_error (error, "'%s': ", filename);
  return NULL;
}
