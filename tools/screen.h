/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What standard output can show. */
typedef struct {
  guint width; /* columns */
  gboolean colours;
} ActScreen;

/* colour: "auto", "always" or "never"; auto: on a terminal, unless NO_COLOR
 * (no-color.org) or TERM=dumb says otherwise. width 0: the terminal's, or
 * COLUMNS, or 100. FALSE: ACT_TOOL_ERROR_USAGE. */
gboolean act_screen_init (
    ActScreen *screen, const char *colour, guint width, GError **error);

/* text as it is, or in a colour: from 0, none, to 1 */
void act_screen_append_shaded (const ActScreen *screen, GString *out,
    const char *text, double share, gboolean marked);
void act_screen_append_title (
    const ActScreen *screen, GString *out, const char *text);
