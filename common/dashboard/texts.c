/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the plain functions: those that replace them look the algorithm up anew at
 * each call, which costs more than a sample's text does */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dashboard/texts.h"
#include "dashboard/texts-private.h"

#include "acterror.h"
#include "formats/bigarray.h"
#include "formats/json.h"

#include <openssl/sha.h>
#include <string.h>

#define NO_TEXT G_MAXUINT32

/* how many digits of the digest name a text */
static const guint8 hash_sizes[] = { 8, 16, 64 };

typedef struct {
  guint8 digest[SHA256_DIGEST_LENGTH];
  guint32 list; /* tokens of its last sample */
  guint8 level; /* into hash_sizes */
  guint8 ambiguous;
} Text;

typedef struct {
  guint32 text;
  guint32 list;
} Sample;

/* of the token lists this much stays in memory, more goes to a file */
#define LISTS_MEMORY ((gsize) 32 << 20)

struct _ActTexts {
  ActStrings *strings;
  guint n_ctx;
  GArray *samples; /* Sample, by row */
  GArray *indices; /* guint64, the samples' indices in the run */
  GArray *texts;   /* Text */
  /* guint32 [n_lists, n_ctx] string indices; behind them, while a sample is
   * added, its own */
  ActBigArray *lists;
  gsize n_lists;
  guint32 *slots; /* text by digest, open addressing; NO_TEXT: free */
  gsize n_slots;  /* a power of two */
  GString *joined;
  guint8 *marked; /* [texts] or NULL */
  guint32 *lines; /* [texts], of those marked; NULL: all texts are written */
  guint32 n_ambiguous;
  guint32 n_collisions;
};

ActTexts *
act_texts_new (ActStrings *strings, guint n_ctx, const char *folder)
{
  ActTexts *texts = g_new0 (ActTexts, 1);

  texts->strings = strings;
  texts->n_ctx = n_ctx;
  texts->samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  texts->indices = g_array_new (FALSE, FALSE, sizeof (guint64));
  texts->texts = g_array_new (FALSE, FALSE, sizeof (Text));
  texts->lists =
      act_big_array_new (n_ctx * sizeof (guint32), LISTS_MEMORY, folder);
  texts->n_slots = 1024;
  texts->slots = g_new (guint32, texts->n_slots);
  memset (texts->slots, 0xff, texts->n_slots * sizeof (guint32));
  texts->joined = g_string_new (NULL);
  return texts;
}

void
act_texts_free (ActTexts *texts)
{
  if (texts == NULL)
    return;
  act_strings_free (texts->strings);
  g_array_unref (texts->samples);
  g_array_unref (texts->indices);
  g_array_unref (texts->texts);
  act_big_array_free (texts->lists);
  g_free (texts->slots);
  g_free (texts->marked);
  g_free (texts->lines);
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

static inline Text *
text_at (const ActTexts *texts, guint32 text)
{
  return &g_array_index (texts->texts, Text, text);
}

static inline gsize
slot_of (const ActTexts *texts, const guint8 *digest)
{
  guint32 first;

  memcpy (&first, digest, sizeof first);
  return first & (texts->n_slots - 1);
}

/* The search starts at the first four bytes, which are the eight digits: so
 * all texts that share those lie between that slot and the next free one. */
static guint32
find_text (const ActTexts *texts, const guint8 *digest, gsize *slot)
{
  gsize i = slot_of (texts, digest);

  for (; texts->slots[i] != NO_TEXT; i = (i + 1) & (texts->n_slots - 1))
    if (memcmp (text_at (texts, texts->slots[i])->digest, digest,
            SHA256_DIGEST_LENGTH)
        == 0)
      break;
  *slot = i;
  return texts->slots[i];
}

static void
set_level (ActTexts *texts, Text *text, guint8 level)
{
  if (text->level == 0 && level > 0)
    texts->n_collisions++;
  text->level = MAX (text->level, level);
}

/* a new text makes its own name longer, and those of all it collides with */
static void
lengthen_hashes (ActTexts *texts, Text *text)
{
  gsize i = slot_of (texts, text->digest);
  Text *other;

  for (; texts->slots[i] != NO_TEXT; i = (i + 1) & (texts->n_slots - 1)) {
    guint8 level = 0;

    other = text_at (texts, texts->slots[i]);
    while (memcmp (other->digest, text->digest, hash_sizes[level] / 2) == 0)
      level++;
    set_level (texts, other, level);
    set_level (texts, text, level);
  }
}

static void
grow_slots (ActTexts *texts)
{
  gsize slot;

  texts->n_slots *= 2;
  texts->slots = g_renew (guint32, texts->slots, texts->n_slots);
  memset (texts->slots, 0xff, texts->n_slots * sizeof (guint32));
  for (guint32 i = 0; i < texts->texts->len; i++) {
    find_text (texts, text_at (texts, i)->digest, &slot);
    texts->slots[slot] = i;
  }
}

static guint32
add_text (ActTexts *texts, const guint8 *digest, gsize slot)
{
  guint32 index = texts->texts->len;
  Text text = { .list = G_MAXUINT32 };

  memcpy (text.digest, digest, SHA256_DIGEST_LENGTH);
  lengthen_hashes (texts, &text);
  g_array_append_val (texts->texts, text);
  texts->slots[slot] = index;
  if (texts->texts->len > texts->n_slots / 2)
    grow_slots (texts);
  return index;
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

static gboolean
add_sample (
    ActTexts *texts, guint64 index, const gint32 *tokens, GError **error)
{
  guint8 digest[SHA256_DIGEST_LENGTH];
  SHA256_CTX sha;
  gsize slot, size = texts->n_ctx * sizeof (guint32);
  Sample sample;
  Text *text;

  if (texts->samples->len >= NO_TEXT - 1) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "more than %u samples are not supported", NO_TEXT - 1);
    return FALSE;
  }
  if (!join_tokens (texts, tokens, index, error))
    return FALSE;
  SHA256_Init (&sha);
  SHA256_Update (&sha, texts->joined->str, texts->joined->len);
  SHA256_Final (digest, &sha);
  sample.text = find_text (texts, digest, &slot);
  if (sample.text == NO_TEXT)
    sample.text = add_text (texts, digest, slot);

  text = text_at (texts, sample.text);
  if (text->list == G_MAXUINT32) {
    text->list = texts->n_lists++;
  } else if (memcmp (list_at (texts, text->list),
                 list_at (texts, texts->n_lists), size)
      != 0) {
    text->list = texts->n_lists++;
    texts->n_ambiguous += !text->ambiguous;
    text->ambiguous = TRUE;
  }
  sample.list = text->list;
  g_array_append_val (texts->samples, sample);
  g_array_append_val (texts->indices, index);
  return TRUE;
}

gboolean
act_texts_add (ActTexts *texts, const guint64 *samples, const gint32 *tokens,
    gsize n_samples, GError **error)
{
  for (gsize i = 0; i < n_samples; i++) {
    guint n = texts->indices->len;

    if (n > 0 && samples[i] <= g_array_index (texts->indices, guint64, n - 1)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
          "sample %" G_GUINT64_FORMAT " comes after sample %" G_GUINT64_FORMAT
          "; samples must ascend",
          samples[i], g_array_index (texts->indices, guint64, n - 1));
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
  return texts->texts->len;
}

guint32
act_texts_get_n_ambiguous (const ActTexts *texts)
{
  return texts->n_ambiguous;
}

guint32
act_texts_get_n_collisions (const ActTexts *texts)
{
  return texts->n_collisions;
}

gboolean
act_texts_find (const ActTexts *texts, guint64 sample, gsize *row)
{
  const guint64 *indices = (const guint64 *) texts->indices->data;
  gsize low = 0, high = texts->indices->len, middle;

  if (high == 0 || sample < indices[0] || sample > indices[high - 1])
    return FALSE;
  /* in a run without gaps it lies where its index says */
  middle = sample - indices[0];
  while (low < high) {
    if (middle >= high || middle < low)
      middle = low + (high - low) / 2;
    if (indices[middle] == sample) {
      *row = middle;
      return TRUE;
    }
    if (indices[middle] < sample)
      low = middle + 1;
    else
      high = middle;
    middle = low + (high - low) / 2;
  }
  return FALSE;
}

guint64
act_texts_get_sample (const ActTexts *texts, gsize row)
{
  return g_array_index (texts->indices, guint64, row);
}

guint32
act_texts_get_text (const ActTexts *texts, gsize row)
{
  return g_array_index (texts->samples, Sample, row).text;
}

const guint32 *
act_texts_get_tokens (const ActTexts *texts, gsize row)
{
  gsize list = g_array_index (texts->samples, Sample, row).list;

  return list_at (texts, list);
}

static void
make_marks (ActTexts *texts)
{
  if (texts->marked == NULL)
    texts->marked = g_new0 (guint8, MAX (texts->texts->len, 1));
}

void
act_texts_mark (ActTexts *texts, guint32 text)
{
  make_marks (texts);
  texts->marked[text] = TRUE;
}

gboolean
act_texts_write_marked (ActTexts *texts, const char *filename, GError **error)
{
  guint32 n = 0;

  make_marks (texts);
  g_free (texts->lines);
  texts->lines = g_new (guint32, MAX (texts->texts->len, 1));
  for (guint32 i = 0; i < texts->texts->len; i++) {
    texts->lines[i] = n;
    n += texts->marked[i];
  }
  return act_texts_write (texts, filename, error);
}

guint32
act_texts_get_line (const ActTexts *texts, guint32 text)
{
  return texts->lines != NULL ? texts->lines[text] : text;
}

void
act_texts_get_hash (
    const ActTexts *texts, guint32 text, char hash[ACT_TEXT_HASH_SIZE])
{
  const Text *t = text_at (texts, text);
  guint size = hash_sizes[t->level];

  for (guint i = 0; i < size; i++)
    hash[i] = "0123456789abcdef"[(t->digest[i / 2] >> (i % 2 ? 0 : 4)) & 15];
  hash[size] = '\0';
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
  if (texts->lines != NULL && !texts->marked[text])
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

  for (guint32 i = 0; i < texts->texts->len; i++) {
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
