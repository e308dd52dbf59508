/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Changes of a launch line that is there as words. */

/* (transfer full): the words, with the property set on each element that has
 * it */
GStrv act_words_add (
    const char *const *words, const char *property, const char *value);

/* (transfer full) (nullable): what the words set an element's property to */
char *act_words_find (
    const char *const *words, const char *element, const char *property);

/* (transfer full): the words, with each CUDA element replaced by the one that
 * does the same on the CPU, without the properties that it does not have */
GStrv act_words_on_cpu (const char *const *words);
