/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/componentfacts.h"

/* components-NNN.js: what is said of single components by themselves. A file
 * holds components that follow each other, line by line and member by member,
 * about ACT_DETAIL_SIZE bytes of JSON of them. Each is written at once: nothing
 * waits, and in memory is one of them, and what a file has of token lists. */
typedef struct _ActViewerComponents ActViewerComponents;

/* n_samples: names the list of those of highest maximum */
ActViewerComponents *act_viewer_components_new (
    const char *folder, const ActTexts *texts, guint n_samples);
void act_viewer_components_free (ActViewerComponents *components);

/* The next one: which member of which line; detail NULL: all that it is is said
 * of the line. All samples are there. */
gboolean act_viewer_components_add (ActViewerComponents *components, guint line,
    guint member, const ActComponentDetail *detail, GError **error);
gboolean act_viewer_components_finish (
    ActViewerComponents *components, GError **error);

/* of each file the line and the member that it begins with: [2 * n_files] */
const guint32 *act_viewer_components_get_files (
    const ActViewerComponents *components, guint *n_files);
