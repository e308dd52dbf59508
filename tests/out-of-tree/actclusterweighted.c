/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-actclusterweighted
 * @short_description: clusters that share components
 *
 * A component may be in several clusters here; each gets an equal share of its
 * activation. The activation of a cluster is the sum of its members' shares.
 *
 * A clustering element needs little more than a function from a batch's
 * components to its clusters: everything else is GstActClusterBase.
 */

#include <gst/activations/activations.h>
#include <gst/gst.h>

#define TYPE_ACT_CLUSTER_WEIGHTED (act_cluster_weighted_get_type ())
G_DECLARE_FINAL_TYPE (ActClusterWeighted, act_cluster_weighted, ACT,
    CLUSTER_WEIGHTED, GstActClusterBase)

struct _ActClusterWeighted {
  GstActClusterBase parent_instance;

  /* by column: the clusters it is in, from first[column] to first[column + 1],
   * ascending */
  guint n_clusters;
  guint *first;
  gint32 *clusters;

  gfloat *sums;    /* [n_clusters] */
  gint32 *indices; /* [n_clusters] 0, 1, 2, ... */
};

G_DEFINE_FINAL_TYPE (
    ActClusterWeighted, act_cluster_weighted, GST_TYPE_ACT_CLUSTER_BASE)
GST_ELEMENT_REGISTER_DEFINE (actclusterweighted, "actclusterweighted",
    GST_RANK_NONE, TYPE_ACT_CLUSTER_WEIGHTED)

static void
clear (ActClusterWeighted *self)
{
  g_clear_pointer (&self->first, g_free);
  g_clear_pointer (&self->clusters, g_free);
  g_clear_pointer (&self->sums, g_free);
  g_clear_pointer (&self->indices, g_free);
}

/* The assignment the other way round: by component. */
static void
turn_round (
    ActClusterWeighted *self, GstActAssignment *assignment, guint n_components)
{
  g_autofree guint *next = g_new0 (guint, n_components + 1);
  guint n_members, total = 0;

  clear (self);
  self->n_clusters = gst_act_assignment_get_n_clusters (assignment);
  self->first = g_new0 (guint, n_components + 1);
  for (guint c = 0; c < self->n_clusters; c++) {
    const guint *members =
        gst_act_assignment_get_members (assignment, c, &n_members);

    for (guint i = 0; i < n_members; i++)
      self->first[members[i] + 1]++;
    total += n_members;
  }
  for (guint i = 0; i < n_components; i++)
    next[i + 1] = self->first[i + 1] += self->first[i];
  self->clusters = g_new (gint32, total);
  for (guint c = 0; c < self->n_clusters; c++) {
    const guint *members =
        gst_act_assignment_get_members (assignment, c, &n_members);

    for (guint i = 0; i < n_members; i++)
      self->clusters[next[members[i]]++] = (gint32) c;
  }
  self->sums = g_new (gfloat, self->n_clusters);
  self->indices = g_new (gint32, self->n_clusters);
  for (guint c = 0; c < self->n_clusters; c++)
    self->indices[c] = (gint32) c;
}

static GstActAssignment *
act_cluster_weighted_assign (
    GstActClusterBase *base, GstActInfo *info, GError **error)
{
  GstActAssignment *assignment =
      GST_ACT_CLUSTER_BASE_CLASS (act_cluster_weighted_parent_class)
          ->assign (base, info, error);

  if (assignment != NULL)
    turn_round (ACT_CLUSTER_WEIGHTED (base), assignment, info->n_components);
  return assignment;
}

static gboolean
act_cluster_weighted_reduce (GstActClusterBase *base,
    GstActComponents *components, GstActClusters *clusters, GError **error)
{
  ActClusterWeighted *self = ACT_CLUSTER_WEIGHTED (base);
  gsize n_positions = gst_act_components_get_n_positions (components);

  for (gsize position = 0; position < n_positions; position++) {
    const gint32 *columns;
    const gfloat *values;
    gsize n;

    for (guint c = 0; c < self->n_clusters; c++)
      self->sums[c] = 0.0f;
    gst_act_components_get_row (components, position, &n, &columns, &values);
    for (gsize i = 0; i < n; i++) {
      guint from = self->first[columns[i]];
      guint to = self->first[columns[i] + 1];

      for (guint j = from; j < to; j++)
        self->sums[self->clusters[j]] += values[i] / (gfloat) (to - from);
    }
    /* zeros may be given: they are not stored */
    if (!gst_act_clusters_append_row (
            clusters, self->n_clusters, self->indices, self->sums, error))
      return FALSE;
  }
  return TRUE;
}

static void
act_cluster_weighted_finalize (GObject *object)
{
  clear (ACT_CLUSTER_WEIGHTED (object));
  G_OBJECT_CLASS (act_cluster_weighted_parent_class)->finalize (object);
}

static void
act_cluster_weighted_class_init (ActClusterWeightedClass *klass)
{
  GstActClusterBaseClass *base_class = GST_ACT_CLUSTER_BASE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = act_cluster_weighted_finalize;
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Cluster activations, shared", "Filter/Activations",
      "Sum of the members of each cluster, where a component in several "
      "clusters gives each an equal share",
      "somebody else");
  base_class->reduction = "weighted";
  base_class->assign = act_cluster_weighted_assign;
  base_class->reduce = act_cluster_weighted_reduce;
}

static void
act_cluster_weighted_init (ActClusterWeighted *self)
{
}

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (actclusterweighted, plugin);
}

#define PACKAGE "act-cluster-weighted"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, actweighted,
    "Clusters that share components", plugin_init, "1.0", "LGPL", PACKAGE,
    "https://example.org")
