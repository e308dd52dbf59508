/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The rows that any of some lists names. */

/* each once, ascending, into picked (gsize); lists [n_lists][n_listed[i]] */
void act_pick_rows (GArray *picked, const gsize *const *lists,
    const gsize *n_listed, guint n_lists);
/* which of them a row is; it is one */
gsize act_picked_place (const GArray *picked, gsize row);
