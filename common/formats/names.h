/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Order of file names: strcmp (), but runs of digits compare as numbers, 2
 * before 10. a and b point to char *, as g_ptr_array_sort () has it. */
gint act_names_compare (gconstpointer a, gconstpointer b);
