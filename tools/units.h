/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Numbers as people read them, the same in every locale. */
char *act_units_count (guint64 value);     /* 1,234,567 */
char *act_units_rate (double per_second);  /* 12.3k/s */
char *act_units_duration (double seconds); /* 0:42, 1:02:03 */
