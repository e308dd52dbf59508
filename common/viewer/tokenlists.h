/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "viewer/dictionary.h"

/* What a file of data says of tokens: the token lists of the samples that it
 * shows, each once, however often it is shown; and the strings of all token
 * numbers in it. */
typedef struct {
  const ActTexts *texts;
  GHashTable *numbers; /* token list -> its number in the file */
  GArray *rows;        /* guint32, by number: a row in the texts that has it */
  ActDictionary dictionary;
} ActTokenLists;

/* texts: the caller's */
void act_token_lists_init (ActTokenLists *lists, const ActTexts *texts);
void act_token_lists_clear (ActTokenLists *lists);

/* The number of a row's token list; if it is new, size grows by about what it
 * and its strings take. All samples are there. */
guint32 act_token_lists_number (ActTokenLists *lists, guint32 row, gsize *size);
/* token numbers that are elsewhere in the file; -> as act_dictionary_add () */
gsize act_token_lists_name (
    ActTokenLists *lists, const guint32 *strings, gsize n);
/* Appends "tokens":[[1,2],[3,4]],"strings":{..} and starts again. */
void act_token_lists_take (ActTokenLists *lists, GString *out);
