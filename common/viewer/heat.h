/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/coactive.h"

/* heat.js: how often the lines that are active at most positions are active
 * together. clusters [n_lines]: the cluster of each line. */
gboolean act_viewer_heat_write (const char *folder, ActCoactive *coactive,
    const guint *clusters, guint n_lines, GError **error);
