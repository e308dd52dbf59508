/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* JSON Lines with a list of token ids in a field: a line a sample, all of the
 * same length; empty lines are none. Where each line begins is found when the
 * file is opened, what is on it is read when it is asked for. */

typedef struct _ActTokenLines ActTokenLines;

ActTokenLines *act_token_lines_open (
    const char *filename, const char *field, GError **error);
void act_token_lines_free (ActTokenLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenLines, act_token_lines_free)

guint64 act_token_lines_get_n_samples (const ActTokenLines *lines);
/* of the first line */
guint act_token_lines_get_n_ctx (const ActTokenLines *lines);
/* ids [n_samples, n_ctx] */
gboolean act_token_lines_read (const ActTokenLines *lines, guint64 first_sample,
    guint n_samples, gint64 *ids, GError **error);
