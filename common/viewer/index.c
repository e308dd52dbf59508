/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/index.h"

#include "formats/json.h"
#include "viewer/datafile.h"
#include "viewer/numbers.h"

/* A file has a fixed number of lines, so that a line's is known without
 * looking: as many as are about this many bytes of JSON. */
#define PART_SIZE (1u << 20)
#define LINE_SIZE 700
#define BIN_SIZE 6
#define MAX_LINES 1000

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
  guint part_lines;
  guint n_lines;
  guint n_parts; /* written */
  GString *columns[N_COLUMNS];
};

ActViewerIndex *
act_viewer_index_new (const char *folder, guint n_bins)
{
  ActViewerIndex *self = g_new0 (ActViewerIndex, 1);

  act_small_numbers_init ();
  self->folder = g_strdup (folder);
  self->part_lines =
      CLAMP (PART_SIZE / (LINE_SIZE + BIN_SIZE * n_bins), 1, MAX_LINES);
  for (guint i = 0; i < N_COLUMNS; i++)
    self->columns[i] = g_string_new (NULL);
  return self;
}

void
act_viewer_index_free (ActViewerIndex *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < N_COLUMNS; i++)
    g_string_free (self->columns[i], TRUE);
  g_free (self->folder);
  g_free (self);
}

static gboolean
write_part (ActViewerIndex *self, GError **error)
{
  guint first = self->n_parts * self->part_lines;
  g_autoptr (GString) begin = g_string_new (NULL);
  g_autoptr (ActDataFile) file =
      act_data_file_new_part (self->folder, "index", self->n_parts, error);

  g_string_printf (begin, "{\"first\":%u", first);
  if (file == NULL
      || !act_data_file_append (file, begin->str, begin->len, error))
    return FALSE;
  for (guint i = 0; i < N_COLUMNS; i++) {
    GString *column = self->columns[i];

    g_string_printf (begin, ",\"%s\":[", column_names[i]);
    /* its last comma becomes the list's end */
    column->str[column->len - 1] = ']';
    if (!act_data_file_append (file, begin->str, begin->len, error)
        || !act_data_file_append (file, column->str, column->len, error))
      return FALSE;
    g_string_truncate (column, 0);
  }
  self->n_parts++;
  return act_data_file_append_string (file, "}", error)
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
  act_append_u32_list (
      self->columns[COLUMN_TOP_TOKENS], entry->top_tokens, entry->n_top_tokens);
  act_append_u32_list (self->columns[COLUMN_COMMON_TOKENS],
      entry->common_tokens, entry->n_common_tokens);
}

gboolean
act_viewer_index_add (ActViewerIndex *self, const ActIndexEntry *entry,
    const char *name, guint chunk, const guint32 *members, const guint64 *bins,
    const ActCoactiveTable *table, const gint32 *line_of, GError **error)
{
  add_name (self, name);
  act_append_uint (self->columns[COLUMN_CHUNK], chunk);
  act_append_u32_list (
      self->columns[COLUMN_MEMBERS], members, entry->n_members);
  add_numbers (self, entry);
  act_append_u64_list (self->columns[COLUMN_HISTOGRAM], bins, entry->n_bins);
  add_near (self, table, line_of);
  for (guint i = 0; i < N_COLUMNS; i++)
    g_string_append_c (self->columns[i], ',');
  self->n_lines++;
  return self->n_lines % self->part_lines != 0 || write_part (self, error);
}

gboolean
act_viewer_index_finish (ActViewerIndex *self, GError **error)
{
  return self->n_lines % self->part_lines == 0 || write_part (self, error);
}

guint
act_viewer_index_get_n_parts (const ActViewerIndex *self)
{
  return self->n_parts;
}

guint
act_viewer_index_get_part_lines (const ActViewerIndex *self)
{
  return self->part_lines;
}
