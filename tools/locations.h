/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Several paths as the sources' property "location" takes them: a comma
 * between them, "\\," for one in a path. */
char *act_locations_join (const GPtrArray *paths);
