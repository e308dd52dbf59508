/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Which files are meant by paths, patterns and folders. */

typedef struct {
  char *name;
  guint64 size; /* in bytes, when it was found */
} ActTextFile;

/* (transfer full): ActTextFiles, in the order of the locations. A location
 * that exists under exactly that name is that file or folder, whatever
 * characters the name has; else one with any of * ? [ is a pattern as of
 * glob (7), its matches in the order of their bytes. A folder stands for the
 * files below it: entries in the order of their bytes, a folder's where its
 * own name stands; names that begin with a dot and what is neither file nor
 * folder are passed over. A file or folder that was there before, under
 * whatever name, is not taken again. A location without any file is an error
 * that names it, and so is a link to nowhere or a folder that cannot be read.
 */
GPtrArray *act_text_files_find (
    const char *const *locations, guint n_locations, GError **error);

/* Several locations in one string, separated by commas; "\\," is a comma in a
 * name. A string that is the name of a file or folder is that one alone. */
char **act_text_locations_split (const char *string);
