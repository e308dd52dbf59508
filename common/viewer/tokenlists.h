/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

/* The token lists of the samples that a file of data shows, each once, however
 * often it is shown. */
typedef struct {
  GHashTable *numbers; /* token list -> its number in the file */
  GArray *rows;        /* guint32, by number: a row in the texts that has it */
} ActTokenLists;

void act_token_lists_init (ActTokenLists *lists);
void act_token_lists_clear (ActTokenLists *lists);

/* The number of a row's token list; if it is new, size grows by about what it
 * takes. All samples are there. */
guint32 act_token_lists_number (
    ActTokenLists *lists, const ActTexts *texts, guint32 row, gsize *size);
/* Appends "[[1,2],[3,4]]" and starts again. */
void act_token_lists_take (
    ActTokenLists *lists, const ActTexts *texts, GString *out);
