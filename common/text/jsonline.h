/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A string field of an object on a line of JSON Lines. Unlike act_json_parse ()
 * it builds no tree and takes strings that hold U+0000: text found in the wild
 * has them. The whole line is checked against RFC 8259; of repeated keys the
 * last counts, as in Python. The line must be valid UTF-8.
 *
 * Half a surrogate pair is an error, or with replace U+FFFD. Errors have no
 * file name: the caller puts it before them. */
gboolean act_json_line_get_string (const char *line, gsize length,
    const char *field, gboolean replace, GString *value, GError **error);
