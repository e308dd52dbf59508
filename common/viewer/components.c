/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/components.h"

#include "dashboard/rowpick.h"
#include "viewer/datafile.h"
#include "viewer/detail.h"
#include "viewer/numbers.h"
#include "viewer/shown.h"
#include "viewer/tokenlists.h"

/* The samples of a component whose values and tokens would be more JSON than
 * this are half as many, or a quarter. */
#define MAX_SHOWN ((gsize) 1 << 20)
/* about how long a position and its level are, and a token */
#define PAIR_SIZE 8
#define TOKEN_SIZE 5

enum { TOP, RANDOM, N_LISTS };

struct _ActViewerComponents {
  char *folder;
  const ActTexts *texts;
  char *top_key;
  ActViewerShown *shown;

  /* the file at hand */
  ActDataFile *file; /* or NULL */
  gsize size;
  ActTokenLists lists;
  GArray *firsts; /* guint32: a file's line and member */

  /* the component at hand */
  const gsize *listed[N_LISTS];
  gsize n_listed[N_LISTS];
  GArray *picked;  /* gsize: rows that are listed, ascending */
  GArray *samples; /* guint64: which samples of the run they are */
  GString *text;
};

ActViewerComponents *
act_viewer_components_new (
    const char *folder, const ActTexts *texts, guint n_samples)
{
  ActViewerComponents *self = g_new0 (ActViewerComponents, 1);

  self->folder = g_strdup (folder);
  self->texts = texts;
  self->top_key = g_strdup_printf ("max_activation-max-%u", n_samples);
  self->shown = act_viewer_shown_new (folder);
  act_token_lists_init (&self->lists);
  self->firsts = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->picked = g_array_new (FALSE, FALSE, sizeof (gsize));
  self->samples = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->text = g_string_new (NULL);
  return self;
}

void
act_viewer_components_free (ActViewerComponents *self)
{
  if (self == NULL)
    return;
  act_data_file_free (self->file);
  act_viewer_shown_free (self->shown);
  act_token_lists_clear (&self->lists);
  g_array_unref (self->firsts);
  g_array_unref (self->picked);
  g_array_unref (self->samples);
  g_string_free (self->text, TRUE);
  g_free (self->top_key);
  g_free (self->folder);
  g_free (self);
}

const guint32 *
act_viewer_components_get_files (
    const ActViewerComponents *self, guint *n_files)
{
  *n_files = self->firsts->len / 2;
  return (const guint32 *) self->firsts->data;
}

static gboolean
append_text (ActViewerComponents *self, GError **error)
{
  return act_data_file_append (
      self->file, self->text->str, self->text->len, error);
}

static gboolean
begin_file (
    ActViewerComponents *self, guint32 line, guint32 member, GError **error)
{
  self->file = act_data_file_new_part (
      self->folder, "components", self->firsts->len / 2, error);
  self->size = 0;
  g_array_append_val (self->firsts, line);
  g_array_append_val (self->firsts, member);
  return self->file != NULL
      && act_data_file_append_string (self->file, "{\"components\":[", error);
}

/* the token lists come last: by then they are known */
static gboolean
end_file (ActViewerComponents *self, GError **error)
{
  g_string_assign (self->text, "],\"tokens\":");
  act_token_lists_take (&self->lists, self->texts, self->text);
  g_string_append_c (self->text, '}');
  return append_text (self, error)
      && act_data_file_close (g_steal_pointer (&self->file), error);
}

static gsize
size_of_picked (const ActViewerComponents *self, const ActRows *rows)
{
  gsize n = 0;

  for (guint i = 0; i < self->picked->len; i++) {
    gsize row = g_array_index (self->picked, gsize, i);

    n += rows->indptr[row + 1] - rows->indptr[row];
  }
  return n * PAIR_SIZE + (gsize) self->picked->len * rows->n_ctx * TOKEN_SIZE;
}

/* what is shown: all that is listed, unless that were too much */
static void
pick_rows (ActViewerComponents *self, const ActComponentDetail *detail)
{
  self->listed[TOP] = detail->top;
  self->listed[RANDOM] = detail->random;
  self->n_listed[TOP] = detail->n_top;
  self->n_listed[RANDOM] = detail->n_random;
  for (;;) {
    act_pick_rows (self->picked, self->listed, self->n_listed, N_LISTS);
    if ((self->n_listed[TOP] <= 1 && self->n_listed[RANDOM] <= 1)
        || size_of_picked (self, &detail->rows) <= MAX_SHOWN)
      break;
    for (guint i = 0; i < N_LISTS; i++)
      self->n_listed[i] = (self->n_listed[i] + 1) / 2;
  }
  g_array_set_size (self->samples, 0);
  for (guint i = 0; i < self->picked->len; i++) {
    gsize row = g_array_index (self->picked, gsize, i);
    guint64 sample = act_texts_get_sample (self->texts, detail->row_of[row]);

    g_array_append_val (self->samples, sample);
  }
}

static void
write_histogram (GString *out, const char *key, const ActHistogram *histogram)
{
  g_string_append_printf (out, ",\"%s\":", key);
  if (histogram->edges == NULL) {
    g_string_append (out, "null");
    return;
  }
  g_string_append (out, "{\"bin_edges\":");
  act_append_double_list (out, histogram->edges, (gsize) histogram->n_bins + 1);
  g_string_append (out, ",\"bin_counts\":");
  act_append_u64_list (out, histogram->counts, histogram->n_bins);
  g_string_append_c (out, '}');
}

/* a list a column, rates left to the page: they follow from the counts */
static void
write_ranking (
    GString *out, const char *key, const ActTokenFact *facts, guint n)
{
  static const char *const columns[] = { "token", "count", "run_count" };
  g_autofree guint64 *numbers = g_new (guint64, (gsize) n + 1);

  g_string_append_printf (out, ",\"%s\":{", key);
  for (guint c = 0; c < G_N_ELEMENTS (columns); c++) {
    for (guint i = 0; i < n; i++)
      numbers[i] = c == 0 ? facts[i].string
          : c == 1        ? facts[i].count
                          : facts[i].total;
    g_string_append_printf (out, "%s\"%s\":", c > 0 ? "," : "", columns[c]);
    act_append_u64_list (out, numbers, n);
  }
  g_string_append_c (out, '}');
}

static void
write_table (GString *out, const char *key, const ActTokenTable *table)
{
  g_string_append_printf (out,
      ",\"%s\":{\"n_positions\":%" G_GUINT64_FORMAT
      ",\"n_active_positions\":%" G_GUINT64_FORMAT ",\"n_unique\":%u",
      key, table->n_pairs, table->n_active_pairs, table->n_unique);
  write_ranking (out, "by_count", table->by_count, table->n_by_count);
  write_ranking (out, "by_lift", table->by_lift, table->n_by_lift);
  g_string_append_c (out, '}');
}

/* a list's samples, by their place among those shown */
static void
write_list (ActViewerComponents *self, const char *key, guint list)
{
  g_autofree guint64 *places = g_new (guint64, self->n_listed[list] + 1);

  for (gsize i = 0; i < self->n_listed[list]; i++)
    places[i] = act_picked_place (self->picked, self->listed[list][i]);
  g_string_append_printf (self->text, "\"%s\":", key);
  act_append_u64_list (self->text, places, self->n_listed[list]);
}

/* also in the facts' members, of which a very large cluster lists only some */
static void
write_numbers (GString *out, const ActMemberFact *fact)
{
  g_string_append_printf (out,
      ",\"n_samples\":%" G_GUINT64_FORMAT
      ",\"n_active_positions\":%" G_GUINT64_FORMAT
      ",\"n_active_samples\":%" G_GUINT64_FORMAT ",\"sum\":",
      fact->n_samples, fact->n_active_positions, fact->n_active_samples);
  act_append_double (out, fact->sum);
  g_string_append (out, ",\"max\":");
  act_append_double (out, fact->max);
  g_string_append (out, ",\"median\":");
  act_append_double (out, fact->median);
}

static void
write_facts (ActViewerComponents *self, guint line, guint member,
    const ActComponentDetail *detail)
{
  GString *out = self->text;

  g_string_printf (out, "{\"line\":%u,\"member\":%u", line, member);
  write_numbers (out, &detail->fact);
  write_histogram (out, "all_activations", &detail->all);
  write_histogram (out, "max_activation_position", &detail->places);
  write_histogram (out, "max_activation", &detail->peaks);
  g_string_append (out, ",\"entropy\":");
  act_append_double (out, detail->entropy);
  g_string_append (out, ",\"concentration\":");
  act_append_double (out, detail->concentration_ratio);
  write_table (out, "tokens", &detail->tokens);
  write_table (out, "next_tokens", &detail->next_tokens);
  g_string_append (out, ",\"samples\":{");
  write_list (self, self->top_key, TOP);
  g_string_append_c (out, ',');
  write_list (self, "random", RANDOM);
  g_string_append (out, "},\"shown\":{\"sample\":");
  act_append_u64_list (
      out, (const guint64 *) self->samples->data, self->samples->len);
  g_string_append_c (out, ',');
  act_viewer_shown_write_own (self->shown, out);
}

/* which lists of the file the samples have, so the file is settled by now */
static void
write_tokens (ActViewerComponents *self, const ActComponentDetail *detail)
{
  g_autofree guint32 *numbers = g_new (guint32, (gsize) self->picked->len + 1);

  for (guint i = 0; i < self->picked->len; i++) {
    gsize row = g_array_index (self->picked, gsize, i);

    numbers[i] = act_token_lists_number (
        &self->lists, self->texts, detail->row_of[row], &self->size);
  }
  g_string_append (self->text, ",\"tokens\":");
  act_append_u32_list (self->text, numbers, self->picked->len);
}

static void
write_cut (ActViewerComponents *self, const ActComponentDetail *detail)
{
  if (self->n_listed[TOP] == detail->n_top
      && self->n_listed[RANDOM] == detail->n_random) {
    g_string_append (self->text, "},\"cut\":null}");
    return;
  }
  g_string_append_printf (self->text,
      "},\"cut\":\"of %u samples of highest maximum the first %" G_GSIZE_FORMAT
      " are shown, of %u random ones %" G_GSIZE_FORMAT "\"}",
      detail->n_top, self->n_listed[TOP], detail->n_random,
      self->n_listed[RANDOM]);
}

/* a file that has room for the next one */
static gboolean
open_file (ActViewerComponents *self, guint line, guint member, gsize room,
    GError **error)
{
  if (self->file != NULL && self->size + room > ACT_DETAIL_SIZE
      && !end_file (self, error))
    return FALSE;
  if (self->file == NULL)
    return begin_file (self, line, member, error);
  return act_data_file_append_string (self->file, ",", error);
}

gboolean
act_viewer_components_add (ActViewerComponents *self, guint line, guint member,
    const ActComponentDetail *detail, GError **error)
{
  if (detail == NULL) {
    if (!open_file (self, line, member, 0, error))
      return FALSE;
    g_string_printf (
        self->text, "{\"line\":%u,\"member\":%u,\"same\":true}", line, member);
  } else {
    pick_rows (self, detail);
    if (!act_viewer_shown_begin (self->shown, &detail->rows,
            (const gsize *) self->picked->data,
            (const guint64 *) self->samples->data, self->picked->len, error)
        || !open_file (
            self, line, member, size_of_picked (self, &detail->rows), error))
      return FALSE;
    write_facts (self, line, member, detail);
    write_tokens (self, detail);
    write_cut (self, detail);
  }
  self->size += self->text->len;
  return append_text (self, error);
}

gboolean
act_viewer_components_finish (ActViewerComponents *self, GError **error)
{
  return self->file == NULL || end_file (self, error);
}
