/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a vocabulary's token strings stand for in text. Which kind they are of
 * is told from the strings alone: a dashboard has no tokenizer. */
typedef enum {
  ACT_TOKENS_PLAIN,         /* as they are */
  ACT_TOKENS_BYTE_LEVEL,    /* a character a byte: Ġthe is " the" */
  ACT_TOKENS_SENTENCEPIECE, /* ▁the is " the", <0x0A> a newline */
  ACT_TOKENS_WORDPIECE,     /* ##ing goes on, all others begin a word */
} ActTokenKind;

/* counts of what only strings of one kind have; begin with all 0 */
typedef struct {
  guint64 n_byte_level, n_sentencepiece, n_wordpiece;
} ActTokenSigns;

void act_token_signs_add (
    ActTokenSigns *signs, const char *token, gsize length);
/* the most frequent; PLAIN if there was none */
ActTokenKind act_token_signs_get_kind (const ActTokenSigns *signs);

/* Appends the bytes that the token stands for, which may be a part of a
 * character, or anything. token: UTF-8, may hold U+0000. */
void act_token_decode (
    ActTokenKind kind, const char *token, gsize length, GString *out);
