/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <reading/reading.h>

/* Numbers and strings of a dashboard as short text. All (transfer full). */

char *act_show_number (double value); /* three digits; "-" if not finite */
char *act_show_percent (double rate); /* "2.73%"; "-" if negative */
/* "name" without anything that a terminal would not print */
char *act_show_string (const GString *string);
/* the text of a token; its blank shows as ␣ */
char *act_show_token (ActTokenKind kind, const GString *token);
/* the text of a token as bytes, valid UTF-8: for JSON */
GString *act_show_token_text (ActTokenKind kind, const GString *token);
/* a column a bin, at most 16, in steps of the logarithm; · is an empty one */
char *act_show_histogram (const GArray *bin_counts);
