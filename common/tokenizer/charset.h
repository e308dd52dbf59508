/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Sets of characters for regular expressions: ranges as they stand between
 * [ and ] of a PCRE2 pattern. */

/* White space, and word characters, as Oniguruma has them; the latter are
 * others within a class than by themselves. */
void act_charset_append_space (GString *out, gboolean negated);
void act_charset_append_word (
    GString *out, gboolean negated, gboolean in_class);
/* A general category ("Lu"), a group of them ("L"), or Han, the script that
 * files ask for; FALSE if name is none.
 * \p{name} and what this PCRE2's Unicode lacks of it. */
gboolean act_charset_append_category (
    GString *out, const char *name, gboolean negated);
