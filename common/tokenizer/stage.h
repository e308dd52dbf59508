/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* The stages of a tokenizer, in the order in which text goes through them:
 *   added tokens   cut out first (addedtokens.h)
 *   normalizer     changes the text between them
 *   pre-tokenizer  cuts that into pieces
 *   model          turns a piece into ids
 * A kind of a stage is a file that defines an ActStageKind, and a line in the
 * tables of stage.c. docs/tokenizer.md shows how to add one.
 *
 * A tokenizer is used by one thread at a time, so a stage may keep scratch
 * memory. Text is valid UTF-8; U+0000 is a character like any other. */

/* A piece of text, valid during the call. at_start: nothing of the text that
 * was given to the tokenizer is before it. */
typedef gboolean (*ActPieceFunc) (const char *text, gsize length,
    gboolean at_start, gpointer user_data, GError **error);

typedef struct _ActNormalizer ActNormalizer;
struct _ActNormalizer {
  /* appends the normalized text to out */
  gboolean (*normalize) (ActNormalizer *self, const char *text, gsize length,
      GString *out, GError **error);
  void (*free) (ActNormalizer *self);
  /* set by each call: what text begins with left nothing behind, so what out
   * begins with is not at the start */
  gboolean start_dropped;
};

/* A file of a few lines can ask for a text that is longer than any memory, so
 * what makes texts longer, by itself or many of it together, stops here: name
 * is the file's. */
#define ACT_STAGE_MAX_TEXT ((gsize) 1 << 28)
gboolean act_stage_set_too_long (const char *name, GError **error);

static inline gboolean
act_stage_check_text (const GString *out, const char *name, GError **error)
{
  return out->len <= ACT_STAGE_MAX_TEXT || act_stage_set_too_long (name, error);
}

typedef struct _ActPreTokenizer ActPreTokenizer;
struct _ActPreTokenizer {
  /* gives the pieces of text to func, in order, until it returns FALSE; none
   * of them is empty */
  gboolean (*cut) (ActPreTokenizer *self, const char *text, gsize length,
      gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error);
  void (*free) (ActPreTokenizer *self);
  /* what comes next sees a piece's bytes, each as its stand-in character */
  gboolean bytes;
};

typedef struct _ActTokenModel ActTokenModel;
struct _ActTokenModel {
  /* appends the ids (gint32) of a piece */
  gboolean (*tokenize) (ActTokenModel *self, const char *piece, gsize length,
      GArray *ids, GError **error);
  void (*free) (ActTokenModel *self);
  /* takes a piece's bytes as they are, not their stand-ins */
  gboolean bytes;
};

/* what the model is made from, besides its own part of the file */
typedef struct {
  const char *name; /* of the file, for errors */
  gboolean bytes;   /* pieces are bytes */
  guint depth;      /* how many Sequences it is in */
} ActStageContext;

typedef struct {
  const char *type; /* "type" in the file */
  gpointer (*new_from_json) (
      JsonObject *config, const ActStageContext *context, GError **error);
  /* NULL-terminated: what else the object may hold; another field is refused
   * unless it is unset */
  const char *const *fields;
} ActStageKind;

/* NULL where the file has none */
gboolean act_normalizer_new (JsonNode *node, const ActStageContext *context,
    ActNormalizer **normalizer, GError **error);
gboolean act_pre_tokenizer_new (JsonNode *node, const ActStageContext *context,
    ActPreTokenizer **pre_tokenizer, GError **error);
ActTokenModel *act_token_model_new (
    JsonNode *node, const ActStageContext *context, GError **error);

void act_normalizer_free (ActNormalizer *normalizer);
void act_pre_tokenizer_free (ActPreTokenizer *pre_tokenizer);
void act_token_model_free (ActTokenModel *model);

/* "type" of a part of the file, NULL if it has none */
const char *act_stage_get_type (JsonNode *node);
gboolean act_stage_is_null (JsonNode *node);
/* a boolean that may be missing or null; anything else is an error */
gboolean act_stage_get_flag (JsonObject *config, const char *field,
    gboolean fallback, const ActStageContext *context, gboolean *value,
    GError **error);
/* A string, as act_json_parse_with_nul () has it; fallback where it is missing
 * or null, an error if that is NULL. */
const char *act_stage_get_string (JsonObject *config, const char *field,
    const char *fallback, const ActStageContext *context, GError **error);
/* the same as bytes; also if there is U+0000 in it */
GString *act_stage_get_bytes (JsonObject *config, const char *field,
    const char *fallback, const ActStageContext *context, GError **error);
/* a string that holds just one character */
gboolean act_stage_get_char (JsonObject *config, const char *field,
    const char *fallback, const ActStageContext *context, gunichar *value,
    GError **error);
/* an integer of 0 .. G_MAXINT32 */
gboolean act_stage_get_uint (JsonObject *config, const char *field,
    guint32 fallback, const ActStageContext *context, guint32 *value,
    GError **error);
/* an object or a list that has to be there; of is what it is a part of */
JsonObject *act_stage_get_object (JsonObject *config, const char *field,
    const char *of, const ActStageContext *context, GError **error);
JsonArray *act_stage_get_list (JsonObject *config, const char *field,
    const char *of, const ActStageContext *context, GError **error);
/* TRUE for a field that is missing, null, false, 0 or "" */
gboolean act_stage_field_is_unset (JsonObject *config, const char *field);

/* the kinds */
extern const ActStageKind act_normalizer_bert;
extern const ActStageKind act_normalizer_byte_level;
extern const ActStageKind act_normalizer_lowercase;
extern const ActStageKind act_normalizer_nfc;
extern const ActStageKind act_normalizer_nfd;
extern const ActStageKind act_normalizer_nfkc;
extern const ActStageKind act_normalizer_nfkd;
extern const ActStageKind act_normalizer_precompiled;
extern const ActStageKind act_normalizer_prepend;
extern const ActStageKind act_normalizer_replace;
extern const ActStageKind act_normalizer_sequence;
extern const ActStageKind act_normalizer_strip;
extern const ActStageKind act_normalizer_strip_accents;

extern const ActStageKind act_pre_tokenizer_bert;
extern const ActStageKind act_pre_tokenizer_byte_level;
extern const ActStageKind act_pre_tokenizer_char_delimiter_split;
extern const ActStageKind act_pre_tokenizer_digits;
extern const ActStageKind act_pre_tokenizer_metaspace;
extern const ActStageKind act_pre_tokenizer_punctuation;
extern const ActStageKind act_pre_tokenizer_sequence;
extern const ActStageKind act_pre_tokenizer_split;
extern const ActStageKind act_pre_tokenizer_whitespace;
extern const ActStageKind act_pre_tokenizer_whitespace_split;

extern const ActStageKind act_model_bpe;
extern const ActStageKind act_model_unigram;
extern const ActStageKind act_model_word_level;
extern const ActStageKind act_model_word_piece;

/* the stand-in character of each byte in byte-level vocabularies: printable
 * ASCII and Latin-1 stand for themselves, the other 68 are U+0100 onwards */
gunichar act_byte_stand_in (guint8 byte);
/* the other way; -1 for a character that is none */
int act_byte_of_stand_in (gunichar c);
/* appends the stand-in of each byte */
void act_byte_stand_ins_append (GString *out, const char *bytes, gsize length);
