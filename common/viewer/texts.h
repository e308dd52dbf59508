/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

/* texts-NNN.js: the texts that are shown, as token numbers, and the strings of
 * these. Of texts of very many tokens the page has the first
 * ACT_PAGE_TEXT_TOKENS. */
#define ACT_PAGE_TEXT_TOKENS 131072u

/* shown [n]: ascending; files (guint32): the number of the text that each file
 * begins with */
gboolean act_viewer_texts_write (const char *folder, const ActTexts *texts,
    const guint32 *shown, gsize n, const gint *cancelled, GArray *files,
    GError **error);

/* FALSE with G_IO_ERROR_CANCELLED once *cancelled is set */
gboolean act_viewer_go_on (const gint *cancelled, GError **error);
/* NAME-NNN.js of this JSON */
gboolean act_viewer_write_part (const char *folder, const char *name,
    guint part, const GString *json, GError **error);
