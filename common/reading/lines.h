/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The lines of a file, one after another: no more than the longest is in
 * memory. */
typedef struct _ActLines ActLines;

ActLines *act_lines_open (const char *filename, GError **error);
void act_lines_free (ActLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActLines, act_lines_free)

/* The next one without its end; NULL after the last. It stays until the next
 * call. */
gboolean act_lines_next (
    ActLines *lines, const char **line, gsize *length, GError **error);
/* Goes on to the line of that number, from 0, which must not be behind and must
 * exist; the next call gives it. */
gboolean act_lines_seek (ActLines *lines, guint64 number, GError **error);
/* how many were given or passed over */
guint64 act_lines_get_number (const ActLines *lines);
/* puts "'FILE' line N: " before an error about the line given last */
void act_lines_prefix (const ActLines *lines, GError **error);
