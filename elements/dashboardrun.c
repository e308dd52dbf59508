/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboardrun.h"

#include "dashboard/facts.h"
#include "dashboard/runinfo.h"
#include "dashboardpage.h"
#include "viewer/viewer.h"

struct _DashboardRun {
  GstActInfo *info;
  GstActAssignment *assignment;
  GstActVocabulary *vocabulary;
  gchar *folder;
  gboolean has_page;
  ActDashboard *dashboard;

  /* where in the order of records the run is */
  guint64 n_rows; /* of the samples, the cluster or the member at hand */
  gboolean samples_ended;
  gboolean in_cluster;
  guint cluster; /* the one at hand, or the next */
  gboolean in_member;
  guint member; /* of the cluster before `cluster`: at hand, or the next */
  gint64 begun_us;
  gint64 samples_ended_us;
};

gboolean
dashboard_run_check_vocabulary (GstActVocabulary *vocabulary, GError **error)
{
  if (vocabulary != NULL)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
      "no vocabulary: the stream carries none; set the property vocabulary to"
      " the tokenizer.json or vocab.json that the tokens were made with");
  return FALSE;
}

static gboolean
check_stream (GstActInfo *info, GstActAssignment *assignment, GError **error)
{
  guint n;

  if (info == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "no caps came before the records");
    return FALSE;
  }
  if (assignment == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "no cluster assignment (event act-assignment) came before the"
        " records; is there an element that makes clusters?");
    return FALSE;
  }
  n = gst_act_assignment_get_n_clusters (assignment);
  if (n != info->n_clusters) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the assignment has %u clusters, the records' caps say %u", n,
        info->n_clusters);
    return FALSE;
  }
  return TRUE;
}

/* ids that the stream cannot hold are left out, however large the file's */
static ActStrings *
make_strings (DashboardRun *self, GError **error)
{
  guint n = self->vocabulary != NULL
      ? gst_act_vocabulary_get_size (self->vocabulary)
      : 0;
  g_autoptr (ActStrings) strings = NULL;

  if (self->info->vocab_size > 0)
    n = MIN (n, self->info->vocab_size);
  strings = act_strings_new (n);
  for (guint i = 0; i < n; i++) {
    gsize length = 0;
    const gchar *string =
        gst_act_vocabulary_get_string (self->vocabulary, i, &length);

    if (!act_strings_set (strings, i, string, length, error))
      return NULL;
  }
  return g_steal_pointer (&strings);
}

static gboolean
create_dashboard (DashboardRun *self, const gchar *incomplete,
    const ActDashboardSettings *settings, GError **error)
{
  const GstActInfo *info = self->info;
  ActDashboardRun run = {
    .n_ctx = info->sequence_length,
    .vocab_size = info->vocab_size,
    .tokenizer = info->tokenizer,
    .model = info->model,
    .assignment = gst_act_assignment_get_fingerprint (self->assignment),
    .reduction = info->reduction,
    .run = gst_act_assignment_get_run (self->assignment),
    .iteration = gst_act_assignment_get_iteration (self->assignment),
    .n_modules = info->n_modules,
    .modules = (const char *const *) info->modules,
    .components = info->components,
    .n_clusters = info->n_clusters,
    .incomplete = incomplete,
  };
  ActStrings *strings = make_strings (self, error);

  if (strings == NULL)
    return FALSE;
  self->dashboard =
      act_dashboard_new (self->folder, settings, &run, strings, error);
  return self->dashboard != NULL;
}

DashboardRun *
dashboard_run_new (const gchar *folder, GstActInfo *info,
    GstActAssignment *assignment, GstActVocabulary *vocabulary,
    const gchar *incomplete, const ActDashboardSettings *settings,
    GError **error)
{
  DashboardRun *self;

  if (!check_stream (info, assignment, error))
    return NULL;
  self = g_new0 (DashboardRun, 1);
  self->info = gst_act_info_ref (info);
  self->assignment = gst_act_assignment_ref (assignment);
  if (vocabulary != NULL)
    self->vocabulary = gst_act_vocabulary_ref (vocabulary);
  self->folder = g_strdup (folder);
  self->has_page = settings->viewer && settings->facts.enabled;
  self->begun_us = g_get_monotonic_time ();
  if (!create_dashboard (self, incomplete, settings, error))
    g_clear_pointer (&self, dashboard_run_free);
  return self;
}

void
dashboard_run_free (DashboardRun *self)
{
  if (self == NULL)
    return;
  act_dashboard_free (self->dashboard);
  gst_act_info_unref (self->info);
  gst_act_assignment_unref (self->assignment);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  g_free (self->folder);
  g_free (self);
}

static gboolean
out_of_order (const GstActRecordMeta *meta, GError **error)
{
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
      "record out of order: kind %d, cluster %u, row %" G_GUINT64_FORMAT
      " of %" G_GUINT64_FORMAT,
      meta->kind, meta->cluster, meta->first_row, meta->total_rows);
  return FALSE;
}

static gboolean
end_samples (DashboardRun *self, GError **error)
{
  self->n_rows = 0;
  self->samples_ended = TRUE;
  self->samples_ended_us = g_get_monotonic_time ();
  return act_dashboard_end_samples (self->dashboard, error);
}

static gboolean
take_samples (DashboardRun *self, const GstActRecord *record, GError **error)
{
  const GstActRecordMeta *meta = record->meta;

  if (self->samples_ended || meta->first_row != self->n_rows)
    return out_of_order (meta, error);
  if (meta->n_rows > 0
      && !dashboard_run_check_vocabulary (self->vocabulary, error))
    return FALSE;
  if (!act_dashboard_add_samples (self->dashboard, record->samples,
          record->tokens, meta->n_rows, error))
    return FALSE;
  self->n_rows += meta->n_rows;
  if (!(meta->flags & GST_ACT_RECORD_LAST))
    return TRUE;
  if (self->n_rows != meta->total_rows)
    return out_of_order (meta, error);
  return end_samples (self, error);
}

static gboolean
begin_cluster (DashboardRun *self, GError **error)
{
  guint cluster = self->cluster;
  ActDashboardCluster description = {
    .name = gst_act_assignment_get_name (self->assignment, cluster),
    .id = gst_act_assignment_get_id (self->assignment, cluster),
  };

  description.members = gst_act_assignment_get_members (
      self->assignment, cluster, &description.n_members);
  for (guint i = 0; i < description.n_members; i++)
    if (description.members[i] >= self->info->n_components) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
          "cluster '%s' has column %u, the records' caps have %u components",
          description.name, description.members[i], self->info->n_components);
      return FALSE;
    }
  self->in_cluster = TRUE;
  self->n_rows = 0;
  return act_dashboard_begin_cluster (
      self->dashboard, cluster, &description, error);
}

static guint
n_members (const DashboardRun *self, guint cluster)
{
  guint n;

  gst_act_assignment_get_members (self->assignment, cluster, &n);
  return n;
}

static gboolean
take_member_coactivations (
    DashboardRun *self, const GstActRecord *record, GError **error)
{
  ActFacts *facts = act_dashboard_get_facts (self->dashboard);
  gsize n = n_members (self, record->meta->cluster);
  gsize size = record->maps[GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS].size;

  if (facts == NULL || record->member_coactivations == NULL)
    return TRUE;
  if (n > 0 && size / sizeof (gint64) / n < n) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "cluster %u has %" G_GSIZE_FORMAT " components, the coactivations of"
        " its members have %" G_GSIZE_FORMAT " bytes",
        record->meta->cluster, n, size);
    return FALSE;
  }
  return act_facts_add_member_coactivations (
      facts, record->member_coactivations, error);
}

static gboolean
end_cluster (DashboardRun *self, const GstActRecord *record, GError **error)
{
  if (self->n_rows != record->meta->total_rows)
    return out_of_order (record->meta, error);
  if (self->n_rows > 0 && record->coactivations == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FORMAT,
        "the last record of cluster %u has no coactivations",
        record->meta->cluster);
    return FALSE;
  }
  self->in_cluster = FALSE;
  self->cluster++;
  self->member = 0;
  return act_dashboard_end_cluster (
             self->dashboard, record->coactivations, error)
      && take_member_coactivations (self, record, error);
}

/* whether some of a cluster's members have come whole, but not all */
static gboolean
in_members (const DashboardRun *self)
{
  return self->in_member
      || (self->member > 0
          && self->member < n_members (self, self->cluster - 1));
}

static gboolean
take_cluster (DashboardRun *self, const GstActRecord *record, GError **error)
{
  const GstActRecordMeta *meta = record->meta;
  gboolean first = (meta->flags & GST_ACT_RECORD_FIRST) != 0;

  /* a run without samples may begin with its clusters */
  if (!self->samples_ended && self->n_rows == 0 && meta->n_rows == 0
      && !end_samples (self, error))
    return FALSE;
  if (!self->samples_ended || meta->cluster != self->cluster
      || first == self->in_cluster || in_members (self)
      || meta->first_row != (first ? 0 : self->n_rows))
    return out_of_order (meta, error);
  if (first && !begin_cluster (self, error))
    return FALSE;
  if (meta->n_rows > 0
      && !act_dashboard_add_rows (self->dashboard, meta->n_rows,
          record->samples, record->indptr, record->positions, record->values,
          error))
    return FALSE;
  self->n_rows += meta->n_rows;
  return !(meta->flags & GST_ACT_RECORD_LAST)
      || end_cluster (self, record, error);
}

/* Rows of single components are part of the facts alone. They follow their
 * cluster, all members or none. */
static gboolean
take_component (DashboardRun *self, const GstActRecord *record, GError **error)
{
  const GstActRecordMeta *meta = record->meta;
  ActFacts *facts = act_dashboard_get_facts (self->dashboard);
  gboolean first = (meta->flags & GST_ACT_RECORD_FIRST) != 0;

  if (self->in_cluster || self->cluster == 0
      || meta->cluster != self->cluster - 1
      || meta->member != (gint) self->member
      || self->member >= n_members (self, meta->cluster)
      || first == self->in_member
      || meta->first_row != (first ? 0 : self->n_rows))
    return out_of_order (meta, error);
  if (first) {
    self->in_member = TRUE;
    self->n_rows = 0;
    act_facts_begin_member (facts);
  }
  if (meta->n_rows > 0
      && !act_facts_add_member_rows (facts, meta->n_rows, record->samples,
          record->indptr, record->positions, record->values, error))
    return FALSE;
  self->n_rows += meta->n_rows;
  if (!(meta->flags & GST_ACT_RECORD_LAST))
    return TRUE;
  if (self->n_rows != meta->total_rows)
    return out_of_order (meta, error);
  self->in_member = FALSE;
  self->member++;
  return act_facts_end_member (facts, error);
}

gboolean
dashboard_run_take (DashboardRun *self, GstBuffer *buffer, GError **error)
{
  GstActRecordMeta *meta = gst_act_record_meta_get (buffer);
  GstActRecord record;
  gboolean ok;

  if (meta != NULL && meta->kind == GST_ACT_RECORD_COMPONENT
      && act_dashboard_get_facts (self->dashboard) == NULL)
    return TRUE;
  if (!gst_act_record_map (&record, buffer, self->info->sequence_length,
          self->info->n_clusters, error))
    return FALSE;
  if (record.meta->kind == GST_ACT_RECORD_SAMPLES)
    ok = take_samples (self, &record, error);
  else if (record.meta->kind == GST_ACT_RECORD_COMPONENT)
    ok = take_component (self, &record, error);
  else
    ok = take_cluster (self, &record, error);
  gst_act_record_unmap (&record);
  return ok;
}

gchar *
dashboard_run_what_lacks (const DashboardRun *self, guint64 n_samples)
{
  guint64 found = act_dashboard_get_n_samples (self->dashboard);
  guint n_clusters = self->info->n_clusters;

  if (found != n_samples)
    return g_strdup_printf ("the run has %" G_GUINT64_FORMAT
                            " samples, but %" G_GUINT64_FORMAT " came",
        n_samples, found);
  /* of no samples there may be no records at all */
  if (self->in_cluster
      || (self->cluster < n_clusters && (n_samples > 0 || self->cluster > 0)))
    return g_strdup_printf (
        "of %u clusters %u came whole", n_clusters, self->cluster);
  if (in_members (self))
    return g_strdup_printf ("of the %u components of cluster %u %u came whole",
        n_members (self, self->cluster - 1), self->cluster - 1, self->member);
  return NULL;
}

static gboolean
write_run_info (DashboardRun *self, const DashboardRunOrigin *origin,
    gint64 finishing_us, GError **error)
{
  g_autofree gchar *name =
      g_build_filename (self->folder, "run_info.json", NULL);
  g_autofree gchar *engine = gst_version_string ();
  gint64 samples_ended_us =
      self->samples_ended ? self->samples_ended_us : self->begun_us;
  ActRunInfo info = {
    .date = origin->date,
    .title = origin->title,
    .location = origin->location,
    .vocabulary = origin->vocabulary_file,
    .engine = engine,
    .waiting_seconds = (self->begun_us - origin->started_us) / 1e6,
    .samples_seconds = (samples_ended_us - self->begun_us) / 1e6,
    .clusters_seconds = (finishing_us - samples_ended_us) / 1e6,
    .finish_seconds = (g_get_monotonic_time () - finishing_us) / 1e6,
  };

  return act_run_info_write (name, &info, error);
}

gboolean
dashboard_run_finish (
    DashboardRun *self, const DashboardRunOrigin *origin, GError **error)
{
  guint n = gst_act_assignment_get_n_clusters (self->assignment);
  g_autofree gint64 *ids = g_new (gint64, (gsize) n + 1);
  gint64 finishing_us = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++)
    ids[i] = gst_act_assignment_get_id (self->assignment, i);
  return act_dashboard_finish (self->dashboard, ids, error)
      && write_run_info (self, origin, finishing_us, error)
      && (!self->has_page
          || (act_viewer_write_run_info (self->folder, error)
              && dashboard_page_write (self->folder, error)));
}

void
dashboard_run_cancel (DashboardRun *self)
{
  act_dashboard_cancel (self->dashboard);
}
