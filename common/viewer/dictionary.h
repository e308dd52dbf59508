/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

/* The strings of the token numbers that a file of data names: with them in it,
 * whoever reads the file needs no vocabulary. */
typedef struct {
  const ActStrings *strings;
  guint32 turn;     /* each file is one */
  guint32 *turn_of; /* [strings]: when it was named last */
  GArray *numbers;  /* guint32, named in this turn */
} ActDictionary;

/* strings: the caller's */
void act_dictionary_init (ActDictionary *dictionary, const ActStrings *strings);
void act_dictionary_clear (ActDictionary *dictionary);

/* -> how much JSON those take that were not named before in this turn */
gsize act_dictionary_add (
    ActDictionary *dictionary, const guint32 *numbers, gsize n);
/* as new */
void act_dictionary_restart (ActDictionary *dictionary);
/* Appends {"7":"the"}, by rising number, and starts again. */
void act_dictionary_take (ActDictionary *dictionary, GString *out);
/* how much one string takes at most */
gsize act_dictionary_get_longest (const ActDictionary *dictionary);
