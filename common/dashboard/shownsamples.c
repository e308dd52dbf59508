/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/shownsamples.h"

#include "dashboard/rowpick.h"
#include "dashboard/rowspool.h"
#include "dashboard/ziparray.h"

/* Of a row there are some bytes in memory; its activations are spooled. */
struct _ActShownSamples {
  char *folder;
  guint n_lists;
  ActRowSpool *activations;
  /* a row */
  GArray *lines;   /* gint64 */
  GArray *samples; /* guint64 */
  GArray *texts;   /* gint64 */
  /* a line */
  GArray *indptr; /* gint64, one more: its first row */
  /* a line and list */
  GArray *list_indptr; /* gint64, one more */
  GArray *list_rows;   /* gint64 */
  GArray *picked;      /* gsize, scratch: rows of the cluster */
};

static GArray *
new_indptr (void)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 zero = 0;

  g_array_append_val (array, zero);
  return array;
}

ActShownSamples *
act_shown_samples_new (
    const char *folder, guint n_ctx, guint n_lists, GError **error)
{
  g_autoptr (ActShownSamples) self = g_new0 (ActShownSamples, 1);

  self->folder = g_strdup (folder);
  self->n_lists = n_lists;
  self->lines = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->samples = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->texts = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->indptr = new_indptr ();
  self->list_indptr = new_indptr ();
  self->list_rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->picked = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->activations = act_row_spool_new (folder, n_ctx, error);
  return self->activations != NULL ? g_steal_pointer (&self) : NULL;
}

void
act_shown_samples_free (ActShownSamples *self)
{
  if (self == NULL)
    return;
  act_row_spool_free (self->activations);
  g_array_unref (self->lines);
  g_array_unref (self->samples);
  g_array_unref (self->texts);
  g_array_unref (self->indptr);
  g_array_unref (self->list_indptr);
  g_array_unref (self->list_rows);
  g_array_unref (self->picked);
  g_free (self->folder);
  g_free (self);
}

static gboolean
add_row (ActShownSamples *self, const ActRows *rows, gsize row, ActTexts *texts,
    gsize text_row, GError **error)
{
  gint64 line = self->indptr->len - 1;
  guint64 sample = act_texts_get_sample (texts, text_row);
  guint32 text = act_texts_get_text (texts, text_row);
  gint64 text_index = text;

  act_texts_mark (texts, text);
  g_array_append_val (self->lines, line);
  g_array_append_val (self->samples, sample);
  g_array_append_val (self->texts, text_index);
  return act_row_spool_add (self->activations, rows, row, error);
}

static void
add_list (ActShownSamples *self, const gsize *list, gsize n)
{
  gint64 first = g_array_index (self->indptr, gint64, self->indptr->len - 1);
  gint64 end = self->list_rows->len + n;

  for (gsize i = 0; i < n; i++) {
    gint64 row = first + act_picked_place (self->picked, list[i]);

    g_array_append_val (self->list_rows, row);
  }
  g_array_append_val (self->list_indptr, end);
}

gboolean
act_shown_samples_add (ActShownSamples *self, const ActRows *rows,
    const gsize *const *lists, const gsize *n_listed, ActTexts *texts,
    const gsize *row_of, GError **error)
{
  gint64 end;

  act_pick_rows (self->picked, lists, n_listed, self->n_lists);
  for (gsize i = 0; i < self->picked->len; i++) {
    gsize row = g_array_index (self->picked, gsize, i);

    if (!add_row (self, rows, row, texts, row_of[row], error))
      return FALSE;
  }
  for (guint i = 0; i < self->n_lists; i++)
    add_list (self, lists[i], n_listed[i]);
  end = self->samples->len;
  g_array_append_val (self->indptr, end);
  return TRUE;
}

guint64
act_shown_samples_get_first (const ActShownSamples *self)
{
  return g_array_index (self->indptr, gint64, self->indptr->len - 2);
}

const guint64 *
act_shown_samples_get_last (const ActShownSamples *self, gsize *n_samples)
{
  guint64 first = act_shown_samples_get_first (self);

  *n_samples = self->samples->len - first;
  return (const guint64 *) self->samples->data + first;
}

const GArray *
act_shown_samples_get_last_rows (const ActShownSamples *self)
{
  return self->picked;
}

gsize
act_shown_samples_get_listed (const ActShownSamples *self, guint list, gsize i)
{
  guint place = self->list_indptr->len - 1 - self->n_lists + list;
  gint64 at = g_array_index (self->list_indptr, gint64, place) + i;

  return g_array_index (self->list_rows, gint64, at)
      - act_shown_samples_get_first (self);
}

static gboolean
write_array (ActZipWriter *zip, const char *name, ActDtype dtype,
    const GArray *array, GError **error)
{
  guint64 n = array->len;

  return act_zip_add_array (zip, name, dtype, 1, &n, array->data, error);
}

gboolean
act_shown_samples_finish (ActShownSamples *self, const ActTexts *texts,
    const gint *cancelled, GError **error)
{
  g_autofree char *name = g_build_filename (self->folder, "samples.npz", NULL);
  gint64 *text = (gint64 *) self->texts->data;
  g_autoptr (ActZipWriter) zip = act_zip_writer_new (name, error);

  if (zip == NULL)
    return FALSE;
  for (guint i = 0; i < self->texts->len; i++)
    text[i] = act_texts_get_line (texts, text[i]);
  return write_array (zip, "cluster", ACT_DTYPE_I64, self->lines, error)
      && write_array (zip, "sample", ACT_DTYPE_U64, self->samples, error)
      && write_array (zip, "text", ACT_DTYPE_I64, self->texts, error)
      && write_array (zip, "indptr", ACT_DTYPE_I64, self->indptr, error)
      && write_array (
          zip, "list_indptr", ACT_DTYPE_I64, self->list_indptr, error)
      && write_array (zip, "list_rows", ACT_DTYPE_I64, self->list_rows, error)
      && act_row_spool_write (self->activations, zip, "activations",
          ACT_DTYPE_F32, cancelled, error)
      && act_zip_writer_close (g_steal_pointer (&zip), error);
}
