/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/viewer.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "dashboard/layers.h"
#include "dashboard/rowpick.h"
#include "formats/file.h"
#include "formats/scratch.h"
#include "viewer/companionfiles.h"
#include "viewer/components.h"
#include "viewer/cut.h"
#include "viewer/cutlist.h"
#include "viewer/datafile.h"
#include "viewer/detail.h"
#include "viewer/heat.h"
#include "viewer/index.h"
#include "viewer/runfile.h"
#include "viewer/search.h"
#include "viewer/shown.h"
#include "viewer/shownpick.h"
#include "viewer/texts.h"
#include "viewer/vocabulary.h"

#define DATA_FOLDER "data"
/* A line whose details are more JSON than this keeps those of so many members
 * at most, and one with so many members lists no others. */
#define MAX_LINE ((gsize) 5 << 19)
#define KEPT_MEMBERS 64
#define MAX_LISTED 4096
/* of a component, in either order: there may be very many components */
#define MAX_COMPANIONS 10

/* A line as it waits: this, bins (guint64), members, rows in the texts, places
 * in samples.npz, kept members (guint32 each), its line of clusters.jsonl, and
 * the JSON of what is shown. */
typedef struct {
  ActIndexEntry entry;
  guint64 first_row;
  gsize line_length;
  gsize shown_length;
  guint n_shown;
  ActCut cut;
} Record;

struct _ActViewer {
  char *folder;
  const ActCriteria *criteria;
  const ActDashboardRun *run;
  ActTexts *texts;
  ActViewerIndex *index;
  ActViewerDetail *detail;
  ActViewerSearch *search;
  ActViewerShown *shown;
  ActViewerComponents *components; /* or NULL */
  ActCompanions *companions;       /* with them */
  ActShownPick pick;
  ActRunFile file; /* what run.js says of the others */

  /* the line at hand */
  ActViewerLine line;
  GString *json; /* its line of clusters.jsonl */
  GString *text; /* what is shown */
  Record record;
  guint n_members; /* that have ended */
  GByteArray *bytes;

  /* lines that wait for their facts */
  ActScratch *spool;
  GArray *ends; /* guint64 */
  guint n_done;
  GArray *shown_texts; /* guint32, ascending */
  GArray *texts_files; /* guint32 */
  GArray *companion_files;
  GString *trimmed[2];
};

static gboolean
open_parts (ActViewer *self, GError **error)
{
  const ActStrings *strings = act_texts_get_strings (self->texts);

  if (g_mkdir (self->folder, 0777) != 0) {
    act_set_errno_error (
        error, errno, TRUE, "cannot create the folder '%s'", self->folder);
    return FALSE;
  }
  self->index = act_viewer_index_new (self->folder, strings);
  self->detail = act_viewer_detail_new (self->folder, self->texts);
  self->shown = act_viewer_shown_new (self->folder);
  self->search =
      act_viewer_search_new (self->folder, act_strings_get_n (strings), error);
  if (self->search == NULL)
    return FALSE;
  self->spool = act_scratch_new (self->folder, error);
  return self->spool != NULL;
}

ActViewer *
act_viewer_new (const char *folder, const ActDashboardSettings *settings,
    const ActCriteria *criteria, const ActDashboardRun *run, ActTexts *texts,
    GError **error)
{
  g_autoptr (ActViewer) self = g_new0 (ActViewer, 1);

  self->folder = g_build_filename (folder, DATA_FOLDER, NULL);
  self->criteria = criteria;
  self->run = run;
  self->texts = texts;
  self->json = g_string_new (NULL);
  self->text = g_string_new (NULL);
  self->bytes = g_byte_array_new ();
  self->ends = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->shown_texts = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->texts_files = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->companion_files = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < G_N_ELEMENTS (self->trimmed); i++)
    self->trimmed[i] = g_string_new (NULL);
  act_shown_pick_init (&self->pick, texts);
  self->file.masses = g_new0 (double, MAX (run->n_modules, 1));
  if (settings->component_details) {
    self->components =
        act_viewer_components_new (self->folder, texts, settings->n_samples);
    self->companions = act_companions_new (self->folder, texts,
        MIN (settings->facts.n_coactivating, MAX_COMPANIONS));
  }
  return open_parts (self, error) ? g_steal_pointer (&self) : NULL;
}

void
act_viewer_free (ActViewer *self)
{
  if (self == NULL)
    return;
  act_viewer_index_free (self->index);
  act_viewer_detail_free (self->detail);
  act_viewer_search_free (self->search);
  act_viewer_shown_free (self->shown);
  act_viewer_components_free (self->components);
  act_companions_free (self->companions);
  act_scratch_free (self->spool);
  g_array_unref (self->ends);
  g_array_unref (self->shown_texts);
  g_array_unref (self->texts_files);
  g_array_unref (self->companion_files);
  for (guint i = 0; i < G_N_ELEMENTS (self->trimmed); i++)
    g_string_free (self->trimmed[i], TRUE);
  act_shown_pick_clear (&self->pick);
  g_byte_array_unref (self->bytes);
  g_string_free (self->json, TRUE);
  g_string_free (self->text, TRUE);
  g_free (self->file.masses);
  g_free (self->folder);
  g_free (self);
}

void
act_viewer_set_line (ActViewer *self, const char *json, gsize length)
{
  g_string_truncate (self->json, 0);
  g_string_append_len (self->json, json, length);
}

static double
ratio (double a, double b)
{
  return b > 0 ? a / b : 0.0;
}

static guint
take_tokens (const ActTokenFact *facts, guint n, guint32 *strings)
{
  n = MIN (n, ACT_INDEX_TOKENS);
  for (guint i = 0; i < n; i++)
    strings[i] = facts[i].string;
  return n;
}

/* numbers as the dashboard's own files have them */
static void
make_entry (
    const ActViewer *self, const ActViewerLine *line, ActIndexEntry *entry)
{
  const ActStatistics *statistics = line->statistics;
  const ActActivity *activity = line->activity;
  double n_samples = act_texts_get_n_samples (self->texts);
  double n_rows = (double) (activity->n_samples * self->run->n_ctx);

  *entry = (ActIndexEntry){
    .n_samples = activity->n_samples,
    .position_rate =
        ratio (activity->n_active_positions, n_samples * self->run->n_ctx),
    .sample_rate = ratio (activity->n_active_samples, n_samples),
    .max = statistics->max,
    .mean = ratio (act_exact_sum_get (&activity->sum), n_rows) + 0.0,
    .low = statistics->all.edges[0],
    .high = statistics->all.edges[statistics->all.n_bins],
    .entropy = MAX (statistics->tokens.entropy, 0),
    .concentration = statistics->tokens.concentration_ratio,
    .n_members = line->description->n_members,
    .n_bins = statistics->all.n_bins,
  };
  entry->n_top_tokens = take_tokens (
      line->tokens->by_lift, line->tokens->n_by_lift, entry->top_tokens);
  entry->n_common_tokens = take_tokens (
      line->tokens->by_count, line->tokens->n_by_count, entry->common_tokens);
}

static void
put (ActViewer *self, const void *data, gsize size)
{
  g_byte_array_append (self->bytes, data, size);
}

/* which rows are shown: where they are in the texts, and in samples.npz */
static void
put_shown (ActViewer *self, const ActViewerLine *line)
{
  const GArray *rows = self->pick.rows;

  for (guint i = 0; i < rows->len; i++) {
    guint32 row = line->row_of[g_array_index (rows, gsize, i)];

    put (self, &row, sizeof row);
  }
  for (guint i = 0; i < rows->len; i++) {
    guint32 place =
        act_picked_place (line->listed, g_array_index (rows, gsize, i));

    put (self, &place, sizeof place);
  }
}

static void
pick_shown (ActViewer *self, const ActViewerLine *line)
{
  Record *record = &self->record;
  guint last = line->n_lists - 1;
  const gsize *n_shown;

  act_shown_pick (&self->pick, line->lists, line->n_listed, line->n_lists,
      line->rows, line->row_of);
  n_shown = (const gsize *) self->pick.n_listed->data;
  record->n_shown = self->pick.rows->len;
  record->cut = (ActCut){ .n_random = line->n_listed[last],
    .n_random_shown = n_shown[last],
    .n_members = line->description->n_members };
  if (last == 0)
    return;
  record->cut.n_top = line->n_listed[0];
  record->cut.n_top_shown = n_shown[0];
}

gboolean
act_viewer_begin_line (
    ActViewer *self, const ActViewerLine *line, GError **error)
{
  const ActStatistics *statistics = line->statistics;

  self->line = *line;
  self->n_members = 0;
  self->record = (Record){ .first_row = line->first_row };
  make_entry (self, line, &self->record.entry);
  pick_shown (self, line);
  g_byte_array_set_size (self->bytes, 0);
  put (self, statistics->all.counts, statistics->all.n_bins * sizeof (guint64));
  put (self, line->description->members,
      line->description->n_members * sizeof (guint32));
  put_shown (self, line);
  return act_viewer_search_add (
             self->search, self->ends->len, line->tokens, error)
      && (self->companions == NULL
          || act_companions_add_line (
              self->companions, line->rows, line->row_of, error))
      && act_viewer_shown_begin (self->shown, line->rows,
          (const gsize *) self->pick.rows->data,
          (const guint64 *) self->pick.samples->data, self->record.n_shown,
          error);
}

void
act_viewer_add_member_coactivations (
    ActViewer *self, const gint64 *counts, guint n_members)
{
  act_viewer_shown_add_coactivations (self->shown, counts, n_members);
}

gboolean
act_viewer_add_member_rows (ActViewer *self, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error)
{
  return act_viewer_shown_add_member_rows (
      self->shown, n_rows, samples, indptr, positions, values, error);
}

gboolean
act_viewer_add_component (
    ActViewer *self, const ActComponentDetail *detail, GError **error)
{
  if (self->components == NULL)
    return TRUE;
  return (detail == NULL
             || act_companions_add_component (self->companions, self->n_members,
                 &detail->rows, detail->row_of, error))
      && act_viewer_components_add (
          self->components, self->ends->len, self->n_members, detail, error);
}

gboolean
act_viewer_end_member (
    ActViewer *self, const ActMemberFact *fact, GError **error)
{
  guint index, column = self->line.description->members[self->n_members++];

  self->file.masses[act_module_of (self->run, column, &index)] += fact->mass;
  self->file.has_masses = TRUE;
  return act_viewer_shown_end_member (self->shown, fact->mass, error);
}

/* Which members have details: 0, all, unless that were too much; then as many
 * as are not, but one. */
static guint
pick_members (ActViewer *self, gsize facts_length, guint kept[KEPT_MEMBERS])
{
  guint n_members = act_viewer_shown_get_n_members (self->shown);
  guint n = MIN (n_members, KEPT_MEMBERS);
  guint64 rest = self->pick.size_of_tokens;

  if (n_members == 0 && self->record.entry.n_members > MAX_LISTED) {
    for (guint i = 0; i < KEPT_MEMBERS; i++)
      kept[i] = i;
    return KEPT_MEMBERS;
  }
  if (n_members <= MAX_LISTED)
    rest += MIN (self->json->len + facts_length, ACT_MAX_FACTS);
  if (n_members <= 1
      || (n_members <= MAX_LISTED
          && rest + act_viewer_shown_get_size (self->shown, NULL, 0)
              <= MAX_LINE))
    return 0;
  for (;; n /= 2) {
    act_viewer_shown_pick_members (self->shown, n, kept);
    if (n == 1
        || rest + act_viewer_shown_get_size (self->shown, kept, n) <= MAX_LINE)
      return n;
  }
}

gboolean
act_viewer_end_line (ActViewer *self, gsize facts_length, GError **error)
{
  Record *record = &self->record;
  guint kept[KEPT_MEMBERS];
  guint64 end;

  record->cut.n_kept = pick_members (self, facts_length, kept);
  record->cut.left_out =
      record->cut.n_kept > 0 && record->entry.n_members > MAX_LISTED;
  record->cut.no_masses = self->n_members == 0;
  put (self, kept, record->cut.n_kept * sizeof *kept);
  g_string_truncate (self->text, 0);
  act_viewer_shown_write (self->shown, self->text,
      record->cut.n_kept > 0 ? kept : NULL, record->cut.n_kept,
      record->cut.left_out);
  record->line_length = self->json->len;
  record->shown_length = self->text->len;
  if (!act_scratch_append (self->spool, record, sizeof *record, error)
      || !act_scratch_append (
          self->spool, self->bytes->data, self->bytes->len, error)
      || !act_scratch_append (
          self->spool, self->json->str, self->json->len, error)
      || !act_scratch_append (
          self->spool, self->text->str, self->text->len, error))
    return FALSE;
  end = act_scratch_get_size (self->spool);
  g_array_append_val (self->ends, end);
  return TRUE;
}

void
act_viewer_begin_files (ActViewer *self)
{
  guint32 n = act_texts_get_n (self->texts);

  for (guint32 i = 0; i < n; i++)
    if (act_texts_is_marked (self->texts, i))
      g_array_append_val (self->shown_texts, i);
}

/* what is behind a record */
typedef struct {
  const guint64 *bins;
  const guint32 *members;
  const guint32 *rows;
  const guint32 *places;
  const guint *kept;
  const char *line;
  const char *shown;
} Waiting;

static gboolean
read_record (ActViewer *self, Waiting *waiting, GError **error)
{
  const guint64 *ends = (const guint64 *) self->ends->data;
  guint64 start = self->n_done > 0 ? ends[self->n_done - 1] : 0;
  gsize size = ends[self->n_done] - start - sizeof (Record);

  g_byte_array_set_size (self->bytes, size);
  if (!act_scratch_read (
          self->spool, start, &self->record, sizeof (Record), error)
      || !act_scratch_read (
          self->spool, start + sizeof (Record), self->bytes->data, size, error))
    return FALSE;
  waiting->bins = (const guint64 *) self->bytes->data;
  waiting->members =
      (const guint32 *) (waiting->bins + self->record.entry.n_bins);
  waiting->rows = waiting->members + self->record.entry.n_members;
  waiting->places = waiting->rows + self->record.n_shown;
  waiting->kept = waiting->places + self->record.n_shown;
  waiting->line = (const char *) (waiting->kept + self->record.cut.n_kept);
  waiting->shown = waiting->line + self->record.line_length;
  return TRUE;
}

/* the lists of very many members, in both lines, without most of them */
static void
leave_out_members (ActViewer *self, ActDetailLine *line, const Waiting *waiting)
{
  g_string_truncate (self->json, 0);
  g_string_truncate (self->text, 0);
  act_cut_list (line->line, line->line_length, "components", waiting->kept,
      self->record.cut.n_kept, self->json);
  act_cut_list (line->facts, line->facts_length, "members", waiting->kept,
      self->record.cut.n_kept, self->text);
  line->line = self->json->str;
  line->line_length = self->json->len;
  line->facts = self->text->str;
  line->facts_length = self->text->len;
}

gboolean
act_viewer_add_facts (ActViewer *self, const char *name, const char *json,
    gsize length, const ActCoactiveTable *table, const gint32 *line_of,
    GError **error)
{
  Record *record = &self->record;
  g_autofree char *cut = NULL;
  ActDetailLine line;
  Waiting waiting;
  guint chunk;

  if (!read_record (self, &waiting, error))
    return FALSE;
  self->n_done++;
  line = (ActDetailLine){ waiting.line, record->line_length, json, length,
    waiting.shown, record->shown_length, NULL, record->first_row,
    record->n_shown, waiting.rows,
    act_cut_shows_all (&record->cut) ? NULL : waiting.places };
  if (record->cut.left_out)
    leave_out_members (self, &line, &waiting);
  record->cut.n_items =
      act_cut_facts (&line, record->entry.n_bins, self->trimmed);
  cut = act_cut_describe (&record->cut);
  line.cut = cut;
  return act_viewer_detail_add (self->detail, &line,
             (const guint32 *) self->shown_texts->data, self->shown_texts->len,
             &chunk, error)
      && act_viewer_index_add (self->index, &record->entry, name, chunk,
          waiting.members, waiting.bins, table, line_of, error);
}

gboolean
act_viewer_end_files (ActViewer *self, ActCoactive *coactive,
    const guint *clusters, const gint *cancelled, GError **error)
{
  const guint32 *shown = (const guint32 *) self->shown_texts->data;
  gsize n_shown = self->shown_texts->len;
  ActRunFile *file = &self->file;

  return (self->components == NULL
             || (act_viewer_components_finish (self->components, error)
                 && act_companion_files_write (self->folder, self->companions,
                     cancelled, self->companion_files, error)))
      && act_viewer_detail_finish (self->detail, error)
      && act_viewer_index_finish (self->index, error)
      && act_viewer_vocabulary_write (self->folder,
          act_texts_get_strings (self->texts), cancelled,
          &file->n_vocabulary_parts, error)
      && act_viewer_texts_write (self->folder, self->texts, shown, n_shown,
          cancelled, self->texts_files, error)
      && act_viewer_search_write (self->search, self->folder, self->texts,
          shown, n_shown, cancelled, error)
      && act_viewer_heat_write (
          self->folder, coactive, clusters, self->ends->len, error);
}

gboolean
act_viewer_write_run (ActViewer *self, const char *model_info, GError **error)
{
  const ActStrings *strings = act_texts_get_strings (self->texts);
  ActRunFile *file = &self->file;

  file->n_lines = self->ends->len;
  file->n_samples = act_texts_get_n_samples (self->texts);
  file->n_strings = act_strings_get_n (strings);
  file->vocabulary_kind = act_viewer_vocabulary_kind (strings);
  file->n_texts = self->shown_texts->len;
  if (self->components != NULL)
    file->component_files = act_viewer_components_get_files (
        self->components, &file->n_component_files);
  file->n_companion_files = self->companion_files->len / 2;
  file->companion_files = (const guint32 *) self->companion_files->data;
  file->n_index_parts = act_viewer_index_get_n_parts (self->index);
  file->n_texts_files = self->texts_files->len;
  file->texts_files = (const guint32 *) self->texts_files->data;
  file->search_files =
      act_viewer_search_get_files (self->search, &file->n_search_files);
  return act_run_file_write (
      self->folder, file, self->run, self->criteria, model_info, error);
}

gboolean
act_viewer_write_run_info (const char *folder, GError **error)
{
  g_autofree char *data = g_build_filename (folder, DATA_FOLDER, NULL);
  g_autofree char *name = g_build_filename (folder, "run_info.json", NULL);
  g_autoptr (GBytes) bytes = act_file_map (name, error);

  return bytes != NULL
      && act_data_file_write (data, "run_info", g_bytes_get_data (bytes, NULL),
          g_bytes_get_size (bytes), error);
}
