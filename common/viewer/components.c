/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/components.h"

#include "dashboard/rowpick.h"
#include "viewer/bins.h"
#include "viewer/datafile.h"
#include "viewer/detail.h"
#include "viewer/numbers.h"
#include "viewer/shown.h"
#include "viewer/shownpick.h"
#include "viewer/tokenlists.h"

/* of a ranking of tokens */
#define MAX_RANKED 1000

enum { TOP, RANDOM, N_LISTS };

struct _ActViewerComponents {
  char *folder;
  char *top_key;
  ActViewerShown *shown;

  /* the file at hand */
  ActDataFile *file; /* or NULL */
  gsize size;
  ActTokenLists lists;
  GArray *firsts; /* guint32: a file's line and member */

  /* the component at hand */
  ActShownPick pick;
  GString *text;
};

ActViewerComponents *
act_viewer_components_new (
    const char *folder, const ActTexts *texts, guint n_samples)
{
  ActViewerComponents *self = g_new0 (ActViewerComponents, 1);

  self->folder = g_strdup (folder);
  self->top_key = g_strdup_printf ("max_activation-max-%u", n_samples);
  self->shown = act_viewer_shown_new (folder);
  act_token_lists_init (&self->lists, texts);
  act_shown_pick_init (&self->pick, texts);
  self->firsts = g_array_new (FALSE, FALSE, sizeof (guint32));
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
  act_shown_pick_clear (&self->pick);
  g_array_unref (self->firsts);
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
  g_string_assign (self->text, "],");
  act_token_lists_take (&self->lists, self->text);
  g_string_append_c (self->text, '}');
  return append_text (self, error)
      && act_data_file_close (g_steal_pointer (&self->file), error);
}

static void
pick_rows (ActViewerComponents *self, const ActComponentDetail *detail)
{
  const gsize *const lists[N_LISTS] = { detail->top, detail->random };
  const gsize n_listed[N_LISTS] = { detail->n_top, detail->n_random };

  act_shown_pick (
      &self->pick, lists, n_listed, N_LISTS, &detail->rows, detail->row_of);
}

static gsize
n_picked (const ActViewerComponents *self, guint list)
{
  return g_array_index (self->pick.n_listed, gsize, list);
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
  act_append_joined_edges (out, histogram->edges, histogram->n_bins);
  g_string_append (out, ",\"bin_counts\":");
  act_append_joined_counts (
      out, histogram->counts, histogram->n_bins, ACT_PAGE_BINS);
  g_string_append_c (out, '}');
}

/* a list a column, rates left to the page: they follow from the counts */
static void
write_ranking (ActViewerComponents *self, const char *key,
    const ActTokenFact *facts, guint n)
{
  static const char *const columns[] = { "token", "count", "run_count" };
  g_autofree guint64 *numbers = g_new (guint64, MAX_RANKED);
  GString *out = self->text;

  n = MIN (n, MAX_RANKED);
  for (guint i = 0; i < n; i++)
    self->size += act_token_lists_name (&self->lists, &facts[i].string, 1);
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
write_table (
    ActViewerComponents *self, const char *key, const ActTokenTable *table)
{
  g_string_append_printf (self->text,
      ",\"%s\":{\"n_positions\":%" G_GUINT64_FORMAT
      ",\"n_active_positions\":%" G_GUINT64_FORMAT ",\"n_unique\":%u",
      key, table->n_pairs, table->n_active_pairs, table->n_unique);
  write_ranking (self, "by_count", table->by_count, table->n_by_count);
  write_ranking (self, "by_lift", table->by_lift, table->n_by_lift);
  g_string_append_c (self->text, '}');
}

/* a list's samples, by their place among those shown */
static void
write_list (
    ActViewerComponents *self, const char *key, const gsize *listed, guint list)
{
  gsize n = n_picked (self, list);
  g_autofree guint64 *places = g_new (guint64, n + 1);

  for (gsize i = 0; i < n; i++)
    places[i] = act_picked_place (self->pick.rows, listed[i]);
  g_string_append_printf (self->text, "\"%s\":", key);
  act_append_u64_list (self->text, places, n);
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
  act_append_double (out, MAX (detail->entropy, 0));
  g_string_append (out, ",\"concentration\":");
  act_append_double (out, detail->concentration_ratio);
  write_table (self, "tokens", &detail->tokens);
  write_table (self, "next_tokens", &detail->next_tokens);
  g_string_append (out, ",\"samples\":{");
  write_list (self, self->top_key, detail->top, TOP);
  g_string_append_c (out, ',');
  write_list (self, "random", detail->random, RANDOM);
  g_string_append (out, "},\"shown\":{\"sample\":");
  act_append_u64_list (
      out, (const guint64 *) self->pick.samples->data, self->pick.samples->len);
  g_string_append_c (out, ',');
  act_viewer_shown_write_own (self->shown, out);
}

/* which lists of the file the samples have, so the file is settled by now */
static void
write_tokens (ActViewerComponents *self, const ActComponentDetail *detail)
{
  const GArray *rows = self->pick.rows;
  g_autofree guint32 *numbers = g_new (guint32, (gsize) rows->len + 1);

  for (guint i = 0; i < rows->len; i++) {
    gsize row = g_array_index (rows, gsize, i);

    numbers[i] =
        act_token_lists_number (&self->lists, detail->row_of[row], &self->size);
  }
  g_string_append (self->text, ",\"tokens\":");
  act_append_u32_list (self->text, numbers, rows->len);
}

static void
write_cut (ActViewerComponents *self, const ActComponentDetail *detail)
{
  if (n_picked (self, TOP) == detail->n_top
      && n_picked (self, RANDOM) == detail->n_random) {
    g_string_append (self->text, "},\"cut\":null}");
    return;
  }
  g_string_append_printf (self->text,
      "},\"cut\":\"of %u samples of highest maximum the first %" G_GSIZE_FORMAT
      " are shown, of %u random ones %" G_GSIZE_FORMAT "\"}",
      detail->n_top, n_picked (self, TOP), detail->n_random,
      n_picked (self, RANDOM));
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
            (const gsize *) self->pick.rows->data,
            (const guint64 *) self->pick.samples->data, self->pick.rows->len,
            error)
        || !open_file (self, line, member, self->pick.size, error))
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
