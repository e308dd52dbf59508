/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/examplesread.h"

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/jsonscan.h"
#include "formats/npzarray.h"
#include "reading/examplesread-private.h"
#include "reading/textsread.h"
#include "strhash.h"

void
act_shown_example_free (gpointer data)
{
  ActShownExample *self = data;

  g_string_free (self->hash, TRUE);
  g_clear_pointer (&self->tokens, g_ptr_array_unref);
  g_free (self->values);
  g_free (self);
}

ActShownExample *
act_shown_example_new (guint64 row, gint64 sample, const char *hash)
{
  ActShownExample *self = g_new0 (ActShownExample, 1);

  self->row = row;
  self->sample = sample;
  self->hash = g_string_new (hash);
  return self;
}

GPtrArray *
act_shown_examples_new (void)
{
  return g_ptr_array_new_with_free_func (act_shown_example_free);
}

guint
act_shown_example_get_peak (const ActShownExample *self)
{
  guint peak = 0;

  for (guint i = 1; i < self->n_positions; i++)
    if (self->values[i] > self->values[peak])
      peak = i;
  return peak;
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const ActShownExample *first = *(ActShownExample *const *) a;
  const ActShownExample *second = *(ActShownExample *const *) b;

  return (first->row > second->row) - (first->row < second->row);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const ActShownExample *first = *(ActShownExample *const *) a;
  const ActShownExample *second = *(ActShownExample *const *) b;

  return (first->line > second->line) - (first->line < second->line);
}

static GPtrArray *
sorted (const GPtrArray *examples, GCompareFunc compare)
{
  GPtrArray *order = g_ptr_array_new ();

  for (guint i = 0; i < examples->len; i++)
    g_ptr_array_add (order, examples->pdata[i]);
  g_ptr_array_sort (order, compare);
  return order;
}

GPtrArray *
act_shown_examples_by_row (const GPtrArray *examples)
{
  return sorted (examples, compare_rows);
}

/* --- activations --- */

gboolean
act_shown_example_check (const ActShownExample *self, GError **error)
{
  for (guint i = 0; i < self->n_positions; i++)
    if (!isfinite (self->values[i])) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
          "row %" G_GUINT64_FORMAT " holds %f at position %u, expected a "
          "finite number",
          self->row, self->values[i], i);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_row (ActNpzArray *array, ActShownExample *example,
    const ActShownExample *before, GError **error)
{
  const ActTensor *tensor = act_npz_array_get (array);
  guint64 n = tensor->shape[1];
  g_autofree void *data = NULL;

  if (example->row >= tensor->shape[0] || n == 0 || n > G_MAXINT) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "activations are [%" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
        "], expected row %" G_GUINT64_FORMAT,
        tensor->shape[0], n, example->row);
    return FALSE;
  }
  data = g_try_malloc (n * act_dtype_size (tensor->dtype));
  example->values = g_try_malloc (n * sizeof (float));
  if (data == NULL || example->values == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "no memory for a row of %" G_GUINT64_FORMAT " activations", n);
    return FALSE;
  }
  example->n_positions = (guint) n;
  if (before != NULL && before->row == example->row) {
    memcpy (example->values, before->values, n * sizeof (float));
    return TRUE;
  }
  return act_npz_array_read (array, example->row * n, n, data, error)
      && act_to_f32 (tensor->dtype, data, n, example->values, error)
      && act_shown_example_check (example, error);
}

static gboolean
add_activations (const ActShownDashboard *dashboard, const char *name,
    ActDtype dtype, GPtrArray *examples, GError **error)
{
  g_autofree char *path = act_shown_dashboard_path (dashboard, name);
  g_autoptr (GPtrArray) order = act_shown_examples_by_row (examples);
  g_autoptr (ActNpzArray) array =
      act_npz_array_open (path, "activations", dtype, 2, error);

  if (array == NULL)
    return FALSE;
  for (guint i = 0; i < order->len; i++)
    if (!read_row (array, order->pdata[i], i > 0 ? order->pdata[i - 1] : NULL,
            error)) {
      g_prefix_error (error, "'%s': ", path);
      return FALSE;
    }
  return TRUE;
}

/* --- texts --- */

static gboolean
take_text (ActShownExample *example, const ActShownText *text, GError **error)
{
  if (example->hash->len == 0)
    g_string_assign (example->hash, text->hash->str);
  if (!g_string_equal (example->hash, text->hash)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "the text is '%s', expected '%s'", text->hash->str, example->hash->str);
    return FALSE;
  }
  if (text->tokens->len != example->n_positions) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "%u tokens, expected one for each of %u activations", text->tokens->len,
        example->n_positions);
    return FALSE;
  }
  example->line = text->line;
  g_clear_pointer (&example->tokens, g_ptr_array_unref);
  example->tokens = g_ptr_array_ref (text->tokens);
  return TRUE;
}

gboolean
act_shown_examples_add_lines (
    const ActShownDashboard *dashboard, GPtrArray *examples, GError **error)
{
  g_autofree char *path = act_shown_dashboard_path (dashboard, "samples.npz");
  g_autoptr (GPtrArray) order = act_shown_examples_by_row (examples);
  g_autoptr (ActNpzArray) array =
      act_npz_array_open (path, "text", ACT_DTYPE_I64, 1, error);
  gint64 line = 0;

  if (array == NULL)
    return FALSE;
  for (guint i = 0; i < order->len; i++) {
    ActShownExample *example = order->pdata[i];
    const ActShownExample *before = i > 0 ? order->pdata[i - 1] : NULL;

    if ((before == NULL || before->row != example->row)
        && !act_npz_array_read (array, example->row, 1, &line, error))
      return FALSE;
    if (line < 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': \"text\" of row %" G_GUINT64_FORMAT " is %" G_GINT64_FORMAT
          ", expected a line's number",
          path, example->row, line);
      return FALSE;
    }
    example->line = (guint64) line;
  }
  return TRUE;
}

static gboolean
add_texts_by_line (ActLines *lines, GPtrArray *examples, GError **error)
{
  g_autoptr (GPtrArray) order = sorted (examples, compare_lines);
  g_autoptr (ActShownText) text = NULL;

  for (guint i = 0; i < order->len; i++) {
    ActShownExample *example = order->pdata[i];

    if (text == NULL || text->line != example->line) {
      g_clear_pointer (&text, act_shown_text_free);
      if (!act_lines_seek (lines, example->line, error)
          || !act_shown_text_next (lines, &text, error))
        return FALSE;
    }
    if (!take_text (example, text, error)) {
      act_lines_prefix (lines, error);
      return FALSE;
    }
  }
  return TRUE;
}

/* The examples by their text's hash, with cluster before it where that is
 * given; a text that came twice in the run may be in a list twice. */
static GHashTable *
group_by_hash (const GPtrArray *examples, const char *cluster)
{
  GHashTable *groups = g_hash_table_new_full (
      act_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);

  for (guint i = 0; i < examples->len; i++) {
    ActShownExample *example = examples->pdata[i];
    g_autofree char *key = cluster != NULL
        ? g_strdup_printf ("%s|%s", cluster, example->hash->str)
        : g_strdup (example->hash->str);
    GPtrArray *group = g_hash_table_lookup (groups, key);

    if (group == NULL) {
      group = g_ptr_array_new ();
      g_hash_table_insert (groups, g_steal_pointer (&key), group);
    }
    g_ptr_array_add (group, example);
  }
  return groups;
}

static gboolean
take_text_for_all (
    const GPtrArray *group, const ActShownText *text, GError **error)
{
  for (guint i = 0; i < group->len; i++)
    if (!take_text (group->pdata[i], text, error))
      return FALSE;
  return TRUE;
}

/* wanted: of group_by_hash () */
static gboolean
add_texts_by_hash (ActLines *lines, GHashTable *wanted, GError **error)
{
  GHashTableIter iter;
  gpointer hash;

  while (g_hash_table_size (wanted) > 0) {
    g_autoptr (ActShownText) text = NULL;

    if (!act_shown_text_next_of (lines, wanted, &text, error))
      return FALSE;
    if (text == NULL)
      break;
    if (!take_text_for_all (
            g_hash_table_lookup (wanted, text->hash->str), text, error)) {
      act_lines_prefix (lines, error);
      return FALSE;
    }
    g_hash_table_remove (wanted, text->hash->str);
  }
  g_hash_table_iter_init (&iter, wanted);
  if (!g_hash_table_iter_next (&iter, &hash, NULL))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "text_samples.jsonl has no text '%s', which a cluster names",
      (char *) hash);
  return FALSE;
}

gboolean
act_shown_examples_add_texts (const ActShownDashboard *dashboard,
    GPtrArray *examples, gboolean by_line, GError **error)
{
  g_autoptr (GHashTable) wanted = group_by_hash (examples, NULL);
  g_autoptr (ActLines) lines =
      act_shown_dashboard_open_lines (dashboard, "text_samples.jsonl", error);

  if (lines == NULL)
    return FALSE;
  if (by_line)
    return add_texts_by_line (lines, examples, error);
  return add_texts_by_hash (lines, wanted, error);
}

/* --- rows of activations.npz --- */

typedef struct {
  GHashTable *wanted; /* of group_by_hash () */
  guint n_found;
} MapReader;

static gboolean
on_map_entry (ActJsonScan *scan, const GString *key, gpointer data)
{
  MapReader *self = data;
  const GPtrArray *group = g_hash_table_lookup (self->wanted, key->str);
  guint64 row;

  if (group == NULL)
    return act_json_scan_skip (scan);
  if (!act_json_scan_uint (scan, &row))
    return FALSE;
  for (guint i = 0; i < group->len; i++)
    ((ActShownExample *) group->pdata[i])->row = row;
  self->n_found++;
  return TRUE;
}

static gboolean
read_map (const char *path, MapReader *reader, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (path, error);
  g_auto (ActJsonScan) scan = { NULL };
  const char *data;
  gsize size;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  act_json_scan_init (&scan, data ? data : "", size, TRUE, error);
  if (!g_utf8_validate_len (scan.start, size, &scan.p))
    return act_json_scan_fail (&scan, "invalid UTF-8");
  scan.p = scan.start;
  if (!act_json_scan_members (&scan, on_map_entry, reader)
      || !act_json_scan_end (&scan))
    return FALSE;
  if (reader->n_found >= g_hash_table_size (reader->wanted))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "it has %u of the %u samples that clusters.jsonl names", reader->n_found,
      g_hash_table_size (reader->wanted));
  return FALSE;
}

static gboolean
add_rows (const ActShownDashboard *dashboard, const ActShownCluster *cluster,
    GPtrArray *examples, GError **error)
{
  g_autofree char *path =
      act_shown_dashboard_path (dashboard, "activations_map.json");
  g_autoptr (GHashTable) wanted = group_by_hash (examples, cluster->name->str);
  MapReader reader = { wanted, 0 };

  if (read_map (path, &reader, error))
    return TRUE;
  g_prefix_error (error, "'%s': ", path);
  return FALSE;
}

/* --- which --- */

static void
set_unknown_key (const ActShownCluster *cluster, gboolean has_facts,
    const char *key, GError **error)
{
  g_autoptr (GString) keys = g_string_new (NULL);

  for (guint i = 0; i < cluster->criteria->len; i++) {
    const ActShownCriterion *criterion = cluster->criteria->pdata[i];

    g_string_append_printf (
        keys, "%s%s", i > 0 ? ", " : "", criterion->key->str);
  }
  if (has_facts)
    g_string_append (keys, ", random");
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "no criterion '%s', expected one of %s", key ? key : "", keys->str);
}

static GPtrArray *
examples_of_facts (const ActShownDashboard *dashboard,
    const ActShownSamples *list, guint limit, GError **error)
{
  g_autoptr (GPtrArray) examples = act_shown_examples_new ();

  for (guint i = 0; i < MIN (list->rows->len, limit); i++)
    g_ptr_array_add (examples,
        act_shown_example_new (g_array_index (list->rows, guint64, i),
            (gint64) g_array_index (list->samples, guint64, i),
            ((GString *) list->hashes->pdata[i])->str));
  if (examples->len > 0
      && (!act_shown_examples_add_lines (dashboard, examples, error)
          || !add_activations (
              dashboard, "samples.npz", ACT_DTYPE_F32, examples, error)
          || !act_shown_examples_add_texts (dashboard, examples, TRUE, error)))
    return NULL;
  return g_steal_pointer (&examples);
}

static GPtrArray *
examples_of_criterion (const ActShownDashboard *dashboard,
    const ActShownCluster *cluster, const ActShownCriterion *criterion,
    guint limit, GError **error)
{
  g_autoptr (GPtrArray) examples = act_shown_examples_new ();

  for (guint i = 0; i < MIN (criterion->hashes->len, limit); i++)
    g_ptr_array_add (examples,
        act_shown_example_new (
            0, -1, ((GString *) criterion->hashes->pdata[i])->str));
  if (examples->len > 0
      && (!add_rows (dashboard, cluster, examples, error)
          || !add_activations (
              dashboard, "activations.npz", ACT_DTYPE_F16, examples, error)
          || !act_shown_examples_add_texts (dashboard, examples, FALSE, error)))
    return NULL;
  return g_steal_pointer (&examples);
}

GPtrArray *
act_shown_examples_read (const ActShownDashboard *dashboard,
    const ActShownCluster *cluster, const ActShownFacts *facts, const char *key,
    guint limit, GError **error)
{
  const ActShownSamples *list = NULL;
  const ActShownCriterion *criterion = NULL;

  if (facts != NULL)
    list = act_shown_facts_get_samples (facts, key);
  else
    criterion = act_shown_cluster_get_criterion (cluster, key);
  if (list != NULL)
    return examples_of_facts (dashboard, list, limit, error);
  if (criterion != NULL)
    return examples_of_criterion (dashboard, cluster, criterion, limit, error);
  set_unknown_key (cluster, facts != NULL, key, error);
  return NULL;
}
