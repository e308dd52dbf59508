/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/output.h"

/* The token strings of a run and the texts of its samples. */

/* Token strings by id; ids that share a string share its index, so that
 * strings are compared as numbers from here on. */
typedef struct _ActStrings ActStrings;

ActStrings *act_strings_new (guint n_ids);
void act_strings_free (ActStrings *strings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStrings, act_strings_free)

/* each id once at most; one that is never set has no string. The bytes are
 * UTF-8, may hold NUL, and are copied. */
gboolean act_strings_set (ActStrings *strings, guint id, const char *string,
    gsize length, GError **error);
/* different strings */
guint act_strings_get_n (const ActStrings *strings);
const char *act_strings_get (
    const ActStrings *strings, guint index, gsize *length);

/* The samples' texts: token strings joined by one space, identified by their
 * SHA-256, in order of first appearance. What a sample costs is its n_ctx
 * string indices; one that repeats the text's last tokens costs 16 bytes. What
 * this comes to beyond a limit is in files without a name. */
typedef struct _ActTexts ActTexts;

/* texts of strings (transfer full); max_memory: of each of the four arrays that
 * grow with the run; folder: for what is more, NULL: the system's */
ActTexts *act_texts_new (
    ActStrings *strings, guint n_ctx, gsize max_memory, const char *folder);
void act_texts_free (ActTexts *texts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTexts, act_texts_free)

const ActStrings *act_texts_get_strings (const ActTexts *texts);

/* Samples with their indices in the whole run, ascending, and their tokens
 * [n_samples, n_ctx]; an id without a string is an error. */
gboolean act_texts_add (ActTexts *texts, const guint64 *samples,
    const gint32 *tokens, gsize n_samples, GError **error);

guint act_texts_get_n_ctx (const ActTexts *texts);
guint64 act_texts_get_n_samples (const ActTexts *texts);
guint32 act_texts_get_n (const ActTexts *texts);
/* texts that came with more than one list of token strings */
guint32 act_texts_get_n_ambiguous (const ActTexts *texts);
/* texts whose first 8 hex digits are another text's too */
guint32 act_texts_get_n_collisions (const ActTexts *texts);

/* row of a sample of this index among those added; FALSE if there is none */
gboolean act_texts_find (const ActTexts *texts, guint64 sample, gsize *row);
/* The same of n samples of a run without gaps; FALSE if it has some, if one is
 * not there, or if they do not ascend: then look one by one. */
gboolean act_texts_find_all (
    const ActTexts *texts, const guint64 *samples, gsize n, gsize *rows);
/* by row: the sample's index */
guint64 act_texts_get_sample (const ActTexts *texts, gsize row);
/* whether more than one sample has it */
gboolean act_texts_is_repeated (const ActTexts *texts, guint32 text);
/* by row: the text, and the sample's own tokens as string indices [n_ctx] */
guint32 act_texts_get_text (const ActTexts *texts, gsize row);
const guint32 *act_texts_get_tokens (const ActTexts *texts, gsize row);
/* the text's: those of its last sample */
const guint32 *act_texts_get_text_tokens (const ActTexts *texts, guint32 text);

/* Lower-case hex: 8 digits of the SHA-256, for texts that share those 16, for
 * texts that share these too all 64. Which, depends on what texts there are,
 * not on their order; so it is to be asked for only after the last sample. */
#define ACT_TEXT_HASH_SIZE 65
void act_texts_get_hash (
    const ActTexts *texts, guint32 text, char hash[ACT_TEXT_HASH_SIZE]);

/* text_samples.jsonl: each text with the tokens of its last sample */
gboolean act_texts_write (
    const ActTexts *texts, const char *filename, GError **error);
/* the same of those texts only that were marked, after the last sample */
void act_texts_mark (ActTexts *texts, guint32 text);
gboolean act_texts_is_marked (const ActTexts *texts, guint32 text);
gboolean act_texts_write_marked (
    ActTexts *texts, const char *filename, GError **error);
/* which line of the file a text has; it has one */
guint32 act_texts_get_line (const ActTexts *texts, guint32 text);
