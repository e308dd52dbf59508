/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Which of many names are most like one that is none of them: by the number
 * of characters to put in, take out or change (Levenshtein). */
typedef struct _ActNearNames ActNearNames;

ActNearNames *act_near_names_new (const char *wanted);
void act_near_names_free (ActNearNames *near_names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActNearNames, act_near_names_free)

void act_near_names_add (ActNearNames *near_names, const char *name);
/* (transfer full) (nullable): the best three, as "'a', 'b' or 'c'"; NULL if
 * none is near */
char *act_near_names_get (const ActNearNames *near_names);
