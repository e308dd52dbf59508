/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Appends a JSON object, as text, to out, with only some items of the list at
 * key: kept [n_kept], ascending. The text is our own, so it is not checked. */
void act_cut_list (const char *json, gsize length, const char *key,
    const guint *kept, guint n_kept, GString *out);
