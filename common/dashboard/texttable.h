/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"
#include "formats/bigarray.h"

/* Different texts by their SHA-256, and how long the part of it is that names
 * each. What texts and slots take beyond a limit is in files. */

#define ACT_DIGEST_SIZE 32
#define ACT_NO_LIST G_MAXUINT32

typedef struct {
  guint8 digest[ACT_DIGEST_SIZE];
  guint32 list; /* the caller's: tokens of its last sample; or ACT_NO_LIST */
  guint32 line; /* the caller's */
  guint8 level; /* how many digits name it */
  guint8 ambiguous; /* the caller's */
  guint8 marked;    /* the caller's */
  guint8 repeated;  /* the caller's */
} ActText;

typedef struct {
  ActBigArray *texts;   /* ActText, in order of first coming */
  ActBigArray *slots;   /* guint32 text by digest, open addressing; or NULL */
  guint32 n_collisions; /* texts whose first digits are another's too */

  /*< private >*/
  gsize max_memory;
  char *folder;
} ActTextTable;

/* max_memory: of either array; folder: for files, NULL: the system's */
void act_text_table_init (
    ActTextTable *table, gsize max_memory, const char *folder);
void act_text_table_clear (ActTextTable *table);

/* which text has this digest; a new one where none has it */
gboolean act_text_table_put (ActTextTable *table,
    const guint8 digest[ACT_DIGEST_SIZE], guint32 *text, GError **error);
void act_text_table_get_hash (
    const ActTextTable *table, guint32 text, char hash[ACT_TEXT_HASH_SIZE]);

/* valid until the next put */
static inline ActText *
act_text_table_get (const ActTextTable *table, guint32 text)
{
  return &act_big_array_index (table->texts, ActText, text);
}

static inline guint32
act_text_table_get_n (const ActTextTable *table)
{
  return table->texts->len;
}
