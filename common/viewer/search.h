/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/tokenfacts.h"
#include "dashboard/texts.h"

/* search-NNN.js: by token string, the lines that list it among their tokens,
 * and texts that hold it. What lines list waits in a file; in memory are some
 * bytes a string of the vocabulary, and at the end what of the lists fits into
 * some megabytes. */
typedef struct _ActViewerSearch ActViewerSearch;

ActViewerSearch *act_viewer_search_new (
    const char *folder, guint n_strings, GError **error);
void act_viewer_search_free (ActViewerSearch *search);

gboolean act_viewer_search_add (ActViewerSearch *search, guint line,
    const ActTokenTable *tokens, GError **error);
/* shown [n]: the page's texts, by number */
gboolean act_viewer_search_write (ActViewerSearch *search, const char *folder,
    const ActTexts *texts, const guint32 *shown, gsize n, const gint *cancelled,
    GError **error);
/* of each file the string that it begins with: [n_files] */
const guint32 *act_viewer_search_get_files (
    const ActViewerSearch *search, guint *n_files);
