/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/index.h"

#include "formats/json.h"
#include "viewer/bins.h"
#include "viewer/datafile.h"
#include "viewer/dictionary.h"
#include "viewer/numbers.h"

/* about how much JSON a file has, and how many lines at most */
#define PART_SIZE ((gsize) 1 << 20)
#define MAX_LINES 1000
/* so many members are in a file at most, of one line */
#define MEMBERS_PART 131072u
/* of what is drawn in a row of the table */
#define MAX_BINS 64

typedef enum {
  COLUMN_NAME,
  COLUMN_CHUNK,
  COLUMN_MEMBERS,
  COLUMN_N_SAMPLES,
  COLUMN_POSITION_RATE,
  COLUMN_SAMPLE_RATE,
  COLUMN_MAX,
  COLUMN_MEAN,
  COLUMN_HISTOGRAM,
  COLUMN_HISTOGRAM_MIN,
  COLUMN_HISTOGRAM_MAX,
  COLUMN_ENTROPY,
  COLUMN_CONCENTRATION,
  COLUMN_TOP_TOKENS,
  COLUMN_COMMON_TOKENS,
  COLUMN_NEAR,
  COLUMN_NEAR_JACCARD,
  N_COLUMNS
} Column;

static const char *const column_names[N_COLUMNS] = { "name", "chunk", "members",
  "n_samples", "position_rate", "sample_rate", "max", "mean", "histogram",
  "histogram_min", "histogram_max", "entropy", "concentration", "top_tokens",
  "common_tokens", "near", "near_jaccard" };

struct _ActViewerIndex {
  char *folder;
  guint n_parts; /* written */
  guint first;   /* line of the file at hand */
  guint n_lines; /* of it */
  gsize size;
  GString *columns[N_COLUMNS];
  GString *more; /* members of the line before the first */
  ActDictionary dictionary;
};

ActViewerIndex *
act_viewer_index_new (const char *folder, const ActStrings *strings)
{
  ActViewerIndex *self = g_new0 (ActViewerIndex, 1);

  act_small_numbers_init ();
  self->folder = g_strdup (folder);
  for (guint i = 0; i < N_COLUMNS; i++)
    self->columns[i] = g_string_new (NULL);
  self->more = g_string_new (NULL);
  act_dictionary_init (&self->dictionary, strings);
  return self;
}

void
act_viewer_index_free (ActViewerIndex *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < N_COLUMNS; i++)
    g_string_free (self->columns[i], TRUE);
  g_string_free (self->more, TRUE);
  act_dictionary_clear (&self->dictionary);
  g_free (self->folder);
  g_free (self);
}

static gboolean
write_columns (ActViewerIndex *self, ActDataFile *file, GError **error)
{
  g_autoptr (GString) begin = g_string_new (NULL);

  for (guint i = 0; i < N_COLUMNS; i++) {
    GString *column = self->columns[i];

    g_string_printf (begin, ",\"%s\":[", column_names[i]);
    /* its last comma becomes the list's end */
    if (column->len > 0)
      g_string_truncate (column, column->len - 1);
    g_string_append_c (column, ']');
    if (!act_data_file_append (file, begin->str, begin->len, error)
        || !act_data_file_append (file, column->str, column->len, error))
      return FALSE;
    g_string_truncate (column, 0);
  }
  return TRUE;
}

static gboolean
write_part (ActViewerIndex *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (ActDataFile) file =
      act_data_file_new_part (self->folder, "index", self->n_parts, error);

  g_string_printf (text, "{\"first\":%u", self->first);
  if (self->more->len > 0)
    g_string_append_printf (text, ",\"more\":%s", self->more->str);
  if (file == NULL || !act_data_file_append (file, text->str, text->len, error)
      || !write_columns (self, file, error))
    return FALSE;
  g_string_assign (text, ",\"strings\":");
  act_dictionary_take (&self->dictionary, text);
  g_string_append_c (text, '}');
  self->n_parts++;
  self->first += self->n_lines;
  self->n_lines = 0;
  self->size = 0;
  g_string_truncate (self->more, 0);
  return act_data_file_append (file, text->str, text->len, error)
      && act_data_file_close (g_steal_pointer (&file), error);
}

static void
add_double (ActViewerIndex *self, Column column, double value)
{
  act_append_double (self->columns[column], value);
}

static void
add_near (
    ActViewerIndex *self, const ActCoactiveTable *table, const gint32 *line_of)
{
  guint32 lines[ACT_INDEX_NEAR];
  guint n = MIN (table->n_by_jaccard, ACT_INDEX_NEAR);
  GString *jaccard = self->columns[COLUMN_NEAR_JACCARD];

  for (guint i = 0; i < n; i++)
    lines[i] = line_of[table->by_jaccard[i].cluster];
  act_append_u32_list (self->columns[COLUMN_NEAR], lines, n);
  g_string_append_c (jaccard, '[');
  for (guint i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c (jaccard, ',');
    act_append_double (jaccard,
        (double) table->by_jaccard[i].count / table->by_jaccard[i].any);
  }
  g_string_append_c (jaccard, ']');
}

static void
add_name (ActViewerIndex *self, const char *name)
{
  GString *out = self->columns[COLUMN_NAME];

  g_string_append_c (out, '"');
  act_json_escape (out, name, strlen (name));
  g_string_append_c (out, '"');
}

static void
add_tokens (ActViewerIndex *self, Column column, const guint32 *tokens, guint n)
{
  act_append_u32_list (self->columns[column], tokens, n);
  self->size += act_dictionary_add (&self->dictionary, tokens, n);
}

static void
add_numbers (ActViewerIndex *self, const ActIndexEntry *entry)
{
  act_append_uint (self->columns[COLUMN_N_SAMPLES], entry->n_samples);
  add_double (self, COLUMN_POSITION_RATE, entry->position_rate);
  add_double (self, COLUMN_SAMPLE_RATE, entry->sample_rate);
  add_double (self, COLUMN_MAX, entry->max);
  add_double (self, COLUMN_MEAN, entry->mean);
  add_double (self, COLUMN_HISTOGRAM_MIN, entry->low);
  add_double (self, COLUMN_HISTOGRAM_MAX, entry->high);
  add_double (self, COLUMN_ENTROPY, entry->entropy);
  add_double (self, COLUMN_CONCENTRATION, entry->concentration);
  add_tokens (self, COLUMN_TOP_TOKENS, entry->top_tokens, entry->n_top_tokens);
  add_tokens (
      self, COLUMN_COMMON_TOKENS, entry->common_tokens, entry->n_common_tokens);
}

/* what of its members does not fit beside the line: a file each */
static gboolean
write_more (
    ActViewerIndex *self, const guint32 *members, guint n, GError **error)
{
  for (guint i = MEMBERS_PART; i < n; i += MEMBERS_PART) {
    if (!write_part (self, error))
      return FALSE;
    act_append_u32_list (self->more, members + i, MIN (n - i, MEMBERS_PART));
    self->size = self->more->len;
  }
  return TRUE;
}

gboolean
act_viewer_index_add (ActViewerIndex *self, const ActIndexEntry *entry,
    const char *name, guint chunk, const guint32 *members, const guint64 *bins,
    const ActCoactiveTable *table, const gint32 *line_of, GError **error)
{
  gsize before = 0, after = 0;

  for (guint i = 0; i < N_COLUMNS; i++)
    before += self->columns[i]->len;
  add_name (self, name);
  act_append_uint (self->columns[COLUMN_CHUNK], chunk);
  act_append_u32_list (self->columns[COLUMN_MEMBERS], members,
      MIN (entry->n_members, MEMBERS_PART));
  add_numbers (self, entry);
  act_append_joined_counts (
      self->columns[COLUMN_HISTOGRAM], bins, entry->n_bins, MAX_BINS);
  add_near (self, table, line_of);
  for (guint i = 0; i < N_COLUMNS; i++) {
    g_string_append_c (self->columns[i], ',');
    after += self->columns[i]->len;
  }
  self->size += after - before;
  self->n_lines++;
  return write_more (self, members, entry->n_members, error)
      && ((self->size < PART_SIZE && self->n_lines < MAX_LINES)
          || write_part (self, error));
}

gboolean
act_viewer_index_finish (ActViewerIndex *self, GError **error)
{
  return (self->n_lines == 0 && self->more->len == 0)
      || write_part (self, error);
}

guint
act_viewer_index_get_n_parts (const ActViewerIndex *self)
{
  return self->n_parts;
}
