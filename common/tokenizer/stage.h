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

/* a piece of text, valid during the call */
typedef gboolean (*ActPieceFunc) (
    const char *text, gsize length, gpointer user_data, GError **error);

typedef struct _ActNormalizer ActNormalizer;
struct _ActNormalizer {
  /* appends the normalized text to out */
  gboolean (*normalize) (ActNormalizer *self, const char *text, gsize length,
      GString *out, GError **error);
  void (*free) (ActNormalizer *self);
};

typedef struct _ActPreTokenizer ActPreTokenizer;
struct _ActPreTokenizer {
  /* gives the pieces of text to func, in order, until it returns FALSE */
  gboolean (*cut) (ActPreTokenizer *self, const char *text, gsize length,
      ActPieceFunc func, gpointer user_data, GError **error);
  void (*free) (ActPreTokenizer *self);
  /* the model sees a piece's bytes, each as its stand-in character */
  gboolean bytes;
};

typedef struct _ActModel ActModel;
struct _ActModel {
  /* appends the ids (gint32) of a piece */
  gboolean (*tokenize) (ActModel *self, const char *piece, gsize length,
      GArray *ids, GError **error);
  void (*free) (ActModel *self);
};

/* what the model is made from, besides its own part of the file */
typedef struct {
  const char *name; /* of the file, for errors */
  gboolean bytes;   /* pieces are bytes */
} ActStageContext;

typedef struct {
  const char *type; /* "type" in the file */
  gpointer (*new_from_json) (
      JsonObject *config, const ActStageContext *context, GError **error);
} ActStageKind;

/* NULL where the file has none */
gboolean act_normalizer_new (JsonNode *node, const ActStageContext *context,
    ActNormalizer **normalizer, GError **error);
ActPreTokenizer *act_pre_tokenizer_new (
    JsonNode *node, const ActStageContext *context, GError **error);
ActModel *act_model_new (
    JsonNode *node, const ActStageContext *context, GError **error);
gboolean act_post_processor_check (
    JsonNode *node, const ActStageContext *context, GError **error);

/* a boolean that may be missing or null; anything else is an error */
gboolean act_stage_get_flag (JsonObject *config, const char *field,
    gboolean fallback, const ActStageContext *context, gboolean *value,
    GError **error);
/* TRUE for a field that is missing, null, false, 0 or "" */
gboolean act_stage_field_is_unset (JsonObject *config, const char *field);

/* the kinds */
extern const ActStageKind act_pre_tokenizer_byte_level;
extern const ActStageKind act_model_bpe;

/* the stand-in character of each byte in byte-level vocabularies: printable
 * ASCII and Latin-1 stand for themselves, the other 68 are U+0100 onwards */
gunichar act_byte_stand_in (guint8 byte);
