/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Precompiled: the table that SentencePiece makes of its normalization rules,
 * as the models that come from there carry it (T5, XLM-R, ALBERT). In the file
 * it is base64 of
 *
 *   uint32             bytes of the trie
 *   uint32[]           the trie: a double array whose nodes are these units
 *   UTF-8, NUL-ended   the strings that characters become, one after another
 *
 * all little-endian. A unit, from its lowest bit: 8 bits the byte that leads to
 * it, a bit whether a key ends there, a bit whether the offset counts in 256s,
 * 22 bits offset. The children of a node are at its place xor its offset xor
 * the next byte; the end of a key is at place xor offset, with the place of its
 * string in 31 bits, the topmost bit set.
 *
 * As Hugging Face's tokenizers goes about it: by grapheme clusters. One of less
 * than six bytes that begins with a key becomes the shortest such key's string,
 * all of it; else this is done for each character of it. */
#include <string.h>

#include "acterror.h"
#include "tokenizer/charclass.h"
#include "tokenizer/graphemes.h"
#include "tokenizer/stage.h"

#define FIELD "precompiled_charsmap"
#define MAX_WHOLE 6 /* bytes: a cluster of fewer is looked up whole */
#define NOTHING G_MAXUINT32

typedef struct {
  ActNormalizer parent;
  char *name;
  guint32 *units;
  gsize n_units;
  char *strings;      /* and a NUL behind them */
  gsize size;         /* bytes of these */
  guint32 ascii[128]; /* place of what each becomes, or NOTHING */
  const guint8 *classes;
} Precompiled;

static gsize
offset_of (guint32 unit)
{
  return (gsize) (unit >> 10) << ((unit & 1u << 9) >> 6);
}

/* where the string of the shortest key is that text begins with, or NOTHING */
static guint32
find (const Precompiled *self, const guint8 *text, gsize length)
{
  gsize at = offset_of (self->units[0]);

  for (gsize i = 0; i < length && text[i] != 0; i++) {
    guint32 unit;

    at ^= text[i];
    if (at >= self->n_units)
      return NOTHING;
    unit = self->units[at];
    if ((unit & (1u << 31 | 0xff)) != text[i])
      return NOTHING;
    at ^= offset_of (unit);
    if (unit & 1u << 8)
      return at < self->n_units ? self->units[at] & G_MAXINT32 : NOTHING;
  }
  return NOTHING;
}

static gboolean
append_string (
    const Precompiled *self, guint32 place, GString *out, GError **error)
{
  if (place <= self->size && (self->strings[place] & 0xc0) != 0x80) {
    g_string_append (out, self->strings + place);
    return act_stage_check_text (out, self->name, error);
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': '" FIELD "' names a string at byte %u, where no character begins: "
      "it has %" G_GSIZE_FORMAT " bytes of strings",
      self->name, place, self->size);
  return FALSE;
}

static gboolean
append_chars (const Precompiled *self, const guint8 *text, gsize length,
    GString *out, GError **error)
{
  const guint8 *p = text, *end = text + length;

  while (p < end) {
    const guint8 *at = p;
    guint32 place;

    act_utf8_next (&p);
    place = find (self, at, (gsize) (p - at));
    if (place == NOTHING)
      g_string_append_len (out, (const char *) at, p - at);
    else if (!append_string (self, place, out, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
append_cluster (const Precompiled *self, const guint8 *text, gsize length,
    GString *out, GError **error)
{
  guint32 place = length < MAX_WHOLE ? find (self, text, length) : NOTHING;

  if (place != NOTHING)
    return append_string (self, place, out, error);
  return append_chars (self, text, length, out, error);
}

/* A character is all of a cluster if ASCII follows it, but for CR and LF. */
static gboolean
append_ascii (const Precompiled *self, guint8 c, GString *out, GError **error)
{
  if (self->ascii[c] != NOTHING)
    return append_string (self, self->ascii[c], out, error);
  g_string_append_c (out, (char) c);
  return TRUE;
}

/* A first character that becomes nothing leaves its place to the next one, so
 * start_dropped stays FALSE, as in tokenizers. */
static gboolean
precompiled_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  Precompiled *self = (Precompiled *) parent;
  const guint8 *p = (const guint8 *) text, *end = p + length;

  while (p < end) {
    gsize n = 1;

    if (p[0] < 0x80 && p[0] != '\r' && (p + 1 == end || p[1] < 0x80)) {
      if (!append_ascii (self, p[0], out, error))
        return FALSE;
    } else {
      n = act_grapheme_length (
          self->classes, (const char *) p, (gsize) (end - p));
      if (!append_cluster (self, p, n, out, error))
        return FALSE;
    }
    p += n;
  }
  return TRUE;
}

static void
precompiled_free (ActNormalizer *parent)
{
  Precompiled *self = (Precompiled *) parent;

  g_free (self->name);
  g_free (self->units);
  g_free (self->strings);
  g_free (self);
}

/* (transfer full) strictly: GLib's decoder passes over what is no base64 */
static guint8 *
decode (const char *text, const ActStageContext *context, gsize *size,
    GError **error)
{
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  gsize n = strspn (text, letters), length = n + strspn (text + n, "=");

  if (text[length] == '\0' && length % 4 == 0 && length - n <= 2)
    return g_base64_decode (text, size);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': '" FIELD "' is no base64", context->name);
  return NULL;
}

static gboolean
check_sizes (const guint8 *data, gsize size, const ActStageContext *context,
    guint32 *trie_size, GError **error)
{
  *trie_size = 0;
  if (size >= 4) {
    memcpy (trie_size, data, 4);
    *trie_size = GUINT32_FROM_LE (*trie_size);
  }
  if (*trie_size >= 4 && *trie_size <= size - 4)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': '" FIELD "' has %" G_GSIZE_FORMAT
      " bytes and a trie of %u, expected 4 bytes with the trie's size, the "
      "trie, 4 bytes at least, and strings",
      context->name, size, *trie_size);
  return FALSE;
}

static Precompiled *
read_table (const guint8 *data, gsize size, const ActStageContext *context,
    GError **error)
{
  Precompiled *self;
  guint32 trie_size;
  gsize n_units;

  if (!check_sizes (data, size, context, &trie_size, error))
    return NULL;
  n_units = trie_size / 4; /* bytes left over are the strings', as there */
  data += 4;
  size -= 4 + n_units * 4;
  /* NUL ends each, and is valid here */
  if (!act_utf8_check ((const char *) data + n_units * 4, size, &(gsize){ 0 },
          &(gsize){ 0 })) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': '" FIELD "' has strings that are no UTF-8", context->name);
    return NULL;
  }
  self = g_new0 (Precompiled, 1);
  self->n_units = n_units;
  self->units = g_new (guint32, n_units);
  memcpy (self->units, data, n_units * 4);
  for (gsize i = 0; i < n_units; i++)
    self->units[i] = GUINT32_FROM_LE (self->units[i]);
  self->size = size;
  self->strings = g_malloc (size + 1);
  memcpy (self->strings, data + n_units * 4, size);
  self->strings[size] = '\0';
  return self;
}

static gpointer
precompiled_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  const char *text = act_stage_get_string (config, FIELD, NULL, context, error);
  g_autofree guint8 *data = NULL;
  Precompiled *self;
  gsize size;

  if (text != NULL)
    data = decode (text, context, &size, error);
  if (data == NULL)
    return NULL;
  self = read_table (data, size, context, error);
  if (self == NULL)
    return NULL;
  self->parent.normalize = precompiled_normalize;
  self->parent.free = precompiled_free;
  self->name = g_strdup (context->name);
  self->classes = act_grapheme_classes ();
  for (guint8 c = 0; c < G_N_ELEMENTS (self->ascii); c++)
    self->ascii[c] = find (self, &c, 1);
  return self;
}

static const char *const fields[] = { FIELD, NULL };

const ActStageKind act_normalizer_precompiled = {
  "Precompiled",
  precompiled_new,
  fields,
};
