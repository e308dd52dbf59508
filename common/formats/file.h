/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Reading whole files, with every failure named. Only regular files: a pipe
 * or a device could block for ever or never end. */

/* Opens for reading; -> descriptor, or -1 */
int act_file_open (const char *filename, guint64 *size, GError **error);

/* Maps a file; an empty one gives empty bytes. (transfer full) */
GBytes *act_file_map (const char *filename, GError **error);

/* Reads a file of at most max_size bytes. (transfer full) */
GBytes *act_file_read (const char *filename, gsize max_size, GError **error);

/* Exactly size bytes from offset; an error when the file ends before. */
gboolean act_file_pread (int fd, const char *filename, guint64 offset,
    gsize size, void *data, GError **error);
