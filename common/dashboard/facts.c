/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/facts.h"

#include "acterror.h"
#include "dashboard/componentfacts.h"
#include "dashboard/factsline.h"
#include "dashboard/prioritysample.h"
#include "dashboard/shownsamples.h"
#include "dashboard/ziparray.h"
#include "viewer/viewer.h"

#include <gio/gio.h>

struct _ActFacts {
  char *folder;
  ActFactsSettings settings;
  const ActCriteria *criteria;
  const ActDashboardRun *run;
  ActTexts *texts;
  ActViewer *viewer; /* or NULL */
  ActFactsTotals totals;
  float threshold;
  guint top_n_tokens;

  ActTokenFacts *tokens;
  ActPrioritySample random;
  GArray *random_rows; /* gsize */
  /* of each criterion, last the random ones: the rows, the best first */
  const gsize **lists;
  gsize *n_listed;
  ActShownSamples *shown;
  ActMemberFacts *members;
  ActComponentFacts *components; /* or NULL: nothing of them by themselves */
  ActCoactive *coactive;

  /* lines that lack their coactivations and the last bracket */
  ActScratch *lines;
  GArray *line_ends;     /* guint64 */
  GArray *line_clusters; /* guint */
  gint32 *line_of;       /* [n_clusters], -1: none */
  GPtrArray *names;      /* by line */

  /* the line at hand */
  const ActDashboardCluster *description; /* NULL: none */
  ActRows rows;
  const gsize *row_of;
  GString *line;
  ActJsonWriter *json;
  GArray *member_facts; /* ActMemberFact, of those that came */
  /* those of a piece's rows that hold values */
  GArray *full_samples; /* guint64 */
  GArray *full_indptr;  /* gint64, one more */
};

static gboolean
open_parts (ActFacts *self, gsize max_memory, GError **error)
{
  self->shown = act_shown_samples_new (
      self->folder, self->run->n_ctx, self->criteria->n + 1, error);
  if (self->shown == NULL)
    return FALSE;
  self->members = act_member_facts_new (
      self->folder, self->run->n_ctx, self->threshold, max_memory, error);
  if (self->members == NULL)
    return FALSE;
  self->lines = act_scratch_new (self->folder, error);
  return self->lines != NULL;
}

ActFacts *
act_facts_new (const char *folder, const ActDashboardSettings *settings,
    const ActCriteria *criteria, const ActDashboardRun *run, ActTexts *texts,
    ActViewer *viewer, ActCountRows *coactivations, gsize max_memory,
    GError **error)
{
  g_autoptr (ActFacts) self = g_new0 (ActFacts, 1);

  self->folder = g_strdup (folder);
  self->settings = settings->facts;
  self->criteria = criteria;
  self->run = run;
  self->texts = texts;
  self->viewer = viewer;
  self->threshold = (float) settings->activation_threshold;
  self->top_n_tokens = settings->top_n_tokens;
  act_priority_sample_init (&self->random, self->settings.n_random);
  self->random_rows = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->lists = g_new0 (const gsize *, criteria->n + 1);
  self->n_listed = g_new0 (gsize, criteria->n + 1);
  self->line_ends = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->line_clusters = g_array_new (FALSE, FALSE, sizeof (guint));
  self->line_of = g_new (gint32, MAX (run->n_clusters, 1));
  for (guint i = 0; i < run->n_clusters; i++)
    self->line_of[i] = -1;
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->line = g_string_new (NULL);
  self->member_facts = g_array_new (FALSE, FALSE, sizeof (ActMemberFact));
  self->full_samples = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->full_indptr = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->coactive =
      act_coactive_new (coactivations, self->settings.n_coactivating);
  if (viewer != NULL && settings->component_details)
    self->components =
        act_component_facts_new (folder, settings, texts, max_memory);
  return open_parts (self, max_memory, error) ? g_steal_pointer (&self) : NULL;
}

void
act_facts_free (ActFacts *self)
{
  if (self == NULL)
    return;
  act_token_facts_free (self->tokens);
  act_priority_sample_clear (&self->random);
  g_array_unref (self->random_rows);
  g_free (self->lists);
  g_free (self->n_listed);
  act_shown_samples_free (self->shown);
  act_member_facts_free (self->members);
  act_component_facts_free (self->components);
  act_coactive_free (self->coactive);
  act_scratch_free (self->lines);
  g_array_unref (self->line_ends);
  g_array_unref (self->line_clusters);
  g_ptr_array_unref (self->names);
  g_free (self->line_of);
  g_clear_pointer (&self->json, act_json_writer_free);
  g_string_free (self->line, TRUE);
  g_array_unref (self->member_facts);
  g_array_unref (self->full_samples);
  g_array_unref (self->full_indptr);
  g_free (self->folder);
  g_free (self);
}

void
act_facts_end_samples (ActFacts *self)
{
  self->totals.n_ctx = self->run->n_ctx;
  self->totals.n_samples = act_texts_get_n_samples (self->texts);
  self->tokens = act_token_facts_new (
      self->texts, self->top_n_tokens, self->settings.min_token_count);
}

/* All that needs every value, in one pass. */
static void
scan_rows (ActFacts *self, const ActRows *rows, const gsize *row_of,
    ActActivity *activity)
{
  act_activity_init (activity, self->threshold);
  act_activity_add_empty_rows (activity, rows->n_rows - rows->n_full);
  act_priority_sample_reset (&self->random);
  for (gsize k = 0; k < rows->n_full; k++) {
    gsize i = rows->full[k];
    gsize first = rows->indptr[i], n = rows->indptr[i + 1] - first;

    if (act_activity_add_row (activity, rows->values + first, n) == 0)
      continue;
    act_token_facts_add_row (self->tokens,
        act_texts_get_tokens (self->texts, row_of[i]), rows->positions + first,
        rows->values + first, n, self->threshold);
    act_priority_sample_add (&self->random,
        act_priority_key (
            self->settings.seed, act_texts_get_sample (self->texts, row_of[i])),
        i);
  }
  act_priority_sample_sort (&self->random);
}

static void
write_list (ActFacts *self, const char *key, guint list, const gsize *rows,
    gsize n, const gsize *row_of)
{
  guint64 first = act_shown_samples_get_first (self->shown);
  char hash[ACT_TEXT_HASH_SIZE];

  act_json_key (self->json, key);
  act_json_begin_object (self->json);
  act_json_key (self->json, "row");
  act_json_begin_array (self->json);
  for (gsize i = 0; i < n; i++)
    act_json_uint (self->json,
        first + act_shown_samples_get_listed (self->shown, list, i));
  act_json_end_array (self->json);
  act_json_key (self->json, "sample");
  act_json_begin_array (self->json);
  for (gsize i = 0; i < n; i++)
    act_json_uint (
        self->json, act_texts_get_sample (self->texts, row_of[rows[i]]));
  act_json_end_array (self->json);
  act_json_key (self->json, "text_hash");
  act_json_begin_array (self->json);
  for (gsize i = 0; i < n; i++) {
    guint32 text = act_texts_get_text (self->texts, row_of[rows[i]]);

    act_texts_get_hash (self->texts, text, hash);
    act_json_string (self->json, hash);
  }
  act_json_end_array (self->json);
  act_json_end_object (self->json);
}

/* each criterion's samples, and the random ones */
static gboolean
show_samples (ActFacts *self, const ActRows *rows,
    const ActStatistics *statistics, const gsize *row_of, GError **error)
{
  guint n_criteria = self->criteria->n;
  const gsize **lists = self->lists;
  gsize *n_listed = self->n_listed;

  for (guint c = 0; c < n_criteria; c++) {
    lists[c] = statistics->top[c];
    n_listed[c] = statistics->n_top;
  }
  g_array_set_size (self->random_rows, 0);
  for (guint i = 0; i < self->random.n; i++)
    g_array_append_val (self->random_rows, self->random.heap[i].row);
  lists[n_criteria] = (const gsize *) self->random_rows->data;
  n_listed[n_criteria] = self->random_rows->len;
  if (!act_shown_samples_add (
          self->shown, rows, lists, n_listed, self->texts, row_of, error))
    return FALSE;

  act_json_key (self->json, "samples");
  act_json_begin_object (self->json);
  for (guint i = 0; i <= n_criteria; i++)
    write_list (self, i < n_criteria ? self->criteria->items[i].key : "random",
        i, lists[i], n_listed[i], row_of);
  act_json_end_object (self->json);
  return TRUE;
}

/* here: the caller's to clear */
static void
write_tokens (
    ActFacts *self, const ActTokenStatistics *tokens, ActTokenTable *here)
{
  const ActStrings *strings = act_texts_get_strings (self->texts);
  ActTokenTable next;

  act_token_facts_finish (
      self->tokens, tokens->ranking, tokens->n_unique, here, &next);
  act_facts_line_tokens (self->json, "tokens", here, strings);
  act_facts_line_tokens (self->json, "next_tokens", &next, strings);
  act_token_table_clear (&next);
}

static gboolean
begin_viewer_line (ActFacts *self, const ActRows *rows,
    const ActStatistics *statistics, const gsize *row_of,
    const ActActivity *activity, const ActTokenTable *tokens, GError **error)
{
  ActViewerLine line = {
    .description = self->description,
    .statistics = statistics,
    .activity = activity,
    .tokens = tokens,
    .rows = rows,
    .row_of = row_of,
    .n_lists = self->criteria->n + 1,
    .lists = self->lists,
    .n_listed = self->n_listed,
    .listed = act_shown_samples_get_last_rows (self->shown),
    .first_row = act_shown_samples_get_first (self->shown),
  };

  return act_viewer_begin_line (self->viewer, &line, error);
}

gboolean
act_facts_begin_line (ActFacts *self, guint cluster,
    const ActDashboardCluster *description, const ActRows *rows,
    const ActStatistics *statistics, const gsize *row_of, GError **error)
{
  const guint64 *shown;
  gsize n_shown;
  ActActivity activity;
  ActTokenTable tokens;
  gboolean ok;

  g_return_val_if_fail (self->description == NULL, FALSE);
  self->description = description;
  self->rows = *rows;
  self->row_of = row_of;
  self->line_of[cluster] = self->names->len;
  g_array_append_val (self->line_clusters, cluster);
  g_ptr_array_add (self->names, g_strdup (description->name));

  scan_rows (self, rows, row_of, &activity);
  g_string_truncate (self->line, 0);
  self->json = act_json_writer_new (self->line, 0);
  act_json_begin_object (self->json);
  act_json_key (self->json, "cluster_hash");
  act_json_string (self->json, description->name);
  act_facts_line_activation (self->json, &activity, &self->totals);
  if (!show_samples (self, rows, statistics, row_of, error))
    return FALSE;
  write_tokens (self, &statistics->tokens, &tokens);
  ok = self->viewer == NULL
      || begin_viewer_line (
          self, rows, statistics, row_of, &activity, &tokens, error);
  act_token_table_clear (&tokens);
  shown = act_shown_samples_get_last (self->shown, &n_shown);
  act_member_facts_begin_line (self->members, shown, n_shown);
  g_array_set_size (self->member_facts, 0);
  return ok;
}

gboolean
act_facts_add_member_coactivations (
    ActFacts *self, const gint64 *counts, GError **error)
{
  guint n;

  if (self->description == NULL)
    return TRUE;
  n = self->description->n_members;
  if (self->viewer != NULL)
    act_viewer_add_member_coactivations (self->viewer, counts, n);
  return act_member_facts_add_coactivations (self->members, counts, n, error);
}

void
act_facts_begin_member (ActFacts *self)
{
  if (self->description == NULL)
    return;
  act_member_facts_begin (self->members);
  if (self->components != NULL)
    act_component_facts_begin (self->components,
        self->description->n_members == 1 ? &self->rows : NULL, self->row_of);
}

/* Leaves out rows without values, which most of most components' are; -> how
 * many are left. */
static gsize
pick_full_rows (
    ActFacts *self, gsize n_rows, const guint64 *samples, const gint64 *indptr)
{
  guint64 *full_samples;
  gint64 *full_indptr;
  gsize n = 0;

  g_array_set_size (self->full_samples, n_rows + 1);
  g_array_set_size (self->full_indptr, n_rows + 1);
  full_samples = (guint64 *) self->full_samples->data;
  full_indptr = (gint64 *) self->full_indptr->data;
  for (gsize i = 0; i < n_rows; i++) {
    full_samples[n] = samples[i];
    full_indptr[n] = indptr[i];
    n += indptr[i + 1] > indptr[i];
  }
  full_indptr[n] = indptr[n_rows];
  return n;
}

gboolean
act_facts_add_member_rows (ActFacts *self, gsize n_rows, const guint64 *samples,
    const gint64 *indptr, const gint32 *positions, const float *values,
    GError **error)
{
  gsize n, n_empty;

  if (self->description == NULL)
    return TRUE;
  n = pick_full_rows (self, n_rows, samples, indptr);
  n_empty = n_rows - n;
  samples = (const guint64 *) self->full_samples->data;
  indptr = (const gint64 *) self->full_indptr->data;
  if (act_member_facts_add_rows (
          self->members, n, n_empty, samples, indptr, positions, values, error)
      && (self->components == NULL
          || act_component_facts_add_rows (self->components, n, n_empty,
              samples, indptr, positions, values, error))
      && (self->viewer == NULL
          || act_viewer_add_member_rows (
              self->viewer, n, samples, indptr, positions, values, error)))
    return TRUE;
  g_prefix_error (error,
      "cluster '%s', component %u of %u: ", self->description->name,
      self->member_facts->len, self->description->n_members);
  return FALSE;
}

static gboolean
end_component (ActFacts *self, const ActMemberFact *fact, GError **error)
{
  ActComponentDetail detail;
  gboolean ok;

  if (self->components == NULL)
    return TRUE;
  /* most clusters may be single components: all is known of these */
  if (act_component_facts_is_same (self->components))
    return act_viewer_add_component (self->viewer, NULL, error);
  if (!act_component_facts_end (
          self->components, fact, self->tokens, &detail, error))
    return FALSE;
  ok = act_viewer_add_component (self->viewer, &detail, error);
  act_component_detail_clear (&detail);
  return ok;
}

gboolean
act_facts_end_member (ActFacts *self, GError **error)
{
  ActMemberFact fact;

  if (self->description == NULL)
    return TRUE;
  if (!act_member_facts_end (self->members, &fact, error))
    return FALSE;
  g_array_append_val (self->member_facts, fact);
  return self->viewer == NULL
      || (end_component (self, &fact, error)
          && act_viewer_end_member (self->viewer, &fact, error));
}

gboolean
act_facts_end_line (ActFacts *self, GError **error)
{
  const ActMemberFact *facts = (const ActMemberFact *) self->member_facts->data;
  guint n = self->member_facts->len;
  guint64 end;

  if (self->description == NULL)
    return TRUE;
  if (n > 0 && n != self->description->n_members) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "cluster '%s' has %u components, rows of %u came",
        self->description->name, self->description->n_members, n);
    return FALSE;
  }
  act_facts_line_members (self->json, self->run, self->description,
      n > 0 ? facts : NULL, &self->totals);
  act_member_facts_end_line (self->members);
  g_clear_pointer (&self->json, act_json_writer_free);
  self->description = NULL;

  end = self->line->len;
  if (self->line_ends->len > 0)
    end += g_array_index (self->line_ends, guint64, self->line_ends->len - 1);
  g_array_append_val (self->line_ends, end);
  return act_scratch_append (
             self->lines, self->line->str, self->line->len, error)
      && (self->viewer == NULL
          || act_viewer_end_line (self->viewer, self->line->len, error));
}

/* what of line i was spooled, and the rest */
static gboolean
complete_line (ActFacts *self, guint i, GError **error)
{
  guint cluster = g_array_index (self->line_clusters, guint, i);
  guint64 *ends = (guint64 *) self->line_ends->data;
  guint64 start = i > 0 ? ends[i - 1] : 0;
  g_autoptr (ActJsonWriter) json = act_json_writer_new (self->line, 0);
  ActCoactiveTable table;
  gboolean ok;

  g_string_set_size (self->line, ends[i] - start);
  if (!act_scratch_read (
          self->lines, start, self->line->str, self->line->len, error)
      || !act_coactive_get (
          self->coactive, cluster, self->line_of, &table, error))
    return FALSE;
  g_string_append (self->line, ", \"coactivating\": ");
  act_facts_line_coactive (json, &table, self->line_of,
      (const char *const *) self->names->pdata, &self->totals);
  g_string_append_c (self->line, '}');
  ok = self->viewer == NULL
      || act_viewer_add_facts (self->viewer, g_ptr_array_index (self->names, i),
          self->line->str, self->line->len, &table, self->line_of, error);
  g_string_append_c (self->line, '\n');
  act_coactive_table_clear (&table);
  return ok;
}

static gboolean
write_lines (ActFacts *self, const gint *cancelled, GError **error)
{
  g_autofree char *name =
      g_build_filename (self->folder, "cluster_facts.jsonl", NULL);
  g_autoptr (ActOutputFile) file = act_output_file_new (name, error);

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < self->line_ends->len; i++) {
    if (g_atomic_int_get (cancelled)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
      return FALSE;
    }
    if (!complete_line (self, i, error)
        || !act_output_file_write (
            file, self->line->str, self->line->len, error))
      return FALSE;
  }
  return act_output_file_close (g_steal_pointer (&file), error);
}

gboolean
act_facts_finish (ActFacts *self, const gint *cancelled, GError **error)
{
  if (!act_facts_end_line (self, error))
    return FALSE;
  if (self->viewer != NULL)
    act_viewer_begin_files (self->viewer);
  return write_lines (self, cancelled, error)
      && (self->viewer == NULL
          || act_viewer_end_files (self->viewer, self->coactive,
              (const guint *) self->line_clusters->data, cancelled, error))
      && act_shown_samples_finish (self->shown, self->texts, cancelled, error)
      && act_member_facts_finish (self->members, cancelled, error);
}
