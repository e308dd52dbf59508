/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboardpage.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "formats/output.h"
#include "page-resource.h"

#define ROOT "/gst-activations/page/"
#define INDEX "index.html"

/* GLib opens a static resource when it is first asked for, and does not expect
 * two threads to ask at once, as two sinks of a pipeline do. */
static GResource *
get_page (void)
{
  static gsize page = 0;

  if (g_once_init_enter (&page))
    g_once_init_leave (&page, (gsize) dashboard_page_get_resource ());
  return (GResource *) page;
}

static gboolean
write_file (const gchar *path, GBytes *bytes, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (path, error);

  return file != NULL
      && act_output_file_write (
          file, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error)
      && act_output_file_close (g_steal_pointer (&file), error);
}

static gboolean
write_resource (const gchar *folder, const gchar *name, GError **error)
{
  gboolean is_index = g_str_equal (name, INDEX);
  g_autofree gchar *resource = g_strconcat (ROOT, name, NULL);
  g_autofree gchar *path =
      g_build_filename (folder, is_index ? "." : "page", name, NULL);
  g_autoptr (GBytes) bytes =
      g_resource_lookup_data (get_page (), resource, 0, error);

  return bytes != NULL && write_file (path, bytes, error);
}

gboolean
dashboard_page_write (const gchar *folder, GError **error)
{
  g_autofree gchar *page = g_build_filename (folder, "page", NULL);
  g_auto (GStrv) names =
      g_resource_enumerate_children (get_page (), ROOT, 0, error);

  if (names == NULL)
    return FALSE;
  if (g_mkdir (page, 0777) != 0) {
    act_set_errno_error (
        error, errno, TRUE, "cannot create the folder '%s'", page);
    return FALSE;
  }
  for (guint i = 0; names[i] != NULL; i++)
    if (!write_resource (folder, names[i], error))
      return FALSE;
  return TRUE;
}
