/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/decoder.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/json.h"
#include "tokenizer/charclass.h"
#include "tokenizer/pattern.h"
#include "tokenizer/stage.h"
#include "tokenizer/vocab.h"

#define MAX_DEPTH 16

typedef struct _Step Step;

/* the text at hand: token i ends at ends[i] */
typedef struct {
  GString *text;
  GArray *ends; /* gsize */
} Spans;

struct _Step {
  /* appends what becomes of token i of n */
  gboolean (*apply) (const Step *self, const char *token, gsize length, gsize i,
      gsize n, GString *out, GError **error);
  const char *name;   /* the decoder's, for errors */
  GString *from, *to; /* what they mean is the step's own affair */
  ActPattern *pattern;
  gunichar character;
  guint32 start, stop;
  gboolean flag;
  gboolean whole; /* goes over all of the text, not over each token */
};

struct _ActDecoder {
  ActVocab *vocab;
  char *name;
  GArray *steps;
  /* while it is read: tokens are no more seen by themselves; they are bytes,
   * no characters */
  gboolean fused, bytes;
  gboolean has_decoder;
};

static void
step_clear (gpointer data)
{
  Step *step = data;

  if (step->from != NULL)
    g_string_free (step->from, TRUE);
  if (step->to != NULL)
    g_string_free (step->to, TRUE);
  act_pattern_free (step->pattern);
}

void
act_decoder_free (ActDecoder *self)
{
  if (self == NULL)
    return;
  act_vocab_free (self->vocab);
  g_array_unref (self->steps);
  g_free (self->name);
  g_free (self);
}

/* ---- ByteLevel ---- */

static gboolean
apply_byte_level (const Step *self, const char *token, gsize length, gsize i,
    gsize n, GString *out, GError **error)
{
  const guint8 *p = (const guint8 *) token, *end = p + length;
  gsize before = out->len;

  while (p < end) {
    int byte = act_byte_of_stand_in (act_utf8_next (&p));

    if (byte < 0) { /* an added token */
      g_string_truncate (out, before);
      g_string_append_len (out, token, (gssize) length);
      break;
    }
    g_string_append_c (out, (char) byte);
  }
  return TRUE;
}

static gboolean
read_byte_level (JsonObject *config, const ActStageContext *context, Step *step,
    GError **error)
{
  step->apply = apply_byte_level;
  return TRUE;
}

/* ---- ByteFallback: <0x0A> ---- */

static gboolean
apply_byte_fallback (const Step *self, const char *token, gsize length, gsize i,
    gsize n, GString *out, GError **error)
{
  if (length == 6 && memcmp (token, "<0x", 3) == 0 && token[5] == '>'
      && g_ascii_isxdigit (token[3]) && g_ascii_isxdigit (token[4]))
    g_string_append_c (out,
        (char) (g_ascii_xdigit_value (token[3]) << 4
            | g_ascii_xdigit_value (token[4])));
  else
    g_string_append_len (out, token, (gssize) length);
  return TRUE;
}

static gboolean
read_byte_fallback (JsonObject *config, const ActStageContext *context,
    Step *step, GError **error)
{
  step->apply = apply_byte_fallback;
  return TRUE;
}

/* ---- Metaspace ---- */

static gboolean
apply_metaspace (const Step *self, const char *token, gsize length, gsize i,
    gsize n, GString *out, GError **error)
{
  const char *end = token + length;

  for (const char *p = token; p < end;) {
    const char *at =
        memmem (p, (gsize) (end - p), self->from->str, self->from->len);

    g_string_append_len (out, p, (at == NULL ? end : at) - p);
    if (at == NULL)
      break;
    if (i > 0 || !self->flag)
      g_string_append_c (out, ' ');
    p = at + self->from->len;
  }
  return TRUE;
}

static gboolean
read_metaspace (JsonObject *config, const ActStageContext *context, Step *step,
    GError **error)
{
  const char *scheme =
      act_stage_get_string (config, "prepend_scheme", "always", context, error);
  gboolean add_prefix_space;

  if (scheme == NULL
      || !act_stage_get_flag (
          config, "add_prefix_space", TRUE, context, &add_prefix_space, error)
      || !act_stage_get_char (config, "replacement", "\342\226\201", context,
          &step->character, error))
    return FALSE;
  step->from = g_string_new (NULL);
  g_string_append_unichar (step->from, step->character);
  step->apply = apply_metaspace;
  step->flag = add_prefix_space && !g_str_equal (scheme, "never");
  return TRUE;
}

/* ---- WordPiece ---- */

static void
replace_all (GString *text, gsize from, const char *what, const char *by)
{
  gsize n = strlen (what);

  for (gsize i = from; i + n <= text->len;) {
    if (memcmp (text->str + i, what, n) != 0) {
      i++;
      continue;
    }
    g_string_erase (text, (gssize) i, (gssize) n);
    g_string_insert (text, (gssize) i, by);
    i += strlen (by);
  }
}

static gboolean
apply_word_piece (const Step *self, const char *token, gsize length, gsize i,
    gsize n, GString *out, GError **error)
{
  static const char *const cleanups[][2] = { { " .", "." }, { " ?", "?" },
    { " !", "!" }, { " ,", "," }, { " ' ", "'" }, { " n't", "n't" },
    { " 'm", "'m" }, { " do not", " don't" }, { " 's", "'s" },
    { " 've", "'ve" }, { " 're", "'re" } };
  gsize before = out->len;

  if (i > 0 && length >= self->from->len
      && memcmp (token, self->from->str, self->from->len) == 0) {
    token += self->from->len;
    length -= self->from->len;
  } else if (i > 0) {
    g_string_append_c (out, ' ');
  }
  g_string_append_len (out, token, (gssize) length);
  for (gsize k = 0; self->flag && k < G_N_ELEMENTS (cleanups); k++)
    replace_all (out, before, cleanups[k][0], cleanups[k][1]);
  return TRUE;
}

static gboolean
read_word_piece (JsonObject *config, const ActStageContext *context, Step *step,
    GError **error)
{
  step->apply = apply_word_piece;
  step->from = act_stage_get_bytes (config, "prefix", "##", context, error);
  return step->from != NULL
      && act_stage_get_flag (
          config, "cleanup", TRUE, context, &step->flag, error);
}

/* ---- BPEDecoder: a suffix becomes a blank ---- */

static gboolean
apply_bpe (const Step *self, const char *token, gsize length, gsize i, gsize n,
    GString *out, GError **error)
{
  gsize before = out->len;

  g_string_append_len (out, token, (gssize) length);
  replace_all (out, before, self->from->str, i + 1 == n ? "" : " ");
  return TRUE;
}

static gboolean
read_bpe (JsonObject *config, const ActStageContext *context, Step *step,
    GError **error)
{
  step->apply = apply_bpe;
  step->from = act_stage_get_bytes (config, "suffix", "</w>", context, error);
  if (step->from != NULL && step->from->len == 0)
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': decoder 'BPEDecoder' without a 'suffix' is not supported",
        context->name);
  return step->from != NULL && step->from->len > 0;
}

/* ---- Replace ---- */

static gboolean
apply_replace (const Step *self, const char *token, gsize length, gsize i,
    gsize n, GString *out, GError **error)
{
  ActMatch match = { 0 };
  gsize done = 0;
  int found;

  while (
      (found = act_pattern_find (self->pattern, token, length, &match, error))
      > 0) {
    g_string_append_len (out, token + done, (gssize) (match.from - done));
    g_string_append_len (out, self->to->str, (gssize) self->to->len);
    done = match.to;
    if (!act_stage_check_text (out, self->name, error))
      return FALSE;
  }
  g_string_append_len (out, token + done, (gssize) (length - done));
  return found == 0;
}

static gboolean
read_replace (JsonObject *config, const ActStageContext *context, Step *step,
    GError **error)
{
  step->apply = apply_replace;
  step->pattern = act_pattern_new (
      json_object_get_member (config, "pattern"), context, error);
  if (step->pattern == NULL)
    return FALSE;
  step->to = act_stage_get_bytes (config, "content", NULL, context, error);
  return step->to != NULL;
}

/* ---- Strip: of each token, or of all of the text behind a Fuse ---- */

/* how many bytes of it, at most, are at the beginning and at the end */
static void
measure (
    const Step *self, const char *text, gsize length, gsize *from, gsize *to)
{
  char utf8[8];
  gsize n = (gsize) g_unichar_to_utf8 (self->character, utf8);

  *from = 0;
  *to = length;
  for (guint32 i = 0; i < self->start && *from + n <= length
       && memcmp (text + *from, utf8, n) == 0;
       i++)
    *from += n;
  for (guint32 i = 0; i < self->stop && *to >= *from + n
       && memcmp (text + *to - n, utf8, n) == 0;
       i++)
    *to -= n;
}

static gboolean
apply_strip (const Step *self, const char *token, gsize length, gsize i,
    gsize n, GString *out, GError **error)
{
  gsize from, to;

  measure (self, token, length, &from, &to);
  g_string_append_len (out, token + from, (gssize) (to - from));
  return TRUE;
}

static gboolean
read_strip (JsonObject *config, const ActStageContext *context, Step *step,
    GError **error)
{
  step->apply = apply_strip;
  return act_stage_get_char (
             config, "content", NULL, context, &step->character, error)
      && act_stage_get_uint (config, "start", 0, context, &step->start, error)
      && act_stage_get_uint (config, "stop", 0, context, &step->stop, error);
}

static void
strip_whole (const Step *self, Spans *spans)
{
  gsize from, to;

  measure (self, spans->text->str, spans->text->len, &from, &to);
  g_string_truncate (spans->text, to);
  g_string_erase (spans->text, 0, (gssize) from);
  for (guint i = 0; i < spans->ends->len; i++) {
    gsize *end = &g_array_index (spans->ends, gsize, i);

    *end = CLAMP (*end, from, to) - from;
  }
}

/* ---- reading ---- */

/* a new kind gets a line here */
static const struct {
  const char *type;
  gboolean (*read) (JsonObject *config, const ActStageContext *context,
      Step *step, GError **error);
} kinds[] = {
  { "BPEDecoder", read_bpe },
  { "ByteFallback", read_byte_fallback },
  { "ByteLevel", read_byte_level },
  { "Metaspace", read_metaspace },
  { "Replace", read_replace },
  { "Strip", read_strip },
  { "WordPiece", read_word_piece },
};

static gboolean read_node (ActDecoder *self, JsonNode *node,
    const ActStageContext *context, GError **error);

static gboolean
read_sequence (ActDecoder *self, JsonNode *node, const ActStageContext *context,
    GError **error)
{
  ActStageContext inner = *context;
  JsonArray *list = act_stage_get_list (
      json_node_get_object (node), "decoders", "decoder", context, error);

  inner.depth++;
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    if (!read_node (self, json_array_get_element (list, i), &inner, error))
      return FALSE;
  }
  return list != NULL;
}

static gboolean
refuse_behind (const ActStageContext *context, const char *type,
    const char *other, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': decoder '%s' behind %s is not supported", context->name, type,
      other);
  return FALSE;
}

static gboolean
read_step (ActDecoder *self, JsonNode *node, gsize kind,
    const ActStageContext *context, GError **error)
{
  Step step = { NULL };

  if (!kinds[kind].read (json_node_get_object (node), context, &step, error)) {
    step_clear (&step);
    return FALSE;
  }
  step.name = self->name;
  step.whole = self->fused;
  g_array_append_val (self->steps, step);
  if (self->fused && step.apply != apply_strip)
    return refuse_behind (context, kinds[kind].type, "Fuse", error);
  /* they look at characters */
  if (self->bytes
      && (step.apply == apply_byte_level || step.apply == apply_replace))
    return refuse_behind (
        context, kinds[kind].type, "ByteLevel or ByteFallback", error);
  self->bytes = self->bytes || step.apply == apply_byte_level
      || step.apply == apply_byte_fallback;
  return TRUE;
}

static gboolean
read_node (ActDecoder *self, JsonNode *node, const ActStageContext *context,
    GError **error)
{
  const char *type = act_stage_get_type (node);

  if (g_strcmp0 (type, "Sequence") == 0 && context->depth < MAX_DEPTH)
    return read_sequence (self, node, context, error);
  if (g_strcmp0 (type, "Fuse") == 0) {
    self->fused = TRUE;
    return TRUE;
  }
  for (gsize i = 0; type != NULL && i < G_N_ELEMENTS (kinds); i++) {
    if (g_str_equal (kinds[i].type, type))
      return read_step (self, node, i, context, error);
  }
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': decoder '%s' is not supported (supported: null, BPEDecoder, "
      "ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip, "
      "WordPiece)",
      context->name, type == NULL ? "without a type" : type);
  return FALSE;
}

ActDecoder *
act_decoder_new_from_json (JsonNode *root, const char *name, GError **error)
{
  g_autoptr (ActDecoder) self = g_new0 (ActDecoder, 1);
  ActStageContext context = { .name = name };
  JsonNode *node = NULL;

  self->name = g_strdup (name);
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  g_array_set_clear_func (self->steps, step_clear);
  self->vocab = act_vocab_new_from_json (root, name, error);
  if (self->vocab == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (root))
    node = json_object_get_member (json_node_get_object (root), "decoder");
  self->has_decoder = !act_stage_is_null (node);
  if (self->has_decoder && !read_node (self, node, &context, error))
    return NULL;
  return g_steal_pointer (&self);
}

ActDecoder *
act_decoder_new_from_file (const char *filename, GError **error)
{
  g_autoptr (GBytes) bytes =
      act_file_read (filename, ACT_VOCAB_MAX_FILE_SIZE, error);
  g_autoptr (JsonNode) root = NULL;
  ActDecoder *self;
  const char *data;
  gsize length;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &length);
  root = act_json_parse_with_nul (
      data != NULL ? data : "", length, filename, error);
  if (root == NULL)
    return NULL;
  self = act_decoder_new_from_json (root, filename, error);
  if (self == NULL)
    act_json_show_nul (error);
  return self;
}

/* ---- decoding ---- */

static gboolean
look_up (ActDecoder *self, const gint32 *ids, gsize n_ids, Spans *spans,
    GError **error)
{
  for (gsize i = 0; i < n_ids; i++) {
    gsize length;
    const char *token = ids[i] < 0
        ? NULL
        : act_vocab_get (self->vocab, (guint32) ids[i], &length);

    if (token == NULL) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "'%s': has no token with id %d", self->name, ids[i]);
      return FALSE;
    }
    if (!self->has_decoder && i > 0)
      g_string_append_c (spans->text, ' ');
    g_string_append_len (spans->text, token, (gssize) length);
    g_array_append_val (spans->ends, spans->text->len);
  }
  return TRUE;
}

static gboolean
apply_step (const Step *step, Spans *spans, GError **error)
{
  GString *out = g_string_sized_new (spans->text->len);
  gsize from = 0;

  for (guint i = 0; i < spans->ends->len; i++) {
    gsize *end = &g_array_index (spans->ends, gsize, i);

    if (!step->apply (step, spans->text->str + from, *end - from, i,
            spans->ends->len, out, error)) {
      g_string_free (out, TRUE);
      return FALSE;
    }
    from = *end;
    *end = out->len;
  }
  g_string_free (spans->text, TRUE);
  spans->text = out;
  return TRUE;
}

gboolean
act_decoder_decode (ActDecoder *self, const gint32 *ids, gsize n_ids,
    GString *text, GArray *ends, GError **error)
{
  Spans spans = { g_string_new (NULL),
    g_array_new (FALSE, FALSE, sizeof (gsize)) };
  gboolean ok = look_up (self, ids, n_ids, &spans, error);

  for (guint i = 0; ok && i < self->steps->len; i++) {
    const Step *step = &g_array_index (self->steps, Step, i);

    if (step->whole)
      strip_whole (step, &spans);
    else
      ok = apply_step (step, &spans, error);
  }
  for (guint i = 0; ok && ends != NULL && i < spans.ends->len; i++) {
    gsize end = g_array_index (spans.ends, gsize, i) + text->len;

    g_array_append_val (ends, end);
  }
  if (ok)
    g_string_append_len (text, spans.text->str, (gssize) spans.text->len);
  g_string_free (spans.text, TRUE);
  g_array_unref (spans.ends);
  return ok;
}
