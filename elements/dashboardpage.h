/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Writes the dashboard's page (viewer/ of the sources, which is built in) into
 * a dashboard's folder: index.html, and page/ with all else. */
gboolean dashboard_page_write (const gchar *folder, GError **error);

G_END_DECLS
