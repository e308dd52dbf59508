/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A file of the page's data: one line of JavaScript,
 *
 *   actdata("NAME", "BASE64");
 *
 * where BASE64 is the base64 of the gzip of JSON. A <script> loads it from a
 * folder that no server serves. Equal JSON gives equal bytes: the gzip header
 * has neither time nor name. It is packed as it comes, so that in memory is
 * nothing but buffers. */
typedef struct _ActDataFile ActDataFile;

/* folder/NAME.js; name: letters, digits, '_' and '-' */
ActDataFile *act_data_file_new (
    const char *folder, const char *name, GError **error);
/* ones that have a number: NAME-NNN */
ActDataFile *act_data_file_new_part (
    const char *folder, const char *name, guint part, GError **error);
gboolean act_data_file_append (
    ActDataFile *file, const char *json, gsize length, GError **error);
gboolean act_data_file_append_string (
    ActDataFile *file, const char *json, GError **error);
/* frees in any case */
gboolean act_data_file_close (ActDataFile *file, GError **error);
void act_data_file_free (ActDataFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActDataFile, act_data_file_free)

/* a whole one at once */
gboolean act_data_file_write (const char *folder, const char *name,
    const char *json, gsize length, GError **error);
