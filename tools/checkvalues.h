/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Whether numbers, truth values and names of choices in a launch line's words
 * are what the elements' properties take. gst_parse_launch () refuses some of
 * what is not, and for others keeps the default after a warning on standard
 * error. What is no property or element at all it refuses itself.
 * FALSE: ACT_TOOL_ERROR_USAGE with element, property, value and range. */
gboolean act_check_values (const char *const *words, GError **error);

/* (transfer full) (nullable): the class of the element a word makes */
gpointer act_find_element_class (const char *word);
