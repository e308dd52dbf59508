/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gst/activations/gstactassignment-private.h"

#include <gst/activations/gstacterror.h>

#include <string.h>

/**
 * SECTION:gstactassignment
 * @short_description: which components belong to which cluster
 *
 * A cluster is a set of columns with an integer for its id. Its name, by which
 * the dashboard knows it, is `run-iteration-id`.
 */

struct _GstActAssignment {
  gint ref_count;

  GstActInfo *info; /* whose columns the members are */
  gchar *run;
  gint iteration;
  guint n_clusters;
  gint64 *ids;
  gchar **names;
  gsize *first; /* [n_clusters + 1] where a cluster's members begin */
  guint *members;
  gchar *fingerprint;
};

G_DEFINE_BOXED_TYPE (GstActAssignment, gst_act_assignment,
    gst_act_assignment_ref, gst_act_assignment_unref)

/* SHA-256 over each cluster's id and its members' labels, in order, each
 * followed by a zero byte, and one more after a cluster. */
static gchar *
compute_fingerprint (const GstActAssignment *self)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < self->n_clusters; i++) {
    g_autofree gchar *id = g_strdup_printf ("%" G_GINT64_FORMAT, self->ids[i]);

    g_checksum_update (sum, (const guchar *) id, (gssize) strlen (id) + 1);
    for (gsize j = self->first[i]; j < self->first[i + 1]; j++) {
      g_autofree gchar *label =
          gst_act_info_dup_label (self->info, self->members[j]);

      g_checksum_update (
          sum, (const guchar *) label, (gssize) strlen (label) + 1);
    }
    g_checksum_update (sum, (const guchar *) "", 1);
  }
  return g_strdup (g_checksum_get_string (sum));
}

/* Each cluster has members, each a column, none twice; ids differ. */
static gboolean
check (const GstActAssignment *self, GError **error)
{
  guint n_columns = self->info->n_components;
  /* the last cluster that a column was seen in, plus one */
  g_autofree guint *seen = g_new0 (guint, n_columns);

  for (guint i = 0; i < self->n_clusters; i++) {
    if (i > 0 && self->ids[i] == self->ids[i - 1]) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
          "two clusters have the id %" G_GINT64_FORMAT, self->ids[i]);
      return FALSE;
    }
    if (self->first[i] == self->first[i + 1]) {
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
          "cluster %s is empty, expected at least one component",
          self->names[i]);
      return FALSE;
    }
    for (gsize j = self->first[i]; j < self->first[i + 1]; j++) {
      guint column = self->members[j];

      if (column >= n_columns) {
        g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
            "cluster %s: there is no column %u, expected below %u",
            self->names[i], column, n_columns);
        return FALSE;
      }
      if (seen[column] == i + 1) {
        g_autofree gchar *label = gst_act_info_dup_label (self->info, column);

        g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
            "cluster %s: component '%s' comes twice", self->names[i], label);
        return FALSE;
      }
      seen[column] = i + 1;
    }
  }
  return TRUE;
}

typedef struct {
  gint64 id;
  guint n_members;
  const guint *members;
} Cluster;

static gint
compare_clusters (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const Cluster *) a)->id, right = ((const Cluster *) b)->id;

  return left < right ? -1 : left > right;
}

static GstActAssignment *
assignment_alloc (const GstActInfo *info, const gchar *run, gint iteration,
    guint n_clusters, gsize n_members)
{
  GstActAssignment *self = g_new0 (GstActAssignment, 1);

  self->ref_count = 1;
  self->info = gst_act_info_ref ((GstActInfo *) info);
  self->run = g_strdup (run);
  self->iteration = iteration;
  self->n_clusters = n_clusters;
  self->ids = g_new0 (gint64, n_clusters);
  self->names = g_new0 (gchar *, (gsize) n_clusters + 1);
  self->first = g_new0 (gsize, (gsize) n_clusters + 1);
  self->members = g_new0 (guint, n_members);
  return self;
}

/**
 * gst_act_assignment_new:
 * @info: what the component caps say
 * @run: name of the clustering run; any text
 * @iteration: number that goes into the clusters' names
 * @n_clusters: number of clusters, at least 1
 * @ids: (array length=n_clusters): their ids
 * @n_members: (array length=n_clusters): how many members each has
 * @members: (array): all members' columns, one cluster's after another's
 * @error: return location for an error
 *
 * Makes an assignment of clusters that are known in memory. A component may
 * be in several clusters, but not twice in the same.
 *
 * Returns: (transfer full): the assignment, its clusters sorted by id
 */
GstActAssignment *
gst_act_assignment_new (const GstActInfo *info, const gchar *run,
    gint iteration, guint n_clusters, const gint64 *ids, const guint *n_members,
    const guint *members, GError **error)
{
  g_autoptr (GstActAssignment) self = NULL;
  g_autofree Cluster *sorted = NULL;
  gsize total = 0;

  g_return_val_if_fail (info != NULL && run != NULL, NULL);

  if (n_clusters == 0 || n_clusters > G_MAXINT32) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "%u clusters, expected 1 to %d", n_clusters, G_MAXINT32);
    return NULL;
  }
  sorted = g_new (Cluster, n_clusters);
  for (guint i = 0; i < n_clusters; i++) {
    sorted[i] = (Cluster){ ids[i], n_members[i], members + total };
    total += n_members[i];
  }
  qsort (sorted, n_clusters, sizeof (Cluster), compare_clusters);
  self = assignment_alloc (info, run, iteration, n_clusters, total);
  for (guint i = 0; i < n_clusters; i++) {
    self->ids[i] = sorted[i].id;
    self->names[i] = g_strdup_printf (
        "%s-%d-%" G_GINT64_FORMAT, run, iteration, sorted[i].id);
    self->first[i + 1] = self->first[i] + sorted[i].n_members;
    if (sorted[i].n_members > 0)
      memcpy (self->members + self->first[i], sorted[i].members,
          sorted[i].n_members * sizeof (guint));
  }
  if (!check (self, error))
    return NULL;
  self->fingerprint = compute_fingerprint (self);
  return g_steal_pointer (&self);
}

/* each component a cluster, its column the id */
static GstActAssignment *
new_singletons (
    const GstActInfo *info, const gchar *run, gint iteration, GError **error)
{
  guint n = info->n_components;
  g_autofree gint64 *ids = g_new (gint64, n);
  g_autofree guint *n_members = g_new (guint, n);
  g_autofree guint *members = g_new (guint, n);

  for (guint i = 0; i < n; i++) {
    ids[i] = members[i] = i;
    n_members[i] = 1;
  }
  return gst_act_assignment_new (
      info, run, iteration, n, ids, n_members, members, error);
}

GstActAssignment *
gst_act_assignment_new_from_cluster_file (const GstActInfo *info,
    const gchar *run, const ActClusterFile *file, const gchar *filename,
    GError **error)
{
  g_autofree guint *members = g_new (guint, file->labels->len);
  GstActAssignment *self;
  gsize first = 0;

  if (file->singletons)
    return new_singletons (info, run, file->iteration, error);
  for (guint i = 0; i < file->n_clusters; i++) {
    for (gsize j = first; j < first + file->n_members[i]; j++) {
      gint column =
          gst_act_info_find_label (info, file->labels->pdata[j], error);

      if (column < 0) {
        g_prefix_error (error, "'%s': cluster %" G_GINT64_FORMAT ": ", filename,
            file->ids[i]);
        return NULL;
      }
      members[j] = (guint) column;
    }
    first += file->n_members[i];
  }
  self = gst_act_assignment_new (info, run, file->iteration, file->n_clusters,
      file->ids, file->n_members, members, error);
  if (self == NULL)
    g_prefix_error (error, "'%s': ", filename);
  return self;
}

/**
 * gst_act_assignment_new_from_file:
 * @info: what the component caps say
 * @run: name of the clustering run; any text
 * @iteration: of a merge history, the row, from the end where it is negative;
 *   of a clusters.json just the number that goes into the names (-1: 0)
 * @filename: (type filename): a clusters.json, the zip of a merge history, a
 *   cluster map, an ensemble of one run, or "singletons"
 * @error: return location for an error
 *
 * Reads the clusters of a file. Each label in it must be a component of @info.
 *
 * Returns: (transfer full): the assignment
 */
GstActAssignment *
gst_act_assignment_new_from_file (const GstActInfo *info, const gchar *run,
    gint iteration, const gchar *filename, GError **error)
{
  g_autoptr (ActClusterFile) file = NULL;

  g_return_val_if_fail (info != NULL && run != NULL && filename != NULL, NULL);

  file = act_cluster_file_read (filename, iteration, -1, error);
  if (file == NULL)
    return NULL;
  return gst_act_assignment_new_from_cluster_file (
      info, run, file, filename, error);
}

/**
 * gst_act_assignment_ref:
 * @assignment: an assignment
 *
 * Returns: (transfer full): @assignment
 */
GstActAssignment *
gst_act_assignment_ref (GstActAssignment *assignment)
{
  g_atomic_int_inc (&assignment->ref_count);
  return assignment;
}

/**
 * gst_act_assignment_unref:
 * @assignment: (transfer full): an assignment
 *
 * Gives up a reference.
 */
void
gst_act_assignment_unref (GstActAssignment *assignment)
{
  if (!g_atomic_int_dec_and_test (&assignment->ref_count))
    return;
  gst_act_info_unref (assignment->info);
  g_free (assignment->run);
  g_free (assignment->ids);
  g_strfreev (assignment->names);
  g_free (assignment->first);
  g_free (assignment->members);
  g_free (assignment->fingerprint);
  g_free (assignment);
}

/**
 * gst_act_assignment_get_n_clusters:
 * @assignment: an assignment
 *
 * Returns: the number of clusters
 */
guint
gst_act_assignment_get_n_clusters (const GstActAssignment *assignment)
{
  return assignment->n_clusters;
}

/**
 * gst_act_assignment_get_id:
 * @assignment: an assignment
 * @cluster: index of a cluster
 *
 * Returns: the id of @cluster; ids ascend with the index
 */
gint64
gst_act_assignment_get_id (const GstActAssignment *assignment, guint cluster)
{
  g_return_val_if_fail (cluster < assignment->n_clusters, 0);

  return assignment->ids[cluster];
}

/**
 * gst_act_assignment_get_name:
 * @assignment: an assignment
 * @cluster: index of a cluster
 *
 * Returns: (transfer none): the name of @cluster, `run-iteration-id`
 */
const gchar *
gst_act_assignment_get_name (const GstActAssignment *assignment, guint cluster)
{
  g_return_val_if_fail (cluster < assignment->n_clusters, NULL);

  return assignment->names[cluster];
}

/**
 * gst_act_assignment_get_members:
 * @assignment: an assignment
 * @cluster: index of a cluster
 * @n_members: (out): how many there are
 *
 * Returns: (array length=n_members) (transfer none): the columns of the
 *   members of @cluster, in the order of the file
 */
const guint *
gst_act_assignment_get_members (
    const GstActAssignment *assignment, guint cluster, guint *n_members)
{
  *n_members = 0;
  g_return_val_if_fail (cluster < assignment->n_clusters, NULL);

  *n_members =
      (guint) (assignment->first[cluster + 1] - assignment->first[cluster]);
  return assignment->members + assignment->first[cluster];
}

/**
 * gst_act_assignment_get_run:
 * @assignment: an assignment
 *
 * Returns: (transfer none): name of the clustering run
 */
const gchar *
gst_act_assignment_get_run (const GstActAssignment *assignment)
{
  return assignment->run;
}

/**
 * gst_act_assignment_get_iteration:
 * @assignment: an assignment
 *
 * Returns: the iteration that is in the clusters' names
 */
gint
gst_act_assignment_get_iteration (const GstActAssignment *assignment)
{
  return assignment->iteration;
}

/**
 * gst_act_assignment_get_fingerprint:
 * @assignment: an assignment
 *
 * Returns: (transfer none): SHA-256 (hexadecimal) of the ids and the members'
 *   labels; equal where the same components are in the same clusters in the
 *   same order
 */
const gchar *
gst_act_assignment_get_fingerprint (const GstActAssignment *assignment)
{
  return assignment->fingerprint;
}

/**
 * gst_act_assignment_get_partition: (skip)
 * @assignment: an assignment
 * @cluster_of: (out caller-allocates): [number of components], filled with
 *   the cluster of each column, -1 where it is in none
 * @error: return location for an error
 *
 * The assignment the other way round, if there is one: no component may be in
 * two clusters.
 *
 * Returns: %FALSE, with an error that names component and clusters, if one is
 */
gboolean
gst_act_assignment_get_partition (
    const GstActAssignment *assignment, gint32 *cluster_of, GError **error)
{
  for (guint i = 0; i < assignment->info->n_components; i++)
    cluster_of[i] = -1;
  for (guint i = 0; i < assignment->n_clusters; i++) {
    for (gsize j = assignment->first[i]; j < assignment->first[i + 1]; j++) {
      guint column = assignment->members[j];
      g_autofree gchar *label = NULL;

      if (cluster_of[column] < 0) {
        cluster_of[column] = (gint32) i;
        continue;
      }
      label = gst_act_info_dup_label (assignment->info, column);
      g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
          "component '%s' is in two clusters, %s and %s; expected one at most",
          label, assignment->names[cluster_of[column]], assignment->names[i]);
      return FALSE;
    }
  }
  return TRUE;
}
