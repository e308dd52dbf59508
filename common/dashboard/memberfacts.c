/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/memberfacts.h"

#include "acterror.h"
#include "dashboard/ziparray.h"
#include "formats/bigarray.h"
#include "sparse/csr.h"

#include <string.h>

struct _ActMemberFacts {
  char *folder;
  guint n_ctx;
  float threshold;

  /* the component at hand */
  ActActivity activity;
  ActBigArray *values; /* float, for the median */
  gsize n_shown_done;

  /* the line at hand */
  const guint64 *shown;
  gsize n_shown;

  /* a row is a line's component and shown sample */
  gint64 n_rows;
  gint64 n_values;
  ActScratch *row_ends; /* gint64 */
  ActScratch *row_positions;
  ActScratch *row_values;
  GArray *line_indptr; /* gint64, one more: a line's first row */
  gint64 n_counts;
  ActScratch *counts; /* gint64 */
  GArray *counts_indptr;
};

static GArray *
new_indptr (void)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 zero = 0;

  g_array_append_val (array, zero);
  return array;
}

static gboolean
open_spools (ActMemberFacts *self, GError **error)
{
  gint64 zero = 0;

  return (self->row_ends = act_scratch_new (self->folder, error)) != NULL
      && (self->row_positions = act_scratch_new (self->folder, error)) != NULL
      && (self->row_values = act_scratch_new (self->folder, error)) != NULL
      && (self->counts = act_scratch_new (self->folder, error)) != NULL
      && act_scratch_append (self->row_ends, &zero, sizeof zero, error);
}

ActMemberFacts *
act_member_facts_new (const char *folder, guint n_ctx, float threshold,
    gsize max_memory, GError **error)
{
  g_autoptr (ActMemberFacts) self = g_new0 (ActMemberFacts, 1);

  self->folder = g_strdup (folder);
  self->n_ctx = n_ctx;
  self->threshold = threshold;
  self->values = act_big_array_new (sizeof (float), max_memory, folder);
  self->line_indptr = new_indptr ();
  self->counts_indptr = new_indptr ();
  return open_spools (self, error) ? g_steal_pointer (&self) : NULL;
}

void
act_member_facts_free (ActMemberFacts *self)
{
  if (self == NULL)
    return;
  act_big_array_free (self->values);
  g_array_unref (self->line_indptr);
  g_array_unref (self->counts_indptr);
  act_scratch_free (self->row_ends);
  act_scratch_free (self->row_positions);
  act_scratch_free (self->row_values);
  act_scratch_free (self->counts);
  g_free (self->folder);
  g_free (self);
}

void
act_member_facts_begin_line (
    ActMemberFacts *self, const guint64 *shown, gsize n_shown)
{
  self->shown = shown;
  self->n_shown = n_shown;
}

gboolean
act_member_facts_add_coactivations (
    ActMemberFacts *self, const gint64 *counts, guint n_members, GError **error)
{
  gsize n = (gsize) n_members * n_members;

  self->n_counts += n;
  return act_scratch_append (self->counts, counts, n * sizeof *counts, error);
}

void
act_member_facts_begin (ActMemberFacts *self)
{
  act_activity_init (&self->activity, self->threshold);
  act_big_array_shrink (self->values, 0);
  self->n_shown_done = 0;
}

/* The shown samples before `sample`, of which there are no rows, are empty. */
static gboolean
skip_shown (ActMemberFacts *self, guint64 sample, GError **error)
{
  for (; self->n_shown_done < self->n_shown
       && self->shown[self->n_shown_done] < sample;
       self->n_shown_done++)
    if (!act_scratch_append (
            self->row_ends, &self->n_values, sizeof self->n_values, error))
      return FALSE;
  return TRUE;
}

/* both lists of samples ascend */
static gboolean
show_row (ActMemberFacts *self, guint64 sample, const gint32 *positions,
    const float *values, gsize n, GError **error)
{
  if (self->n_shown_done == self->n_shown
      || self->shown[self->n_shown_done] > sample)
    return TRUE;
  if (!skip_shown (self, sample, error))
    return FALSE;
  if (self->n_shown_done == self->n_shown
      || self->shown[self->n_shown_done] > sample)
    return TRUE;
  self->n_shown_done++;
  self->n_values += n;
  return act_scratch_append (
             self->row_positions, positions, n * sizeof *positions, error)
      && act_scratch_append (
          self->row_values, values, n * sizeof *values, error)
      && act_scratch_append (
          self->row_ends, &self->n_values, sizeof self->n_values, error);
}

/* A store checks its values; records may come from elsewhere. */
static gboolean
check_finite (gsize n_rows, const guint64 *samples, const gint64 *indptr,
    const gint32 *positions, const float *values, GError **error)
{
  gssize bad = act_find_nonfinite (values, indptr[n_rows]);
  gsize row = 0;

  if (bad < 0)
    return TRUE;
  while (indptr[row + 1] <= bad)
    row++;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "the activation in sample %" G_GUINT64_FORMAT
      ", position %d, is %g; a finite number was expected",
      samples[row], positions[bad], (double) values[bad]);
  return FALSE;
}

gboolean
act_member_facts_add_rows (ActMemberFacts *self, gsize n_rows, guint64 n_empty,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error)
{
  float *kept;

  if (!check_finite (n_rows, samples, indptr, positions, values, error))
    return FALSE;
  kept = act_big_array_grow (self->values, indptr[n_rows], error);
  if (kept == NULL)
    return FALSE;
  if (indptr[n_rows] > 0)
    memcpy (kept, values, indptr[n_rows] * sizeof *values);
  act_activity_add_empty_rows (&self->activity, n_empty);
  for (gsize i = 0; i < n_rows; i++) {
    gsize first = indptr[i], n = indptr[i + 1] - first;

    act_activity_add_row (&self->activity, values + first, n);
    if (!show_row (
            self, samples[i], positions + first, values + first, n, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_member_facts_end (ActMemberFacts *self, ActMemberFact *fact, GError **error)
{
  const ActActivity *activity = &self->activity;

  *fact = (ActMemberFact){
    .n_samples = activity->n_samples,
    .n_active_positions = activity->n_active_positions,
    .n_active_samples = activity->n_active_samples,
    .sum = act_exact_sum_get (&activity->sum),
    .mass = act_exact_sum_get_absolute (&activity->sum),
    .min = act_activity_get_min (activity, self->n_ctx),
    .max = act_activity_get_max (activity, self->n_ctx),
    .median = act_activity_get_median (
        activity, self->n_ctx, (const float *) self->values->data),
  };
  self->n_rows += self->n_shown;
  return skip_shown (self, G_MAXUINT64, error);
}

void
act_member_facts_end_line (ActMemberFacts *self)
{
  g_array_append_val (self->line_indptr, self->n_rows);
  g_array_append_val (self->counts_indptr, self->n_counts);
}

gboolean
act_member_facts_finish (
    ActMemberFacts *self, const gint *cancelled, GError **error)
{
  g_autofree char *name =
      g_build_filename (self->folder, "component_activations.npz", NULL);
  guint64 n_lines = self->line_indptr->len, n_rows = self->n_rows + 1;
  guint64 n_values = self->n_values, n_counts = self->n_counts;
  g_autoptr (ActZipWriter) zip = act_zip_writer_new (name, error);

  return zip != NULL
      && act_zip_add_array (zip, "line_indptr", ACT_DTYPE_I64, 1, &n_lines,
          self->line_indptr->data, error)
      && act_zip_add_scratch (zip, "indptr", ACT_DTYPE_I64, 1, &n_rows,
          self->row_ends, cancelled, error)
      && act_zip_add_scratch (zip, "positions", ACT_DTYPE_I32, 1, &n_values,
          self->row_positions, cancelled, error)
      && act_zip_add_scratch (zip, "values", ACT_DTYPE_F32, 1, &n_values,
          self->row_values, cancelled, error)
      && act_zip_add_array (zip, "coactivations_indptr", ACT_DTYPE_I64, 1,
          &n_lines, self->counts_indptr->data, error)
      && act_zip_add_scratch (zip, "coactivations", ACT_DTYPE_I64, 1, &n_counts,
          self->counts, cancelled, error)
      && act_zip_writer_close (g_steal_pointer (&zip), error);
}
