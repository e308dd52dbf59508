/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small normalizers: Prepend, Strip, StripAccents, and ByteLevel, which writes
 * each byte as its stand-in character. */
#include "tokenizer/charclass.h"
#include "tokenizer/stage.h"

static void
plain_free (ActNormalizer *self)
{
  g_free (self);
}

/* ---- Prepend ---- */

typedef struct {
  ActNormalizer parent;
  GString *prepend;
} Prepend;

static gboolean
prepend_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  Prepend *self = (Prepend *) parent;

  if (length > 0)
    g_string_append_len (out, self->prepend->str, (gssize) self->prepend->len);
  g_string_append_len (out, text, (gssize) length);
  return TRUE;
}

static void
prepend_free (ActNormalizer *parent)
{
  g_string_free (((Prepend *) parent)->prepend, TRUE);
  g_free (parent);
}

static gpointer
prepend_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  GString *prepend =
      act_stage_get_bytes (config, "prepend", NULL, context, error);
  Prepend *self;

  if (prepend == NULL)
    return NULL;
  self = g_new0 (Prepend, 1);
  self->parent.normalize = prepend_normalize;
  self->parent.free = prepend_free;
  self->prepend = prepend;
  return self;
}

static const char *const prepend_fields[] = { "prepend", NULL };

const ActStageKind act_normalizer_prepend = {
  "Prepend",
  prepend_new,
  prepend_fields,
};

/* ---- Strip ---- */

typedef struct {
  ActNormalizer parent;
  gboolean left, right;
  const guint8 *classes;
} Strip;

static gboolean
strip_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  Strip *self = (Strip *) parent;
  const guint8 *begin = (const guint8 *) text, *end = begin + length;

  while (self->left && begin < end) {
    const guint8 *next = begin;

    if (!(self->classes[act_utf8_next (&next)] & ACT_CHAR_SPACE))
      break;
    begin = next;
  }
  while (self->right && end > begin) {
    const guint8 *previous = end;

    if (!(self->classes[act_utf8_previous (&previous)] & ACT_CHAR_SPACE))
      break;
    end = previous;
  }
  parent->start_dropped = begin > (const guint8 *) text;
  g_string_append_len (out, (const char *) begin, end - begin);
  return TRUE;
}

static gpointer
strip_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  gboolean left, right;
  Strip *self;

  if (!act_stage_get_flag (config, "strip_left", TRUE, context, &left, error)
      || !act_stage_get_flag (
          config, "strip_right", TRUE, context, &right, error))
    return NULL;
  self = g_new0 (Strip, 1);
  self->parent.normalize = strip_normalize;
  self->parent.free = plain_free;
  self->left = left;
  self->right = right;
  self->classes = act_char_classes ();
  return self;
}

static const char *const strip_fields[] = { "strip_left", "strip_right", NULL };

const ActStageKind act_normalizer_strip = {
  "Strip",
  strip_new,
  strip_fields,
};

/* ---- StripAccents: it decomposes nothing, that is for an NFD before it ----
 */

static gboolean
strip_accents_normalize (ActNormalizer *self, const char *text, gsize length,
    GString *out, GError **error)
{
  self->start_dropped =
      act_utf8_append_without (out, text, length, ACT_CHAR_MARK);
  return TRUE;
}

static gpointer
strip_accents_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  ActNormalizer *self = g_new0 (ActNormalizer, 1);

  self->normalize = strip_accents_normalize;
  self->free = plain_free;
  return self;
}

static const char *const no_fields[] = { NULL };

const ActStageKind act_normalizer_strip_accents = {
  "StripAccents",
  strip_accents_new,
  no_fields,
};

/* ---- ByteLevel ---- */

static gboolean
byte_level_normalize (ActNormalizer *self, const char *text, gsize length,
    GString *out, GError **error)
{
  act_byte_stand_ins_append (out, text, length);
  return TRUE;
}

static gpointer
byte_level_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  ActNormalizer *self = g_new0 (ActNormalizer, 1);

  self->normalize = byte_level_normalize;
  self->free = plain_free;
  return self;
}

const ActStageKind act_normalizer_byte_level = {
  "ByteLevel",
  byte_level_new,
  no_fields,
};
