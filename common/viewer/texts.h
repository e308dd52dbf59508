/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

/* vocabulary-NNN.js and texts-NNN.js: token strings by number, and the texts
 * that are shown, as numbers. */

/* how they are cut into files */
typedef struct {
  guint n_parts;
  guint part_size; /* items a file */
} ActViewerParts;

gboolean act_viewer_vocabulary_write (const char *folder,
    const ActStrings *strings, ActViewerParts *parts, GError **error);
/* shown [n]: ascending */
gboolean act_viewer_texts_write (const char *folder, const ActTexts *texts,
    const guint32 *shown, gsize n, const gint *cancelled, ActViewerParts *parts,
    GError **error);

/* FALSE with G_IO_ERROR_CANCELLED once *cancelled is set */
gboolean act_viewer_go_on (const gint *cancelled, GError **error);
