/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/examples.h"

#include "dashboard/ziparray.h"
#include "formats/bigarray.h"
#include "formats/json.h"
#include "formats/output.h"

#include <string.h>

struct _ActExamples {
  char *folder;
  guint n_ctx;
  guint64 n;
  ActScratch *rows;
  ActOutputFile *map;
  GString *text; /* of the map, not yet written */
  ActJsonWriter *json;
  guint16 *half; /* [n_ctx] */
  /* gsize by text: 0 where no criterion of the cluster names it, else its last
   * row plus one */
  ActBigArray *last;
};

ActExamples *
act_examples_new (
    const char *folder, guint n_ctx, gsize max_memory, GError **error)
{
  g_autoptr (ActExamples) self = g_new0 (ActExamples, 1);
  g_autofree char *name =
      g_build_filename (folder, "activations_map.json", NULL);

  self->folder = g_strdup (folder);
  self->n_ctx = n_ctx;
  self->text = g_string_new (NULL);
  self->json = act_json_writer_new (self->text, 2);
  self->half = g_new (guint16, n_ctx);
  self->last = act_big_array_new (sizeof (gsize), max_memory, folder);
  self->rows = act_scratch_new (folder, error);
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
  act_scratch_free (self->rows);
  act_json_writer_free (self->json);
  g_string_free (self->text, TRUE);
  g_free (self->half);
  act_big_array_free (self->last);
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

  memset (self->half, 0, self->n_ctx * sizeof *self->half);
  for (gsize k = rows->indptr[row]; k < rows->indptr[row + 1]; k++)
    self->half[rows->positions[k]] = act_f32_to_f16 (rows->values[k]);
  return act_scratch_append (
      self->rows, self->half, self->n_ctx * sizeof *self->half, error);
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

gboolean
act_examples_add (ActExamples *self, const char *cluster, const ActRows *rows,
    const ActStatistics *statistics, const ActTexts *texts, const gsize *row_of,
    GError **error)
{
  char hash[ACT_TEXT_HASH_SIZE];
  gsize *last = get_last (self, act_texts_get_n (texts), error);
  guint32 text;

  if (last == NULL)
    return FALSE;
  for (guint c = 0; c < statistics->n_criteria; c++)
    for (gsize i = 0; i < statistics->n_top; i++) {
      text = act_texts_get_text (texts, row_of[statistics->top[c][i]]);
      last[text] = 1;
    }
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
  return write_map (self, error);
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
  guint64 shape[2] = { self->n, self->n_ctx };
  g_autoptr (ActZipWriter) zip = NULL;

  act_json_end_object (self->json);
  if (!write_map (self, error)
      || !act_output_file_close (g_steal_pointer (&self->map), error))
    return FALSE;
  zip = act_zip_writer_new (name, error);
  return zip != NULL
      && act_zip_add_scratch (zip, "activations", ACT_DTYPE_F16, 2, shape,
          self->rows, cancelled, error)
      && act_zip_writer_close (g_steal_pointer (&zip), error);
}
