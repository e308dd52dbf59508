/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/detail.h"

#include "formats/json.h"
#include "viewer/datafile.h"
#include "viewer/numbers.h"
#include "viewer/tokenlists.h"

struct _ActViewerDetail {
  char *folder;
  guint n_lines;
  guint n_parts; /* begun */
  /* the file at hand */
  ActDataFile *file; /* or NULL */
  gsize size;
  ActTokenLists lists;
  GString *text;
};

ActViewerDetail *
act_viewer_detail_new (const char *folder, const ActTexts *texts)
{
  ActViewerDetail *self = g_new0 (ActViewerDetail, 1);

  self->folder = g_strdup (folder);
  act_token_lists_init (&self->lists, texts);
  self->text = g_string_new (NULL);
  return self;
}

void
act_viewer_detail_free (ActViewerDetail *self)
{
  if (self == NULL)
    return;
  act_data_file_free (self->file);
  act_token_lists_clear (&self->lists);
  g_string_free (self->text, TRUE);
  g_free (self->folder);
  g_free (self);
}

static gboolean
append_text (ActViewerDetail *self, GError **error)
{
  self->size += self->text->len;
  return act_data_file_append (
      self->file, self->text->str, self->text->len, error);
}

static gboolean
begin_file (ActViewerDetail *self, GError **error)
{
  self->file =
      act_data_file_new_part (self->folder, "clusters", self->n_parts, error);
  if (self->file == NULL)
    return FALSE;
  self->n_parts++;
  self->size = 0;
  g_string_printf (self->text, "{\"first\":%u,\"clusters\":[", self->n_lines);
  return append_text (self, error);
}

/* the token lists come last: by then they are known */
static gboolean
end_file (ActViewerDetail *self, GError **error)
{
  g_string_assign (self->text, "],");
  act_token_lists_take (&self->lists, self->text);
  g_string_append_c (self->text, '}');
  return append_text (self, error)
      && act_data_file_close (g_steal_pointer (&self->file), error);
}

/* which of the ascending numbers it is; it is there */
static guint32
place_of (const guint32 *numbers, gsize n, guint32 number)
{
  gsize low = 0, high = n;

  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;

    if (numbers[middle] <= number)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* rows of samples.npz */
static void
write_rows (ActViewerDetail *self, const ActDetailLine *line)
{
  g_string_append (self->text, ",\"shown\":{\"first_row\":");
  act_append_uint (self->text, line->first_row);
  g_string_append (self->text, ",\"places\":");
  if (line->places != NULL)
    act_append_u32_list (self->text, line->places, line->n_shown);
  else
    g_string_append (self->text, "null");
}

/* which samples, texts and token lists are shown */
static void
write_samples (ActViewerDetail *self, const ActDetailLine *line,
    const guint32 *shown, gsize n_texts)
{
  const ActTexts *texts = self->lists.texts;
  g_autofree guint64 *samples = g_new (guint64, (gsize) line->n_shown + 1);
  g_autofree guint32 *numbers = g_new (guint32, 2 * (gsize) line->n_shown + 1);
  guint32 *lists = numbers + line->n_shown;

  for (guint i = 0; i < line->n_shown; i++) {
    guint32 row = line->rows[i];

    samples[i] = act_texts_get_sample (texts, row);
    numbers[i] = place_of (shown, n_texts, act_texts_get_text (texts, row));
    lists[i] = act_token_lists_number (&self->lists, row, &self->size);
  }
  write_rows (self, line);
  g_string_append (self->text, ",\"sample\":");
  act_append_u64_list (self->text, samples, line->n_shown);
  g_string_append (self->text, ",\"text\":");
  act_append_u32_list (self->text, numbers, line->n_shown);
  g_string_append (self->text, ",\"tokens\":");
  act_append_u32_list (self->text, lists, line->n_shown);
  g_string_append_c (self->text, ',');
}

static gboolean
write_end (ActViewerDetail *self, const ActDetailLine *line, GError **error)
{
  g_string_assign (self->text, "},\"cut\":");
  if (line->cut != NULL) {
    g_string_append_c (self->text, '"');
    act_json_escape (self->text, line->cut, strlen (line->cut));
    g_string_append_c (self->text, '"');
  } else {
    g_string_append (self->text, "null");
  }
  g_string_append_c (self->text, '}');
  return append_text (self, error);
}

gboolean
act_viewer_detail_add (ActViewerDetail *self, const ActDetailLine *line,
    const guint32 *shown, gsize n_texts, guint *chunk, GError **error)
{
  gsize length = line->line_length + line->facts_length + line->shown_length;
  gboolean first;

  if (self->file != NULL && self->size + length > ACT_DETAIL_SIZE
      && !end_file (self, error))
    return FALSE;
  first = self->file == NULL;
  if (first && !begin_file (self, error))
    return FALSE;
  self->n_lines++;
  *chunk = self->n_parts - 1;
  self->size += length;
  g_string_truncate (self->text, 0);
  write_samples (self, line, shown, n_texts);
  return act_data_file_append_string (
             self->file, first ? "{\"line\":" : ",{\"line\":", error)
      && act_data_file_append (self->file, line->line, line->line_length, error)
      && act_data_file_append_string (self->file, ",\"facts\":", error)
      && act_data_file_append (
          self->file, line->facts, line->facts_length, error)
      && append_text (self, error)
      && act_data_file_append (
          self->file, line->shown, line->shown_length, error)
      && write_end (self, line, error);
}

gboolean
act_viewer_detail_finish (ActViewerDetail *self, GError **error)
{
  return self->file == NULL || end_file (self, error);
}
