/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "viewer/companions.h"

/* companions-NNN.js: the clusters that fire together with each component that
 * is not all of its cluster. firsts (guint32): line and member that each file
 * begins with. */
gboolean act_companion_files_write (const char *folder,
    ActCompanions *companions, const gint *cancelled, GArray *firsts,
    GError **error);
