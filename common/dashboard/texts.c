/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the plain functions: those that replace them look the algorithm up anew at
 * each call, which costs more than a sample's text does */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dashboard/texts.h"
#include "dashboard/texts-private.h"
#include "dashboard/texttable.h"

#include "acterror.h"
#include "formats/json.h"

#include <openssl/sha.h>
#include <string.h>

/* texts and lists are numbered in 32 bits */
#define MAX_SAMPLES (G_MAXUINT32 - 1)

typedef struct {
  guint64 index; /* in the run */
  guint32 text;
  guint32 list;
} Sample;

struct _ActTexts {
  ActStrings *strings;
  guint n_ctx;
  ActBigArray *samples; /* Sample, by row */
  ActTextTable table;
  /* guint32 [n_lists, n_ctx] string indices; behind them, while a sample is
   * added, its own */
  ActBigArray *lists;
  gsize n_lists;
  GString *joined;
  gboolean only_marked; /* written, each at its line */
  guint32 n_ambiguous;
};

ActTexts *
act_texts_new (
    ActStrings *strings, guint n_ctx, gsize max_memory, const char *folder)
{
  ActTexts *texts = g_new0 (ActTexts, 1);

  texts->strings = strings;
  texts->n_ctx = n_ctx;
  texts->samples = act_big_array_new (sizeof (Sample), max_memory, folder);
  act_text_table_init (&texts->table, max_memory, folder);
  texts->lists =
      act_big_array_new (n_ctx * sizeof (guint32), max_memory, folder);
  texts->joined = g_string_new (NULL);
  return texts;
}

void
act_texts_free (ActTexts *texts)
{
  if (texts == NULL)
    return;
  act_strings_free (texts->strings);
  act_big_array_free (texts->samples);
  act_text_table_clear (&texts->table);
  act_big_array_free (texts->lists);
  g_string_free (texts->joined, TRUE);
  g_free (texts);
}

const ActStrings *
act_texts_get_strings (const ActTexts *texts)
{
  return texts->strings;
}

static inline guint32 *
list_at (const ActTexts *texts, gsize list)
{
  return (guint32 *) texts->lists->data + list * texts->n_ctx;
}

static inline ActText *
text_at (const ActTexts *texts, guint32 text)
{
  return act_text_table_get (&texts->table, text);
}

static inline const Sample *
sample_at (const ActTexts *texts, gsize row)
{
  return &act_big_array_index (texts->samples, Sample, row);
}

/* the text's tokens as string indices, at the end of the lists (not yet
 * counted there), and joined */
static gboolean
join_tokens (
    ActTexts *texts, const gint32 *tokens, guint64 sample, GError **error)
{
  guint32 *list;
  gsize length;

  act_big_array_shrink (texts->lists, texts->n_lists);
  list = act_big_array_grow (texts->lists, 1, error);
  if (list == NULL)
    return FALSE;
  g_string_truncate (texts->joined, 0);
  for (guint i = 0; i < texts->n_ctx; i++) {
    const char *string;

    list[i] = act_strings_index_of (texts->strings, tokens[i]);
    if (list[i] == ACT_NO_STRING) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "sample %" G_GUINT64_FORMAT ", position %u: the vocabulary of %u"
          " has no token %d",
          sample, i, act_strings_get_n_ids (texts->strings), tokens[i]);
      return FALSE;
    }
    if (i > 0)
      g_string_append_c (texts->joined, ' ');
    string = act_strings_get (texts->strings, list[i], &length);
    g_string_append_len (texts->joined, string, length);
  }
  return TRUE;
}

/* which list is that of the sample just joined: the text's last one, or new */
static guint32
take_list (ActTexts *texts, ActText *text)
{
  gsize size = texts->n_ctx * sizeof (guint32);

  if (text->list == ACT_NO_LIST) {
    text->list = texts->n_lists++;
  } else if (memcmp (list_at (texts, text->list),
                 list_at (texts, texts->n_lists), size)
      != 0) {
    text->list = texts->n_lists++;
    texts->n_ambiguous += !text->ambiguous;
    text->ambiguous = TRUE;
  }
  return text->list;
}

static gboolean
add_sample (
    ActTexts *texts, guint64 index, const gint32 *tokens, GError **error)
{
  guint8 digest[SHA256_DIGEST_LENGTH];
  SHA256_CTX sha;
  Sample *sample;
  guint32 n_texts = act_texts_get_n (texts), text;

  if (texts->samples->len >= MAX_SAMPLES) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "more than %u samples are not supported", MAX_SAMPLES);
    return FALSE;
  }
  if (!join_tokens (texts, tokens, index, error))
    return FALSE;
  SHA256_Init (&sha);
  SHA256_Update (&sha, texts->joined->str, texts->joined->len);
  SHA256_Final (digest, &sha);
  if (!act_text_table_put (&texts->table, digest, &text, error))
    return FALSE;
  sample = act_big_array_grow (texts->samples, 1, error);
  if (sample == NULL)
    return FALSE;
  text_at (texts, text)->repeated |= text < n_texts;
  *sample = (Sample){ index, text, take_list (texts, text_at (texts, text)) };
  return TRUE;
}

gboolean
act_texts_add (ActTexts *texts, const guint64 *samples, const gint32 *tokens,
    gsize n_samples, GError **error)
{
  for (gsize i = 0; i < n_samples; i++) {
    gsize n = texts->samples->len;

    if (n > 0 && samples[i] <= sample_at (texts, n - 1)->index) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "sample %" G_GUINT64_FORMAT " comes after sample %" G_GUINT64_FORMAT
          "; samples must ascend",
          samples[i], sample_at (texts, n - 1)->index);
      return FALSE;
    }
    if (!add_sample (texts, samples[i], tokens + i * texts->n_ctx, error))
      return FALSE;
  }
  return TRUE;
}

guint
act_texts_get_n_ctx (const ActTexts *texts)
{
  return texts->n_ctx;
}

guint64
act_texts_get_n_samples (const ActTexts *texts)
{
  return texts->samples->len;
}

guint32
act_texts_get_n (const ActTexts *texts)
{
  return act_text_table_get_n (&texts->table);
}

guint32
act_texts_get_n_ambiguous (const ActTexts *texts)
{
  return texts->n_ambiguous;
}

guint32
act_texts_get_n_collisions (const ActTexts *texts)
{
  return texts->table.n_collisions;
}

gboolean
act_texts_find (const ActTexts *texts, guint64 sample, gsize *row)
{
  gsize low = 0, high = texts->samples->len, middle;

  if (high == 0 || sample < sample_at (texts, 0)->index
      || sample > sample_at (texts, high - 1)->index)
    return FALSE;
  /* in a run without gaps it lies where its index says */
  middle = sample - sample_at (texts, 0)->index;
  while (low < high) {
    if (middle >= high || middle < low)
      middle = low + (high - low) / 2;
    if (sample_at (texts, middle)->index == sample) {
      *row = middle;
      return TRUE;
    }
    if (sample_at (texts, middle)->index < sample)
      low = middle + 1;
    else
      high = middle;
    middle = low + (high - low) / 2;
  }
  return FALSE;
}

/* Without branches: what is before `first`, or not after the one before it, has
 * the highest bit. Rows need 32 bits. */
static gboolean
subtract_ascending (const guint64 *restrict samples, gsize n, guint64 first,
    gsize *restrict rows)
{
  guint64 wrong = samples[0] - first;

  rows[0] = samples[0] - first;
  for (gsize i = 1; i < n; i++) {
    rows[i] = samples[i] - first;
    wrong |= (samples[i] - first) | (samples[i] - samples[i - 1] - 1);
  }
  return wrong >> 63 == 0;
}

gboolean
act_texts_find_all (
    const ActTexts *texts, const guint64 *samples, gsize n, gsize *rows)
{
  const gsize n_rows = texts->samples->len;
  guint64 first;

  if (n == 0)
    return TRUE;
  if (n_rows == 0)
    return FALSE;
  first = sample_at (texts, 0)->index;
  if (sample_at (texts, n_rows - 1)->index - first != n_rows - 1)
    return FALSE;
  return subtract_ascending (samples, n, first, rows) && rows[n - 1] < n_rows;
}

gboolean
act_texts_is_repeated (const ActTexts *texts, guint32 text)
{
  return text_at (texts, text)->repeated;
}

guint64
act_texts_get_sample (const ActTexts *texts, gsize row)
{
  return sample_at (texts, row)->index;
}

guint32
act_texts_get_text (const ActTexts *texts, gsize row)
{
  return sample_at (texts, row)->text;
}

const guint32 *
act_texts_get_tokens (const ActTexts *texts, gsize row)
{
  return list_at (texts, sample_at (texts, row)->list);
}

const guint32 *
act_texts_get_text_tokens (const ActTexts *texts, guint32 text)
{
  return list_at (texts, text_at (texts, text)->list);
}

void
act_texts_mark (ActTexts *texts, guint32 text)
{
  text_at (texts, text)->marked = TRUE;
}

gboolean
act_texts_is_marked (const ActTexts *texts, guint32 text)
{
  return text_at (texts, text)->marked;
}

gboolean
act_texts_write_marked (ActTexts *texts, const char *filename, GError **error)
{
  guint32 n = 0;

  for (guint32 i = 0; i < act_texts_get_n (texts); i++) {
    text_at (texts, i)->line = n;
    n += text_at (texts, i)->marked;
  }
  texts->only_marked = TRUE;
  return act_texts_write (texts, filename, error);
}

guint32
act_texts_get_line (const ActTexts *texts, guint32 text)
{
  return texts->only_marked ? text_at (texts, text)->line : text;
}

void
act_texts_get_hash (
    const ActTexts *texts, guint32 text, char hash[ACT_TEXT_HASH_SIZE])
{
  act_text_table_get_hash (&texts->table, text, hash);
}

/* The vocabulary's strings as JSON has them, each made when it first comes. */
typedef struct {
  GString *bytes;
  gsize *start;  /* [n_strings] */
  gsize *length; /* [n_strings]; G_MAXSIZE: not made yet */
} Escaped;

static void
escaped_init (Escaped *escaped, guint n_strings)
{
  escaped->bytes = g_string_new (NULL);
  escaped->start = g_new (gsize, MAX (n_strings, 1));
  escaped->length = g_new (gsize, MAX (n_strings, 1));
  for (guint i = 0; i < n_strings; i++)
    escaped->length[i] = G_MAXSIZE;
}

static void
escaped_clear (Escaped *escaped)
{
  g_string_free (escaped->bytes, TRUE);
  g_free (escaped->start);
  g_free (escaped->length);
}

static void
escaped_add (Escaped *escaped, const ActStrings *strings, guint32 index)
{
  gsize length;
  const char *string = act_strings_get (strings, index, &length);

  escaped->start[index] = escaped->bytes->len;
  act_json_escape (escaped->bytes, string, length);
  escaped->length[index] = escaped->bytes->len - escaped->start[index];
}

static inline const char *
escaped_get (const Escaped *escaped, guint32 index, gsize *length)
{
  *length = escaped->length[index];
  return escaped->bytes->str + escaped->start[index];
}

/* one line of text_samples.jsonl */
static void
write_text (const ActTexts *texts, guint32 text, Escaped *escaped,
    GString *line, GString *joined)
{
  g_autoptr (ActJsonWriter) json = act_json_writer_new (line, 0);
  const guint32 *list = list_at (texts, text_at (texts, text)->list);
  char hash[ACT_TEXT_HASH_SIZE];
  const char *string;
  gsize length;

  /* the text is to have none */
  if (texts->only_marked && !text_at (texts, text)->marked)
    return;
  act_texts_get_hash (texts, text, hash);
  g_string_truncate (joined, 0);
  for (guint i = 0; i < texts->n_ctx; i++) {
    if (escaped->length[list[i]] == G_MAXSIZE)
      escaped_add (escaped, texts->strings, list[i]);
    if (i > 0)
      g_string_append_c (joined, ' ');
    string = escaped_get (escaped, list[i], &length);
    g_string_append_len (joined, string, length);
  }
  act_json_begin_object (json);
  act_json_key (json, "text_hash");
  act_json_string (json, hash);
  act_json_key (json, "full_text");
  act_json_string_escaped (json, joined->str, joined->len);
  act_json_key (json, "tokens");
  act_json_begin_array (json);
  for (guint i = 0; i < texts->n_ctx; i++) {
    string = escaped_get (escaped, list[i], &length);
    act_json_string_escaped (json, string, length);
  }
  act_json_end_array (json);
  act_json_end_object (json);
  g_string_append_c (line, '\n');
}

static gboolean
write_texts (const ActTexts *texts, ActOutputFile *file, Escaped *escaped,
    GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GString) joined = g_string_new (NULL);

  for (guint32 i = 0; i < act_texts_get_n (texts); i++) {
    g_string_truncate (line, 0);
    write_text (texts, i, escaped, line, joined);
    if (!act_output_file_write (file, line->str, line->len, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_texts_write (const ActTexts *texts, const char *filename, GError **error)
{
  g_autoptr (ActOutputFile) file = act_output_file_new (filename, error);
  Escaped escaped;
  gboolean ok;

  if (file == NULL)
    return FALSE;
  escaped_init (&escaped, act_strings_get_n (texts->strings));
  ok = write_texts (texts, file, &escaped, error);
  escaped_clear (&escaped);
  return ok && act_output_file_close (g_steal_pointer (&file), error);
}
