/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/examples.h"

#include "dashboard/rowpick.h"
#include "dashboard/rowspool.h"
#include "formats/bigarray.h"
#include "formats/json.h"
#include "formats/output.h"

#include <string.h>

struct _ActExamples {
  char *folder;
  guint64 n;
  ActRowSpool *rows;
  ActOutputFile *map;
  GString *text; /* of the map, not yet written */
  ActJsonWriter *json;
  /* gsize by text: 0 where no criterion of the cluster names it, else its last
   * row plus one */
  ActBigArray *last;
  GArray *picked; /* gsize: rows that criteria name */
};

ActExamples *
act_examples_new (
    const char *folder, guint n_ctx, gsize max_memory, GError **error)
{
  g_autoptr (ActExamples) self = g_new0 (ActExamples, 1);
  g_autofree char *name =
      g_build_filename (folder, "activations_map.json", NULL);

  self->folder = g_strdup (folder);
  self->text = g_string_new (NULL);
  self->json = act_json_writer_new (self->text, 2);
  self->last = act_big_array_new (sizeof (gsize), max_memory, folder);
  self->picked = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->rows = act_row_spool_new (folder, n_ctx, error);
  if (self->rows == NULL)
    return NULL;
  self->map = act_output_file_new (name, error);
  if (self->map == NULL)
    return NULL;
  act_json_begin_object (self->json);
  return g_steal_pointer (&self);
}

void
act_examples_free (ActExamples *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->map, act_output_file_free);
  act_row_spool_free (self->rows);
  act_json_writer_free (self->json);
  g_string_free (self->text, TRUE);
  act_big_array_free (self->last);
  g_array_unref (self->picked);
  g_free (self->folder);
  g_free (self);
}

static gboolean
add_row (ActExamples *self, const char *cluster, const ActRows *rows, gsize row,
    const char *hash, GError **error)
{
  g_autofree char *key = g_strconcat (cluster, "|", hash, NULL);

  act_json_key (self->json, key);
  act_json_uint (self->json, self->n++);

  return act_row_spool_add (self->rows, rows, row, error);
}

static gboolean
write_map (ActExamples *self, GError **error)
{
  if (!act_output_file_write (
          self->map, self->text->str, self->text->len, error))
    return FALSE;
  g_string_truncate (self->text, 0);
  return TRUE;
}

/* for all texts, which are known by now */
static gsize *
get_last (ActExamples *self, guint32 n_texts, GError **error)
{
  gsize n_new = n_texts - self->last->len;
  gsize *first = act_big_array_grow (self->last, n_new, error);

  if (first == NULL)
    return NULL;
  memset (first, 0, n_new * sizeof *first);
  return self->last->data;
}

/* A text that more than one sample has: its last row counts, at the place of
 * its first. */
static gboolean
add_repeated (ActExamples *self, const char *cluster, const ActRows *rows,
    const ActTexts *texts, const gsize *row_of, GError **error)
{
  char hash[ACT_TEXT_HASH_SIZE];
  gsize *last = get_last (self, act_texts_get_n (texts), error);
  guint32 text;

  if (last == NULL)
    return FALSE;
  for (guint i = 0; i < self->picked->len; i++)
    last[act_texts_get_text (
        texts, row_of[g_array_index (self->picked, gsize, i)])] = 1;
  for (gsize i = 0; i < rows->n_rows; i++) {
    text = act_texts_get_text (texts, row_of[i]);
    if (last[text] != 0)
      last[text] = i + 1;
  }
  /* at a text's first row it is written and unmarked */
  for (gsize i = 0; i < rows->n_rows; i++) {
    text = act_texts_get_text (texts, row_of[i]);
    if (last[text] == 0)
      continue;
    act_texts_get_hash (texts, text, hash);
    if (!add_row (self, cluster, rows, last[text] - 1, hash, error))
      return FALSE;
    last[text] = 0;
  }
  return TRUE;
}

/* Looks at no other rows. */
static gboolean
add_picked (ActExamples *self, const char *cluster, const ActRows *rows,
    const ActTexts *texts, const gsize *row_of, GError **error)
{
  char hash[ACT_TEXT_HASH_SIZE];

  for (guint i = 0; i < self->picked->len; i++) {
    gsize row = g_array_index (self->picked, gsize, i);

    act_texts_get_hash (texts, act_texts_get_text (texts, row_of[row]), hash);
    if (!add_row (self, cluster, rows, row, hash, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
any_is_repeated (
    const GArray *picked, const ActTexts *texts, const gsize *row_of)
{
  for (guint i = 0; i < picked->len; i++) {
    gsize row = row_of[g_array_index (picked, gsize, i)];

    if (act_texts_is_repeated (texts, act_texts_get_text (texts, row)))
      return TRUE;
  }
  return FALSE;
}

gboolean
act_examples_add (ActExamples *self, const char *cluster, const ActRows *rows,
    const ActStatistics *statistics, const ActTexts *texts, const gsize *row_of,
    GError **error)
{
  g_autofree gsize *n_listed = g_new (gsize, statistics->n_criteria + 1);

  for (guint c = 0; c < statistics->n_criteria; c++)
    n_listed[c] = statistics->n_top;
  act_pick_rows (self->picked, (const gsize *const *) statistics->top, n_listed,
      statistics->n_criteria);
  return (any_is_repeated (self->picked, texts, row_of)
                 ? add_repeated
                 : add_picked) (self, cluster, rows, texts, row_of, error)
      && write_map (self, error);
}

guint64
act_examples_get_n (const ActExamples *self)
{
  return self->n;
}

gboolean
act_examples_finish (ActExamples *self, const gint *cancelled, GError **error)
{
  g_autofree char *name =
      g_build_filename (self->folder, "activations.npz", NULL);
  g_autoptr (ActZipWriter) zip = NULL;

  act_json_end_object (self->json);
  if (!write_map (self, error)
      || !act_output_file_close (g_steal_pointer (&self->map), error))
    return FALSE;
  zip = act_zip_writer_new (name, error);
  return zip != NULL
      && act_row_spool_write (
          self->rows, zip, "activations", ACT_DTYPE_F16, cancelled, error)
      && act_zip_writer_close (g_steal_pointer (&zip), error);
}
